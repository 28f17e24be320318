"""
Links between operations: where a value of one's answer is a parameter of another's path.

Read from `links` of the document's responses, from `x-undone-by` and `x-creates`, and inferred for collections.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flowproof.conformance import Contract
from flowproof.conformance.effects import read_effects
from flowproof.conformance.operations import Operation
from flowproof.openapi.resources import infer_roles
from flowproof.openapi.schema_reader import SchemaReader

__all__ = ["Link", "find_links"]

BODY = "$response.body#"


@dataclass(frozen=True, slots=True)
class Link:
    """
    A value that leads from one operation to another.

    Args:
        source: `operationId` whose answer has the value.
        target: `operationId` that uses it.
        parameter: Of the target's path.
        pointer: JSON pointer into the source's answer.
        segment: Where the parameter stands in the target's path, split at its slashes.
    """

    source: str
    target: str
    parameter: str
    pointer: str
    segment: int = 0


def find_links(contract: Contract) -> tuple[Link, ...]:
    """The links of a contract, each once."""
    known = {each.id: each for each in contract.operations.all}
    found = dict.fromkeys((*_documented(contract.document), *_of_effects(contract), *_of_collections(contract)))
    return tuple(_placed(each, known) for each in found if f"{{{each.parameter}}}" in _segments(each, known))


def _placed(link: Link, known: Mapping[str, Operation]) -> Link:
    return replace(link, segment=_segments(link, known).index(f"{{{link.parameter}}}"))


def _segments(link: Link, known: Mapping[str, Operation]) -> list[str]:
    return known[link.target].path.split("/") if link.target in known else []


def _documented(document: Mapping[str, Any]) -> Iterator[Link]:
    described = (each for item in document["paths"].values() for each in item.values() if isinstance(each, dict))
    for operation in described:
        for response in operation.get("responses", {}).values():
            for link in response.get("links", {}).values():
                for name, expression in link.get("parameters", {}).items():
                    if "operationId" in link and str(expression).startswith(f"{BODY}/"):
                        parameter, pointer = name.removeprefix("path."), expression.removeprefix(BODY)
                        yield Link(operation["operationId"], link["operationId"], parameter, pointer)


def _of_effects(contract: Contract) -> Iterator[Link]:
    """What undoes a creation, and whatever stands below the path of the creation."""
    known = {each.id: each for each in contract.operations.all}
    for name, effect in read_effects(contract.document).items():
        undone_by = effect.undone_by
        for parameter, expression in undone_by.parameters.items() if undone_by else ():
            if undone_by and expression.startswith(f"{BODY}/"):
                yield Link(name, undone_by.operation, parameter, expression.removeprefix(BODY))
        if effect.creates and effect.creates.startswith(f"{BODY}/"):
            below = f"{known[name].path}/{{"
            for other in contract.operations.all:
                if other.path.startswith(below) and len(other.names) == 1 + len(known[name].names):
                    yield Link(name, other.id, other.names[-1], effect.creates.removeprefix(BODY))


def _of_collections(contract: Contract) -> Iterator[Link]:
    roles = infer_roles(contract.operations, SchemaReader(contract.document))
    for name, role in roles.items():
        if role.verb != "create":
            continue
        pointer = f"/{role.wrapper}/{role.collection.key}" if role.wrapper else f"/{role.collection.key}"
        for other in contract.operations.all:
            if other.path.startswith(role.collection.item_path) and role.collection.parameter in other.names:
                yield Link(name, other.id, role.collection.parameter, pointer)
