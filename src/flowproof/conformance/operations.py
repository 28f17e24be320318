"""The operations of a contract, and the search for the operation of a request."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from flowproof.json_pointer import escape, pointer_steps
from flowproof.json_types import named_type

__all__ = ["Match", "Operation", "Operations", "Parameter"]

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
UNRESERVED = re.compile(r"%(?:2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")
LONGEST_COMPARED = 200
MOST_REFERENCES = 32  # of one reference to the next
FORM = "application/x-www-form-urlencoded"
TEMPLATED = re.compile(r"\{([^{}/]+)\}")
SEPARATORS: Mapping[str, str] = MappingProxyType({"spaceDelimited": " ", "pipeDelimited": "|"})

SLIPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("a double slash", lambda path: re.sub("//+", "/", path)),
    ("a slash at its end", lambda path: path.rstrip("/") or "/"),
    ("capital letters", str.lower),
)
"""What is wrong with many a path, and the path without it."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """
    A parameter of the path or the query.

    ``schema`` is the JSON pointer of its schema in the OpenAPI document, ``requirement`` the id that this carries.
    ``separator`` is what stands between the items of a list in one text; None where each has the name to itself.
    """

    name: str
    place: str
    required: bool
    type: str
    schema: str
    requirement: str | None = None
    item_type: str = "string"
    separator: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """
    One method and path of a provider.

    Args:
        id: The ``operationId``.
        method: Upper case.
        path: Template such as ``/api/order/{orderId}``.
        parameters: Of path and query.
        bodies: JSON pointer of the schema for each media type that a request may have.
        json_body: The media type of a JSON body: ``application/json`` or one that ends in ``+json``; or None.
        body_required: Whether a request must have a body.
        responses: For each documented status, the JSON pointer of the schema for each media type; an empty text for a
            media type without a schema, such as that of a page.
        deferred: The provider answers before it validates the body (``x-validation: deferred``).
        by_rules: The mock's rules validate the body, so that one response can have all errors
            (``x-validation: rules``); an accepted request must be valid by its schema too.
        form_types: Types of a form's members that are no texts, by name.
        pattern: Of a path, with a group for each parameter of the template.
        names: Of those parameters, in order.
    """

    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    bodies: Mapping[str, str]
    json_body: str | None
    body_required: bool
    responses: Mapping[str, Mapping[str, str]]
    deferred: bool
    by_rules: bool
    pattern: re.Pattern[str] = field(repr=False, compare=False)
    names: tuple[str, ...] = field(default=(), repr=False, compare=False)
    form_types: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def reads_as_form(self, media_type: str) -> bool:
        """Whether a request body of that media type is read as a form."""
        return FORM in self.bodies and (self.json_body is None or media_type == FORM)

    def reads_as_value(self, media_type: str) -> bool:
        """Whether a request body of that media type is read at all: another documented one is taken as bytes."""
        is_other = media_type in self.bodies and media_type != FORM and not media_type.endswith(("/json", "+json"))
        return not is_other and (FORM in self.bodies or self.json_body is not None)

    def described(self, status: int) -> Mapping[str, str] | None:
        """As ``responses``, for a status: by its number, its class such as ``5XX``, or the default."""
        found = self.responses.get(str(status))
        if found is None:
            found = self.responses.get(f"{status // 100}XX", self.responses.get("default"))
        return found


@dataclass(frozen=True, slots=True)
class Match:
    """An operation with the decoded parameters of the path."""

    operation: Operation
    path_parameters: Mapping[str, str]


class Operations:
    """All operations of a contract."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.all = tuple(operations)
        self._literal = {(each.method, each.path): Match(each, {}) for each in self.all if "{" not in each.path}
        self._templates: dict[tuple[str, int], list[Operation]] = {}
        for each in sorted((each for each in self.all if "{" in each.path), key=_generality):
            self._templates.setdefault((each.method, each.path.count("/")), []).append(each)

    def find(self, method: str, path: str) -> Match | None:
        """The operation of a method and a percent-encoded path; HEAD is found as GET."""
        method = "GET" if method == "HEAD" else method
        if "%" in path:
            path = UNRESERVED.sub(lambda found: unquote(found[0]), path)
        literal = self._literal.get((method, path))
        if literal is not None:
            return literal
        for operation in self._templates.get((method, path.count("/")), ()):
            found = operation.pattern.fullmatch(path)
            if found:
                return Match(operation, dict(zip(operation.names, map(unquote, found.groups()), strict=True)))
        return None

    def methods(self, path: str) -> tuple[str, ...]:
        """The methods that a path has; none where the contract does not have the path."""
        return tuple(each.upper() for each in METHODS if self.find(each.upper(), path) is not None)

    def by_id(self, operation_id: str) -> Operation | None:
        return next((each for each in self.all if each.id == operation_id), None)

    def near_miss(self, method: str, path: str) -> tuple[str, Operation] | None:
        """A slip in a path, in words, and the operation of the path without it; None where no slip explains it."""
        corrected = path
        slips = []
        for slip, correct in SLIPS:
            if (without := correct(corrected)) != corrected:
                slips.append(slip)
                corrected = without
                if match := self.find(method, corrected):
                    return " and ".join(slips), match.operation
        return None

    def nearest(self, method: str, path: str) -> Operation | None:
        """The operation with the most similar method and path, for an explanation."""
        from difflib import SequenceMatcher  # noqa: PLC0415 (only where an explanation is written)

        requested = f"{method} {path[:LONGEST_COMPARED]}"
        scored = [(SequenceMatcher(None, requested, f"{each.method} {each.path}").ratio(), each) for each in self.all]
        return max(scored, key=lambda pair: pair[0])[1] if scored else None


def _generality(operation: Operation) -> list[bool]:
    """Sorts paths with a literal segment before those with a parameter in its place, as OpenAPI asks for."""
    return ["{" in segment for segment in operation.path.split("/")]


def read_operations(document: Mapping[str, Any]) -> Operations:
    """Read the operations of an OpenAPI document."""
    return Operations(
        _operation(document, path, item, method, f"/paths/{escape(path)}")
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    )


def _operation(document: Mapping[str, Any], path: str, item: Mapping[str, Any], method: str, pointer: str) -> Operation:
    described = item[method]
    here = f"{pointer}/{method}"
    parameters = [
        *_parameters(document, item.get("parameters", []), f"{pointer}/parameters"),
        *_parameters(document, described.get("parameters", []), f"{here}/parameters"),
    ]
    body, body_pointer = _referred(document, described.get("requestBody", {}), f"{here}/requestBody")
    content = body.get("content", {})
    # An empty schema judges nothing: with one stands the media type of a request that has no body.
    bodies = {name: at for name, at in _schemas(body, body_pointer).items() if content[name].get("schema") != {}}
    form = content.get(FORM, {}).get("schema", {}) if FORM in bodies else {}
    return Operation(
        id=described["operationId"],
        method=method.upper(),
        path=path,
        parameters=tuple(parameters),
        bodies=bodies,
        json_body=next((each for each in bodies if each == "application/json" or each.endswith("+json")), None),
        body_required=bool(body.get("required", False)),
        responses={
            str(status): _schemas(*_referred(document, response, f"{here}/responses/{status}"))
            for status, response in described["responses"].items()
        },
        deferred=described.get("x-validation") == "deferred",
        by_rules=described.get("x-validation") == "rules",
        pattern=re.compile("([^/]+)".join(map(re.escape, TEMPLATED.split(path)[::2]))),
        names=tuple(TEMPLATED.findall(path)),
        form_types=_form_types(document, form),
    )


def _form_types(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, str]:
    """The types of a form's members, where they are no texts. Composed schemas are not looked into."""
    described, _ = _referred(document, schema, "")
    types = {name: _type_of(document, each) for name, each in described.get("properties", {}).items()}
    return {name: each for name, each in types.items() if each != "string"}


def _type_of(document: Mapping[str, Any], schema: Any) -> str:
    """The type of a schema, its first but null where it has several; a text where it names none."""
    described = _referred(document, schema, "")[0] if isinstance(schema, Mapping) else {}
    return named_type(described) or "string"


def _referred(document: Mapping[str, Any], node: Mapping[str, Any], pointer: str) -> tuple[Mapping[str, Any], str]:
    """The node and its JSON pointer, after its reference is followed."""
    for _ in range(MOST_REFERENCES):
        target = node.get("$ref")
        if not isinstance(target, str) or not target.startswith("#"):
            break  # (a schema file is read when it is needed)
        pointer = target.removeprefix("#")
        found: Any = document
        for step in pointer_steps(unquote(pointer)):
            found = found[step]
        node = found
    return node, pointer


def _parameters(
    document: Mapping[str, Any], described: Iterable[Mapping[str, Any]], pointer: str
) -> Iterable[Parameter]:
    for index, each in enumerate(described):
        node, place = _referred(document, each, f"{pointer}/{index}")
        if node.get("in") in ("path", "query"):
            schema = node.get("schema", {})
            schema_type = _type_of(document, schema)
            required = bool(node.get("required"))
            items = _type_of(document, schema.get("items", {})) if schema_type == "array" else "string"
            requirement, separator = schema.get("x-requirement"), _separator(node)
            yield Parameter(
                *(node["name"], node["in"], required, schema_type, f"{place}/schema", requirement, items, separator)
            )


def _separator(parameter: Mapping[str, Any]) -> str | None:
    """What stands between the items of a list, by the parameter's `style` and `explode`."""
    style = parameter.get("style", "form" if parameter["in"] == "query" else "simple")
    if style == "form" and parameter.get("explode", True):
        return None
    return SEPARATORS.get(style, ",")


def _schemas(described: Mapping[str, Any], pointer: str) -> Mapping[str, str]:
    content = described.get("content", {})
    return {
        media_type: f"{pointer}/content/{escape(media_type)}/schema" if "schema" in each else ""
        for media_type, each in content.items()
    }
