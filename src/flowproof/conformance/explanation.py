"""Explains why a JSON value is invalid: a finding for every failing keyword, with its requirement."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import jsonschema_rs
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing._core import Resolver
from referencing.jsonschema import DRAFT202012

from .finding import NOTHING, Finding
from .formats import FORMATS
from .places import pointer
from .wording import expected, shown

__all__ = ["Explainer", "Validator"]

# Keywords whose subschemas apply to another place of the value.
STEPS = frozenset({"properties", "items", "prefixItems", "additionalProperties", "patternProperties"})


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """Match with the library that validates: Python's ``$`` would accept a line break."""
    if not _matching(pattern)(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


@lru_cache(maxsize=1024)
def _matching(pattern: str) -> Callable[[Any], bool]:
    return jsonschema_rs.Draft202012Validator({"pattern": pattern}).is_valid


Validator = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]  # (the stubs leave it so)


class Explainer:
    """
    Explains errors by the schemas of one contract.

    Args:
        resources: Schema documents by URI.
    """

    def __init__(self, resources: Mapping[str, Any]) -> None:
        made = ((each, DRAFT202012.create_resource(contents)) for each, contents in resources.items())
        self._registry: Registry[Any] = Registry().with_resources(made).crawl()
        self._checker = FormatChecker(formats=())
        for name, accepts in FORMATS.items():
            self._checker.checks(name)(lambda text, accepts=accepts: not isinstance(text, str) or accepts(text))

    def explain(self, uri: str, value: Any, where: str) -> tuple[Finding, ...]:
        """
        Find all errors of a value, in the order of their places.

        Args:
            uri: Of the schema.
            value: Any JSON value.
            where: The part of the exchange that has the value.
        """
        root = {"$ref": uri}
        validator = Validator(root, registry=self._registry, format_checker=self._checker)
        errors = sorted(validator.iter_errors(value), key=lambda error: [str(step) for step in error.absolute_path])
        resolver = self._registry.resolver()
        return _without_contradictions([_finding(error, root, resolver, where) for error in errors])


def _finding(error: ValidationError, root: Any, resolver: Resolver[Any], where: str) -> Finding:
    missing = _missing(error)
    steps = [*error.absolute_path, *([missing] if missing else [])]
    return Finding(
        where=where,
        pointer=pointer(tuple(map(str, steps))),
        expected=expected(error),
        got="nothing" if missing else shown(error.instance),
        requirement=_requirement(list(error.absolute_schema_path), root, resolver, missing),
        keyword=str(error.validator),
    )


def _without_contradictions(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings without those on the form of a value that must not be there at all."""
    unwanted = {each.pointer for each in findings if each.expected == NOTHING}
    return tuple(
        each
        for each in findings
        if each.expected == NOTHING or not any(f"{each.pointer}/".startswith(f"{place}/") for place in unwanted)
    )


def _missing(error: ValidationError) -> str | None:
    if error.validator != "required":
        return None
    names = cast("Sequence[str]", error.validator_value)
    return next(name for name in names if error.message.startswith(f"{name!r} "))


def _requirement(path: Sequence[Any], root: Any, resolver: Resolver[Any], missing: str | None) -> str | None:
    """
    The id of a keyword itself (``x-requirement-of``), else the nearest at or above it.

    For a missing property it is the id of the property in the nearest schema.
    """
    nearest: str | None = None
    named: str | None = None
    of_keyword: Mapping[str, str] = {}
    for node, at_the_place in _along(path, root, resolver):
        nearest = node.get("x-requirement", nearest)
        of_keyword = node.get("x-requirement-of", {})
        of_property = node.get("properties", {}).get(missing) if missing and at_the_place else None
        if isinstance(of_property, dict):
            named = of_property.get("x-requirement", named)
    return named or of_keyword.get(str(path[-1]), nearest)


def _along(path: Sequence[Any], root: Any, resolver: Resolver[Any]) -> Iterator[tuple[dict[str, Any], bool]]:
    """
    The schemas on the path to a keyword, each with whether it applies to the place where the keyword failed.

    The path of an error does not have the ``$ref`` that it followed.
    """
    last_step = max((index for index, word in enumerate(path) if word in STEPS), default=-1)
    node: Any = root
    for index, word in enumerate(path):
        while isinstance(node, dict) and word not in node and "$ref" in node:
            resolved = resolver.lookup(node["$ref"])
            node, resolver = resolved.contents, resolved.resolver
            yield node, index > last_step
        node = node[word]
        if isinstance(node, dict):
            yield node, index > last_step
