"""
What a client may leave out and a provider may: `readOnly` members in requests, `writeOnly` ones in responses.

OpenAPI asks for them in one direction only, and JSON Schema knows no direction. So a component that requires such a
member has a second version, without that requirement, under the name `X-request` or `X-response`.

Source:
    OpenAPI 3.0.3, Schema Object: "readOnly … If the property … is in the required list, the required will take effect
    on the response only."
"""

from collections.abc import Iterator
from typing import Any

from .normalize import operations_of
from .structure import SCHEMA_LISTS, SCHEMA_MAPS, SCHEMA_ONES, Node, resolve

__all__ = ["apply_directions"]

FLAGS = {"request": "readOnly", "response": "writeOnly"}
PREFIX = "#/components/schemas/"


def apply_directions(document: Node) -> None:
    """Have requests and responses lead to the version of a schema that is theirs, in place."""
    for direction, flag in FLAGS.items():
        versions = _Versions(document, direction, flag)
        if versions.affected:
            for holder in _holders(document, direction):
                holder["schema"] = versions.of(holder["schema"])


def _holders(document: Node, direction: str) -> Iterator[Node]:
    """The media types of all requests, or of all responses, each once."""
    seen: set[int] = set()
    for _, _, _, operation in operations_of(document):
        found = [operation.get("requestBody")] if direction == "request" else list(operation["responses"].values())
        for each in found:
            node = resolve(document, each["$ref"]) if isinstance(each, dict) and "$ref" in each else each
            for media in (node or {}).get("content", {}).values():
                if id(media) not in seen and isinstance(media.get("schema"), dict):
                    seen.add(id(media))
                    yield media


class _Versions:
    def __init__(self, document: Node, direction: str, flag: str) -> None:
        self._document, self._direction, self._flag = document, direction, flag
        components = document.get("components")
        schemas = components.get("schemas") if isinstance(components, dict) else None
        self._schemas: Node = schemas if isinstance(schemas, dict) else {}
        self.affected = self._closure()

    def _closure(self) -> frozenset[str]:
        """Components that need a second version: by themselves, or since they lead to one that does."""
        leads = {name: _component_references(each) for name, each in self._schemas.items()}
        found = {name for name, each in self._schemas.items() if self._is_affected(each)}
        grew = bool(found)
        while grew:
            more = {name for name, targets in leads.items() if name not in found and targets & found}
            found |= more
            grew = bool(more)
        return frozenset(found)

    def _is_affected(self, schema: Any) -> bool:
        return any(self._flagged(node) & set(_texts(node.get("required"))) for node in _nodes(schema))

    def _flagged(self, node: Node) -> set[str]:
        properties = node.get("properties")
        named = properties.items() if isinstance(properties, dict) else ()
        return {name for name, each in named if isinstance(each, dict) and self._has_flag(each)}

    def _has_flag(self, schema: Node) -> bool:
        if isinstance(schema.get("$ref"), str):
            found = resolve(self._document, schema["$ref"])
            return isinstance(found, dict) and found.get(self._flag) is True
        return schema.get(self._flag) is True

    def of(self, schema: Any) -> Any:
        """A schema in this direction; the same value where nothing in it changes."""
        if isinstance(schema, list):
            return [self.of(each) for each in schema]
        if not isinstance(schema, dict):
            return schema
        changed = dict(schema)
        name = _component_name(schema.get("$ref"))
        if name in self.affected:
            changed["$ref"] = f"{PREFIX}{self._version(name)}"
        for keyword in SCHEMA_MAPS:
            if isinstance(schema.get(keyword), dict):
                changed[keyword] = {each: self.of(inner) for each, inner in schema[keyword].items()}
        for keyword in (*SCHEMA_LISTS, *SCHEMA_ONES):
            if keyword in schema:
                changed[keyword] = self.of(schema[keyword])
        if isinstance(schema.get("required"), list):
            left = [each for each in schema["required"] if each not in self._flagged(schema)]
            changed["required"] = left
        return changed

    def _version(self, name: str) -> str:
        version = f"{name}-{self._direction}"
        if version not in self._schemas:
            self._schemas[version] = {}  # (a component may lead to itself)
            self._schemas[version] = self.of(self._schemas[name])
        return version


def _nodes(schema: Any) -> Iterator[Node]:
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            continue
        yield node
        for keyword in SCHEMA_MAPS:
            if isinstance(node.get(keyword), dict):
                waiting.extend(node[keyword].values())
        for keyword in SCHEMA_LISTS:
            waiting.extend(node[keyword] if isinstance(node.get(keyword), list) else ())
        waiting.extend(node.get(keyword) for keyword in SCHEMA_ONES)


def _texts(value: Any) -> list[str]:
    return value if isinstance(value, list) else []


def _component_references(schema: Any) -> set[str]:
    names = (_component_name(node.get("$ref")) for node in _nodes(schema))
    return {name for name in names if name}


def _component_name(reference: Any) -> str:
    is_component = isinstance(reference, str) and reference.startswith(PREFIX)
    return reference.removeprefix(PREFIX).replace("~1", "/").replace("~0", "~") if is_component else ""
