"""Explains why a JSON value is invalid: a finding for every failing keyword, with its requirement."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, cast
from urllib.parse import quote

import jsonschema_rs
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing._core import Resolver
from referencing.jsonschema import DRAFT202012

from .finding import MOST_FINDINGS, NOTHING, Finding
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

    It takes a hundred times as long as validation. So it looks only into those items and members of a long array or
    object that the validator refuses.

    Args:
        resources: Schema documents by URI.
        accepts: Whether a value is valid by the schema of a URI.
    """

    def __init__(self, resources: Mapping[str, Any], accepts: Callable[[str, Any], bool]) -> None:
        self._accepts = accepts
        self._uris = {id(node): uri for root, document in resources.items() for node, uri in _nodes(document, root)}
        keywords = {"items": self._items, "additionalProperties": self._further_members}
        self._validator = extend(Validator, keywords)  # type: ignore[no-untyped-call]  # (the stubs leave it so)
        made = ((each, DRAFT202012.create_resource(_without_dialect(document))) for each, document in resources.items())
        self._registry: Registry[Any] = Registry().with_resources(made).crawl()
        self._checker = FormatChecker(formats=())
        for name, fits in FORMATS.items():
            self._checker.checks(name)(lambda text, fits=fits: not isinstance(text, str) or fits(text))

    def explain(self, uri: str, value: Any, where: str) -> tuple[Finding, ...]:
        """
        Find the errors of a value, the first hundred, in the order of their places.

        Args:
            uri: Of the schema.
            value: Any JSON value.
            where: The part of the exchange that has the value.
        """
        root = {"$ref": uri}
        validator = self._validator(root, registry=self._registry, format_checker=self._checker)
        first = islice(validator.iter_errors(value), MOST_FINDINGS)
        errors = sorted(first, key=lambda error: [str(step) for step in error.absolute_path])
        resolver = self._registry.resolver()
        return _without_contradictions([_finding(error, root, resolver, where) for error in errors])

    def _items(self, validator: Any, items: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if items is False or not isinstance(instance, list):
            yield from Draft202012Validator.VALIDATORS["items"](validator, items, instance, schema)
            return
        behind = len(schema.get("prefixItems", ()))
        for index, item in self._refused(items, islice(enumerate(instance), behind, None)):
            yield from validator.descend(item, items, path=index)

    def _further_members(self, validator: Any, rest: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if "patternProperties" in schema or not (isinstance(rest, dict) and isinstance(instance, dict)):
            yield from Draft202012Validator.VALIDATORS["additionalProperties"](validator, rest, instance, schema)
            return
        named = schema.get("properties", {})
        for name, value in self._refused(rest, (each for each in instance.items() if each[0] not in named)):
            yield from validator.descend(value, rest, path=name)

    def _refused(self, schema: Any, pairs: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        """Those pairs whose value the schema does not accept."""
        uri = self._uris.get(id(schema))
        return (pair for pair in pairs if uri is None or not self._accepts(uri, pair[1]))


def _without_dialect(document: Any) -> Any:
    """A schema document without ``$schema``, at which jsonschema would go on with a validator of its own."""
    return {name: value for name, value in document.items() if name != "$schema"}


def _nodes(node: Any, uri: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects of a schema document, each with its URI."""
    base = uri if "#" in uri else f"{uri}#"
    if isinstance(node, dict):
        yield node, base
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, value in below:
        if isinstance(value, dict | list):
            yield from _nodes(value, base + quote(pointer((str(name),)), safe="/~"))


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
    nodes = next(_routes(path, 0, root, resolver), ())
    return ((node, index > last_step) for index, node in nodes if isinstance(node, dict))


def _routes(path: Sequence[Any], at: int, node: Any, resolver: Resolver[Any]) -> Iterator[tuple[tuple[int, Any], ...]]:
    """
    The ways along a path, each as the schemas behind its words: a schema may have a word itself and beside a ``$ref``.
    """
    if at == len(path):
        yield ()
        return
    word = path[at]
    if (isinstance(node, dict) and word in node) or (isinstance(node, list) and isinstance(word, int)):
        yield from (((at, node[word]), *rest) for rest in _routes(path, at + 1, node[word], resolver))
    if isinstance(node, dict) and "$ref" in node:
        resolved = resolver.lookup(node["$ref"])
        behind = _routes(path, at, resolved.contents, resolved.resolver)
        yield from (((at, resolved.contents), *rest) for rest in behind)
