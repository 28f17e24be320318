"""
Requirements of a document: one for each operation, documented status and constraint, with the pointer as its source.

The document is annotated with them, `x-requirement`, as every contract is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from flowproof.json_pointer import escape, unescape

from .normalize import operations_of
from .resources import Roles
from .structure import SCHEMA_LISTS, SCHEMA_MAPS, SCHEMA_ONES, Node, resolve

__all__ = ["DrawnRequirement", "annotate", "snake_case"]

KEYWORDS: Mapping[str, str] = MappingProxyType(
    {
        "enum": "is one of {}",
        "const": "is {}",
        "pattern": "matches {}",
        "format": "is a {}",
        "minLength": "has at least {} characters",
        "maxLength": "has at most {} characters",
        "minimum": "is at least {}",
        "maximum": "is at most {}",
        "exclusiveMinimum": "is more than {}",
        "exclusiveMaximum": "is less than {}",
        "multipleOf": "is a multiple of {}",
        "minItems": "has at least {} entries",
        "maxItems": "has at most {} entries",
        "uniqueItems": "has no entry twice",
        "minProperties": "has at least {} members",
        "maxProperties": "has at most {} members",
        "required": "has {}",
    }
)
UNCHECKED_FORMATS = frozenset({"int32", "int64", "float", "double", "password", "string"})
LONGEST = 160
DECIDED = "Nothing in the document says which request is answered {}."


@dataclass(slots=True)
class DrawnRequirement:
    """
    A requirement that a document gives.

    Args:
        id: Such as `acme.operation.create_pet`.
        text: One sentence.
        source: The document's JSON pointer.
        standing: `documented`, `observed` or `inferred`.
        enforced: `contract` or `rule`.
        operations: Ids of those that it concerns, in order.
        sides: `client`, where requests have it; `provider`, where answers do.
        unkillable: Why no test can provoke it.
    """

    id: str
    text: str
    source: str
    standing: str = "documented"
    enforced: str = "contract"
    operations: dict[str, None] = field(default_factory=dict)
    sides: set[str] = field(default_factory=set)
    unkillable: str = ""

    @property
    def obliges(self) -> str:
        return "both" if "client" in self.sides else "provider"


def annotate(slug: str, document: Node, roles: Roles, *, observed: bool = False) -> list[DrawnRequirement]:
    """
    Annotate a regular document in place.

    Args:
        slug: Of the provider.
        document: Regular.
        roles: Of its operations.
        observed: Whether the document was inferred from traffic: then its operations and statuses were observed, and
            its constraints are inferred.

    Returns:
        Its requirements, in the order of the document.
    """
    found = _Annotator(slug, document, roles).annotate()
    for each in found if observed else ():
        is_seen = each.id.startswith((f"{slug}.operation.", f"{slug}.status."))
        each.standing = "observed" if is_seen else "inferred"
    return found


class _Annotator:
    def __init__(self, slug: str, document: Node, roles: Roles) -> None:
        self._slug, self._document, self._roles = slug, document, roles
        self._found: dict[str, DrawnRequirement] = {}
        self._placed: dict[int, DrawnRequirement | None] = {}

    def annotate(self) -> list[DrawnRequirement]:
        for path, _, method, operation in operations_of(self._document):
            pointer = f"#/paths/{escape(path)}/{method}"
            self._operation(path, method, operation, pointer)
        self._collections()
        return list(self._found.values())

    def _operation(self, path: str, method: str, operation: Node, pointer: str) -> None:
        name = operation["operationId"]
        own = snake_case(name)
        summary = " ".join(str(operation.get("summary", "")).split()).rstrip(".")
        text = f"`{method.upper()} {path}` is answered as documented{f': {summary}' if summary else ''}."
        self._add(f"operation.{own}", text, pointer, name, "provider", enforced="rule")
        for status in operation["responses"]:
            self._status(operation, own, status, f"{pointer}/responses/{status}")
        for index, each in enumerate(operation.get("parameters", [])):
            node, place = self._followed(each, f"{pointer}/parameters/{index}")
            if isinstance(node.get("schema"), dict) and node.get("in") in ("path", "query"):
                self._schema(node["schema"], f"{place}/schema", f"{own}.{node['in']}.{node['name']}", name, "client")
        body, place = self._followed(operation.get("requestBody", {}), f"{pointer}/requestBody")
        self._content(body, place, f"{own}.request", name, "client")

    def _status(self, operation: Node, own: str, status: str, pointer: str) -> None:
        name = operation["operationId"]
        node, place = self._followed(operation["responses"][status], pointer)
        described = " ".join(str(node.get("description", "")).split()).rstrip(".")[:LONGEST]
        text = f"`{name}` answers {_phrase(status)}{f': {described}' if described else ''}."
        requirement = self._add(f"status.{own}.{status.lower()}", text, pointer, name, "provider", enforced="rule")
        if not self._is_provoked(operation, status):
            requirement.unkillable = DECIDED.format(_phrase(status))
        self._content(node, place, f"{own}.response_{status.lower()}", name, "provider")

    def _is_provoked(self, operation: Node, status: str) -> bool:
        """Whether a test knows a request that is answered so."""
        name = operation["operationId"]
        first = min((each for each in operation["responses"] if each.startswith("2")), default="default")
        role = self._roles.get(name)
        is_item = role is not None and role.verb in ("read", "change", "remove")
        is_guarded = bool(operation.get("security", self._document.get("security")))
        return status == first or (status == "404" and is_item) or (status == "401" and is_guarded)

    def _content(self, node: Node, pointer: str, prefix: str, operation: str, side: str) -> None:
        content = node.get("content")
        for media_type, media in content.items() if isinstance(content, dict) else ():
            if isinstance(media, dict) and isinstance(media.get("schema"), dict):
                self._schema(media["schema"], f"{pointer}/content/{escape(media_type)}/schema", prefix, operation, side)

    def _schema(self, schema: Any, pointer: str, prefix: str, operation: str, side: str) -> None:
        """Every constraint below a schema, references followed; each node once for each operation and side."""
        seen: set[int] = set()
        waiting: list[tuple[Any, str, str]] = [(schema, pointer, prefix)]
        while waiting:
            node, place, name = waiting.pop()
            if not isinstance(node, dict) or id(node) in seen:
                continue
            seen.add(id(node))
            requirement = self._constraint(node, place, name)
            if requirement is not None:
                requirement.sides.add(side)
                requirement.operations[operation] = None
            if isinstance(node.get("$ref"), str):
                target = node["$ref"]
                waiting.append((resolve(self._document, target), target, _component(target)))
            waiting.extend(_below(node, place, name))

    def _constraint(self, node: Node, pointer: str, name: str) -> DrawnRequirement | None:
        if id(node) not in self._placed:
            said = [text for keyword in KEYWORDS if (text := _said(node, keyword))]
            requirement = None
            if said:
                what = name.rpartition(".")[2] or name
                source = pointer if pointer.startswith("#") else f"#{pointer}"
                text = f"`{what}` {' and '.join(said)}."
                requirement = self._add(f"constraint.{snake_case(name)}", text, source)
                node["x-requirement"] = requirement.id
            self._placed[id(node)] = requirement
        return self._placed[id(node)]

    def _collections(self) -> None:
        seen: dict[str, set[str]] = {}
        for role in self._roles.values():
            seen.setdefault(role.collection.path, set()).add(role.verb)
        for path, verbs in seen.items():
            if {"create", "read"} <= verbs:
                self._life(path, verbs)

    def _life(self, path: str, verbs: set[str]) -> None:
        name = snake_case(re.sub(r"[{}]", "", path))
        concerned = [each for each, role in self._roles.items() if role.collection.path == path]
        sentences = {
            "kept": "What was created in `{}` can be read by its key.",
            "listed": "What was created in `{}` is listed.",
            "removed": "What was removed from `{}` is answered 404.",
        }
        needed = {"kept": "read", "listed": "list", "removed": "remove"}
        source = f"#/paths/{escape(path)}"
        for kind, text in sentences.items():
            if needed[kind] in verbs:
                added = self._add(f"collection.{name}.{kind}", text.format(path), source, enforced="rule")
                added.standing = "inferred"
                added.sides.add("provider")
                added.operations.update(dict.fromkeys(concerned))

    def _add(
        self, name: str, text: str, source: str, operation: str = "", side: str = "", *, enforced: str = "contract"
    ) -> DrawnRequirement:
        made, number = f"{self._slug}.{name}", 1
        while made in self._found:
            number += 1
            made = f"{self._slug}.{name}_{number}"
        requirement = self._found[made] = DrawnRequirement(made, text, source, enforced=enforced)
        if operation:
            requirement.operations[operation] = None
        if side:
            requirement.sides.add(side)
        return requirement

    def _followed(self, node: Any, pointer: str) -> tuple[Node, str]:
        for _ in range(32):
            if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
                break
            pointer = node["$ref"]
            node = resolve(self._document, pointer)
        return (node if isinstance(node, dict) else {}), pointer


def _below(node: Node, pointer: str, name: str) -> Iterator[tuple[Any, str, str]]:
    for keyword in SCHEMA_MAPS:
        for each, inner in node[keyword].items() if isinstance(node.get(keyword), dict) else ():
            yield inner, f"{pointer}/{keyword}/{escape(each)}", f"{name}.{each}"
    for keyword in SCHEMA_LISTS:
        for index, inner in enumerate(node[keyword] if isinstance(node.get(keyword), list) else ()):
            yield inner, f"{pointer}/{keyword}/{index}", name
    for keyword in SCHEMA_ONES:
        if isinstance(node.get(keyword), dict):
            yield node[keyword], f"{pointer}/{keyword}", f"{name}.item" if keyword == "items" else name


def _said(node: Node, keyword: str) -> str:
    """A keyword as a clause; empty where the schema does not have it, or it says nothing."""
    value = node.get(keyword)
    if value is None or value is False or value == [] or (keyword == "format" and value in UNCHECKED_FORMATS):
        return ""
    shown = ", ".join(f"`{each}`" for each in value) if isinstance(value, list) else f"`{value}`"
    return KEYWORDS[keyword].format(shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…")


def _component(reference: str) -> str:
    return unescape(reference.rpartition("/")[2])


def _phrase(status: str) -> str:
    try:
        return f"{status} {HTTPStatus(int(status)).phrase}"
    except ValueError:
        return f"`{status}`"


def snake_case(name: str) -> str:
    """A name in small letters with underscores; dots stay."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"_?\._?", ".", re.sub(r"[^a-z0-9.]+", "_", split.lower()).strip("_.")) or "root"
