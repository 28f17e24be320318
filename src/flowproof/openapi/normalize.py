"""
Makes a 3.1 document regular, so that its contract can be read: ids, statuses, media types, parameters, patterns.

Each change that loses something is told, and becomes a decision to take.
"""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from flowproof.json_types import TYPES

from .structure import METHODS, Node, resolve, walk

__all__ = ["normalize", "operations_of"]

JSON = "application/json"
MOST_REFERENCES = 32
WITHOUT_BODY = frozenset({"204", "205", "304"})  # RFC 9110, 15.3.5, 15.3.6 and 15.4.5


def normalize(document: Node) -> list[str]:
    """
    Make a document regular, in place.

    Returns:
        What is left out, for people.
    """
    notes = [*_drop_unreachable(document), *_drop_unreadable(document)]
    _inline_path_items(document)
    _name_operations(document)
    for _, item, _, operation in operations_of(document):
        _merge_parameters(document, item, operation)
        notes.extend(_regular_responses(document, operation))
    for item in document["paths"].values():
        item.pop("parameters", None)
    for kind, node in list(walk(document)):
        if kind in ("body", "response") and isinstance(node.get("content"), dict):
            node["content"] = _regular_content(node["content"])
        if kind == "parameter" and "in" in node:
            notes.extend(_regular_parameter(document, node))
    return notes


def operations_of(document: Node) -> Iterator[tuple[str, Node, str, Node]]:
    """Path, path item, method and operation of each operation."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if isinstance(item, dict) and isinstance(item.get(method), dict):
                yield path, item, method, item[method]


def _drop_unreachable(document: Node) -> Iterator[str]:
    """Paths that no request can have."""
    for path in list(document["paths"]):
        if path.startswith("x-"):
            del document["paths"][path]
        elif not path.startswith("/") or "#" in path or "?" in path:
            del document["paths"][path]
            yield f"The path {path} cannot be requested as it is written; it is left out."


def _drop_unreadable(document: Node) -> Iterator[str]:
    """Keywords of schemas with values that no validator can read."""
    for kind, node in list(walk(document)):
        if kind != "schema":
            continue
        if "pattern" in node and not _is_pattern(node["pattern"]):
            yield f"The pattern {str(node.pop('pattern'))[:80]!r} is no regular expression; it is not enforced."
        for name in list(node.get("patternProperties", ()) if isinstance(node.get("patternProperties"), dict) else ()):
            if not _is_pattern(name):
                node["patternProperties"].pop(name)
        types = node.get("type")
        named = [types] if isinstance(types, str) else types
        if named is not None and not (isinstance(named, list) and named and set(map(str, named)) <= TYPES):
            yield f"The type {node.pop('type')!r} is none; it is not enforced."
        if "required" in node and not _is_list_of_texts(node["required"]):
            node.pop("required")
        if "enum" in node and (not isinstance(node["enum"], list) or not node["enum"]):
            node.pop("enum")
        node.pop("$id", None)
        node.pop("$schema", None)


def _is_pattern(pattern: Any) -> bool:
    if not isinstance(pattern, str):
        return False
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except (ValueError, jsonschema_rs.ValidationError):
        return False
    return True


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _inline_path_items(document: Node) -> None:
    for path, item in document["paths"].items():
        found = item
        for _ in range(MOST_REFERENCES):
            if not isinstance(found, dict) or "$ref" not in found:
                break
            rest = {name: each for name, each in found.items() if name != "$ref"}
            found = {**(resolve(document, found["$ref"]) or {}), **rest}
        # A path item that two paths share is copied, since each operation gets an id of its own.
        document["paths"][path] = {
            name: dict(_followed(document, each)) if name in METHODS and isinstance(each, dict) else each
            for name, each in (found if isinstance(found, dict) else {}).items()
            if name in (*METHODS, "parameters", "servers", "summary", "description")
        }


def _followed(document: Node, node: Any) -> Any:
    for _ in range(MOST_REFERENCES):
        if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
            break
        node = resolve(document, node["$ref"]) or {}
    return node


def _name_operations(document: Node) -> None:
    taken: set[str] = set()
    for path, _, method, operation in operations_of(document):
        given = operation.get("operationId")
        name = given if isinstance(given, str) and given else _made_name(method, path)
        number = 1
        while name in taken:
            number += 1
            name = f"{given or _made_name(method, path)}_{number}"
        taken.add(name)
        operation["operationId"] = name


def _made_name(method: str, path: str) -> str:
    """Such as `getPetsByPetId`."""
    words = [f"by-{each[1:-1]}" if each.startswith("{") else each for each in path.strip("/").split("/")]
    parts = re.findall(r"[A-Za-z0-9]+", "-".join(words))
    return method + "".join(part[0].upper() + part[1:] for part in parts)


def _merge_parameters(document: Node, item: Node, operation: Node) -> None:
    """Parameters of the path, where the operation has none of the same name and place in their stead."""
    merged: dict[tuple[str, str], Any] = {}
    for each in [*_list(item.get("parameters")), *_list(operation.get("parameters"))]:
        found = _followed(document, each)
        if isinstance(found, dict) and isinstance(found.get("name"), str) and isinstance(found.get("in"), str):
            merged[found["name"], found["in"]] = each
    operation["parameters"] = list(merged.values())
    if not merged:
        del operation["parameters"]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _regular_responses(document: Node, operation: Node) -> Iterator[str]:
    responses = operation.get("responses")
    named = {
        str(status).upper() if str(status) != "default" else "default": each
        for status, each in (responses.items() if isinstance(responses, dict) else ())
        if not str(status).startswith("x-") and isinstance(each, dict)
    }
    for status in sorted(WITHOUT_BODY & named.keys()):
        reference = named[status].get("$ref")
        response = resolve(document, reference) if isinstance(reference, str) else named[status]
        if isinstance(response, dict) and response.get("content"):
            named[status] = {name: each for name, each in response.items() if name != "content"}
            yield f"An answer {status} has no body, and that of {operation['operationId']} describes one: left out."
    operation["responses"] = named or {"default": {"description": "Not documented."}}


def _regular_content(content: Node) -> Node:
    """Media types without parameters, in lower case; any type at all is JSON."""
    regular: Node = {}
    for name, each in content.items():
        plain = name.partition(";")[0].strip().lower()
        plain = JSON if plain in ("*/*", "application/*") else plain
        if isinstance(each, dict):
            regular.setdefault(plain, each)
            regular[plain].setdefault("schema", {})
    return regular


def _regular_parameter(document: Node, parameter: Node) -> Iterator[str]:
    """
    The schema of a parameter, with the type of its texts beside it.

    A parameter that is an object, or a document of its own, is not checked.
    """
    schema = parameter.get("schema")
    types = types_of(document, schema) - {"null"} if isinstance(schema, dict) else set()
    if not isinstance(schema, dict) or "object" in types:
        parameter["schema"] = {}
        if parameter["in"] in ("path", "query"):
            yield f"The {parameter['in']} parameter {parameter.get('name')} is an object; its value is not checked."
    elif len(types) == 1:
        schema["type"] = next(iter(types))
    elif types and "string" not in types:
        parameter["schema"] = {}
    elif "type" in schema:
        schema["type"] = "string"


def types_of(document: Node, schema: Any, depth: int = 0) -> set[str]:
    """The types that a schema allows, as far as it names them."""
    if not isinstance(schema, dict) or depth > MOST_REFERENCES:
        return set()
    if isinstance(schema.get("$ref"), str) and "type" not in schema:
        return types_of(document, resolve(document, schema["$ref"]), depth + 1)
    named = schema.get("type")
    if named is not None:
        return {named} if isinstance(named, str) else set(named)
    found: set[str] = {"object"} if "properties" in schema else set()
    for keyword in ("allOf", "anyOf", "oneOf"):
        for each in _list(schema.get(keyword)):
            found |= types_of(document, each, depth + 1)
    return found
