"""
How a dataclass declares the fields that a user may set: once, in its annotations.

    seconds: Annotated[float, Range(0, 3600), "How long."]
    how: Annotated[Literal["rst", "fin"], "By a reset, or by a mere close."] = "rst"

Validation, JSON Schema and documentation are made from that.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

__all__ = ["FieldSpec", "Range", "field_specs"]

JSON_TYPES = {float: "number", int: "integer", str: "string"}


class Range(NamedTuple):
    """The least and the greatest value of a number."""

    low: float
    high: float


class FieldSpec(NamedTuple):
    """
    One field as it is declared.

    Args:
        name: In JSON as in Python.
        type: ``number``, ``integer`` or ``string``.
        description: What it means; may be empty.
        range: Of a number.
        choices: Of a text; any text where empty.
        required: Whether it has no default.
        nullable: Whether it may be null.
        default: None where it is required.
    """

    name: str
    type: str
    description: str
    range: Range | None
    choices: tuple[str, ...]
    required: bool
    nullable: bool
    default: Any

    def read(self, value: Any) -> Any:
        """
        A value from JSON, whose 2.0 is a whole number.

        Raises:
            ValueError: It is of another type, out of range or none of the choices.
        """
        if value is None and self.nullable:
            return None
        if self.type == "string":
            if not isinstance(value, str) or (self.choices and value not in self.choices):
                allowed = f"one of {', '.join(self.choices)}" if self.choices else "a text"
                raise ValueError(f"{self.name} is {value!r}, but must be {allowed}")
            return value
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if self.type == "integer" and (not is_number or value % 1):
            raise ValueError(f"{self.name} is {value!r}, but must be a whole number")
        if not is_number or (self.range and not self.range.low <= value <= self.range.high):
            between = f" from {self.range.low} to {self.range.high}" if self.range else ""
            raise ValueError(f"{self.name} is {value!r}, but must be a number{between}")
        return int(value) if self.type == "integer" else value

    def schema(self) -> dict[str, Any]:
        """The field as a JSON Schema, without its description."""
        if self.choices:
            return {"enum": [*self.choices, *([None] if self.nullable else [])]}
        limits = {"minimum": self.range.low, "maximum": self.range.high} if self.range else {}
        return {"type": [self.type, "null"] if self.nullable else self.type, **limits}


def _field_specs(declaring: type) -> tuple[FieldSpec, ...]:
    hints = get_type_hints(declaring, include_extras=True)
    declared = (each for each in fields(declaring) if get_origin(hints[each.name]) is Annotated)
    return tuple(_field_spec(each, hints[each.name]) for each in declared)


def _field_spec(field: Field[Any], hint: Any) -> FieldSpec:
    plain, *declared = get_args(hint)
    alternatives = [each for each in get_args(plain) or (plain,) if each is not NoneType]
    choices = get_args(plain) if get_origin(plain) is Literal else ()
    return FieldSpec(
        name=field.name,
        type="string" if choices else JSON_TYPES[alternatives[0]],
        description=next((each for each in declared if isinstance(each, str)), ""),
        range=next((each for each in declared if isinstance(each, Range)), None),
        choices=choices,
        required=field.default is MISSING,
        nullable=NoneType in get_args(plain),
        default=None if field.default is MISSING else field.default,
    )


field_specs: Callable[[type], tuple[FieldSpec, ...]] = cache(_field_specs)
"""The fields that the annotations of a dataclass declare. Other fields are its own affair."""
