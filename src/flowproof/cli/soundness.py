"""What is wrong with a contract's own files. Checks data only; knows no provider, and no case."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from flowproof.conformance import Contract
from flowproof.conformance.effects import is_expression, read_effects
from flowproof.json_pointer import escape, pointer_steps

__all__ = ["unsound"]

# Behind these an OpenAPI document or a schema holds data, not description.
DATA = frozenset({"example", "examples", "default", "const", "enum"})


def unsound(contract: Contract) -> Iterator[str]:
    """Every finding as a sentence that begins with its file and JSON pointer."""
    resources = {uri: DRAFT202012.create_resource(contents) for uri, contents in contract.schemas.resources.items()}
    registry: Registry[Any] = Registry().with_resources(resources.items())
    broken = False
    for uri, resource in resources.items():
        name = uri.partition(f"/{contract.slug}/")[2]
        for finding in _unsound_resource(contract, uri, resource, registry):
            broken = True
            yield f"{name}{finding}"
    yield from _operations(contract)
    yield from _effects(contract)
    if not broken:  # an example cannot be judged by a schema that is no schema
        yield from (f"openapi.yaml{each}" for each in _examples(contract))


def _unsound_resource(contract: Contract, uri: str, resource: Resource[Any], registry: Registry[Any]) -> Iterator[str]:
    resolver = registry.resolver(base_uri=uri)
    for pointer, node in _nodes(resource.contents, ""):
        if _is_schema(pointer) if uri.endswith("/openapi.yaml") else pointer == "":
            yield from _schema(pointer, node)
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            try:
                resolver.lookup(node["$ref"])
            except Unresolvable:
                yield f"#{pointer}: $ref {node['$ref']} leads nowhere"
        yield from _unknown_requirements(contract, pointer, node)


def _unknown_requirements(contract: Contract, pointer: str, node: Any) -> Iterator[str]:
    """What a schema cites that is not stated: for all of it, and for single keywords of it."""
    if not isinstance(node, dict):
        return
    if "x-requirement" in node and node["x-requirement"] not in contract.requirements:
        yield f"#{pointer}: x-requirement {node['x-requirement']} is not in requirements.toml"
    for keyword, cited in node.get("x-requirement-of", {}).items():
        if cited not in contract.requirements:
            yield f"#{pointer}/x-requirement-of/{keyword}: {cited} is not in requirements.toml"
        if keyword not in node:
            yield f"#{pointer}/x-requirement-of/{keyword}: the schema has no {keyword}"


def _schema(pointer: str, schema: Any) -> Iterator[str]:
    errors: Iterator[ValidationError] = Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema)
    for error in errors:
        place = pointer + "".join(f"/{escape(str(step))}" for step in error.absolute_path)
        yield f"#{place}: not valid by the 2020-12 metaschema: {error.message}"


def _is_schema(pointer: str) -> bool:
    """Whether a place of an OpenAPI document is the root of a schema."""
    steps = pointer.split("/")
    return steps[-1] == "schema" or (len(steps) == 4 and steps[1:3] == ["components", "schemas"])


def _operations(contract: Contract) -> Iterator[str]:
    known = {each.id for each in contract.operations.all}
    for each in contract.requirements.values():
        for operation in each.operations:
            if operation not in known:
                yield f"requirements.toml: {each.id} names the operation {operation}, which openapi.yaml has not"


def _effects(contract: Contract) -> Iterator[str]:
    for name, effect in read_effects(contract.document).items():
        for each in effect.expressions():
            if not is_expression(each):
                yield f"openapi.yaml: {name} has {each!r}, which is no runtime expression of OpenAPI"
        prices = effect.spends.prices if effect.spends is not None else None
        if prices is not None and contract.operations.by_id(prices.operation) is None:
            yield f"openapi.yaml: the prices of {name} are those of {prices.operation or 'nothing'}, which is not there"
        if effect.undone_by is None:
            continue
        undoing = contract.operations.by_id(effect.undone_by.operation)
        if undoing is None or effect.creates is None:
            yield f"openapi.yaml: {name} is undone by {effect.undone_by.operation}, but that or x-creates is missing"
            continue
        for parameter in set(effect.undone_by.parameters) - {each.name for each in undoing.parameters}:
            yield f"openapi.yaml: {name} is undone by {undoing.id}, which has no parameter {parameter}"


def _examples(contract: Contract) -> Iterator[str]:
    for pointer, node in _nodes(contract.document, ""):
        if not isinstance(node, dict) or "schema" not in node:
            continue
        for place, value in _examples_of(contract, pointer, node):
            uri = contract.schemas.uri_of_pointer(f"{pointer}/schema")
            for finding in contract.schemas.findings(uri, value, "example"):
                yield f"#{place}: {finding}"


def _examples_of(contract: Contract, pointer: str, node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The examples of a media type, a parameter or a header, each with its place."""
    if "example" in node:
        yield f"{pointer}/example", node["example"]
    for name, each in node.get("examples", {}).items():
        example = _at(contract.document, each["$ref"]) if "$ref" in each else each
        if "value" in example:
            yield f"{pointer}/examples/{escape(name)}", example["value"]


def _at(document: Mapping[str, Any], reference: str) -> Any:
    found: Any = document
    for step in pointer_steps(reference.removeprefix("#")):
        found = found[step]
    return found


def _nodes(node: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    """Every part of a document that describes, with its JSON pointer."""
    yield pointer, node
    if isinstance(node, dict):
        names = pointer.endswith(("/properties", "/$defs", "/patternProperties"))
        for key, value in node.items():
            if names or key not in DATA:
                yield from _nodes(value, f"{pointer}/{escape(str(key))}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _nodes(value, f"{pointer}/{index}")
