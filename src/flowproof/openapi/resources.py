"""
Collections and what operations do to them, inferred from paths, methods and schemas.

`POST /pets` beside `/pets/{petId}` creates, `GET /pets` lists, and on `/pets/{petId}` GET reads, PUT replaces, PATCH
(or POST) changes and DELETE removes. A path that nobody can create in, one record whose key is answered, is no
collection: it is answered from examples.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal

from flowproof.conformance.operations import FORM, Operation, Operations

from .schema_reader import SchemaReader

__all__ = ["Collection", "Role", "Roles", "infer_roles"]

Verb = Literal["create", "list", "read", "replace", "change", "remove"]
ITEM = re.compile(r"(?P<collection>/.*[^/}])/\{(?P<key>[^{}/]+)\}(?P<suffix>\.[a-z]+)?/?")
JSON = "application/json"
USUAL = ("id", "uuid", "guid", "gid", "sid", "key", "code", "slug", "name", "number", "reference")
BESIDE = frozenset(
    {"pagination", "paging", "problem", "error", "errors", "meta", "metadata", "links", "_links", "warnings"}
)
LEAST_ALIKE = 8  # characters at the end of a member's name that are those of the parameter's: `…PatternID`
WRAPPERS = ("data", "result", "item", "resource", "response", "payload")


@dataclass(frozen=True, slots=True)
class Collection:
    """
    A collection of records.

    Args:
        path: Template of the collection, such as `/pets`.
        item_path: Template of one record, such as `/pets/{petId}`.
        parameter: Name of the path's last parameter.
        key: Member of a record that has the parameter's value.
        key_type: `string` or `integer`.
    """

    path: str
    item_path: str
    parameter: str
    key: str
    key_type: str


@dataclass(frozen=True, slots=True)
class Role:
    """
    What an operation does to a collection.

    Args:
        verb: What.
        collection: Of which.
        status: Of its success.
        wrapper: Member of the answer that has the record, or the list of them; empty where it is the answer itself.
        sent: Member of the request that has the record; empty where it is the body itself.
    """

    verb: Verb
    collection: Collection
    status: int
    wrapper: str = ""
    sent: str = ""


Roles = Mapping[str, Role]


def infer_roles(operations: Operations, reader: SchemaReader) -> Roles:
    """The roles of those operations that have one, by the operation's id."""
    by_path: dict[str, dict[str, Operation]] = {}
    for each in operations.all:
        by_path.setdefault(each.path, {})[each.method] = each
    roles: dict[str, Role] = {}
    for path, methods in by_path.items():
        found = ITEM.fullmatch(path)
        if found is None:
            continue
        suffix = found["suffix"] or ""
        of_all = by_path.get(found["collection"] + suffix) or by_path.get(f"{found['collection']}/") or {}
        if "POST" in of_all or "PUT" in methods:
            roles.update(_of_collection(found, of_all, methods, reader))
    return roles


def _of_collection(
    found: re.Match[str], of_all: Mapping[str, Operation], of_one: Mapping[str, Operation], reader: SchemaReader
) -> Iterator[tuple[str, Role]]:
    creating = of_all.get("POST") or of_one.get("PUT")
    reading = of_one.get("GET") or of_one.get("PATCH") or of_one.get("PUT")
    described = next((each for each in (reading, creating) if each is not None and _success(each)[1]), None)
    if creating is None or described is None:
        return
    record, _ = _record(described, found["key"], reader)
    key = _key(record, found["key"], reader)
    key_type = reader.type_of(reader.properties(record).get(key, {})) if key else "string"
    collection = Collection(
        next((each.path for each in of_all.values()), found["collection"]),
        found[0],
        found["key"],
        key or "id",
        key_type if key_type == "integer" else "string",
    )
    made = of_all.get("POST") if _shows_key(of_all.get("POST"), collection, reader) else None
    if made is None and "PUT" not in of_one:
        return
    verbs: tuple[tuple[Operation | None, Verb], ...] = (
        (made, "create"),
        (of_all.get("GET"), "list"),
        (of_all.get("PUT"), "replace"),
        (of_one.get("GET"), "read"),
        (of_one.get("PUT"), "replace"),
        (of_one.get("PATCH"), "change"),
        (of_one.get("POST"), "change"),
        (of_one.get("DELETE"), "remove"),
    )
    for operation, verb in verbs:
        if operation is not None and (operation is not of_all.get("PUT") or _sends_key(operation, collection, reader)):
            role = _role(operation, verb, collection, reader)
            if role is not None:
                yield operation.id, role


def _sends_key(operation: Operation, collection: Collection, reader: SchemaReader) -> bool:
    """Whether the body of a request names the record that it is about."""
    pointer = operation.bodies.get(operation.json_body or FORM, "")
    return bool(pointer) and collection.key in reader.properties(reader.at(pointer))


def _shows_key(operation: Operation | None, collection: Collection, reader: SchemaReader) -> bool:
    """Whether the answer that creates a record may say by which key; not one without a body, or of several records."""
    pointer = _success(operation)[1] if operation is not None else ""
    if operation is None or not pointer:
        return False
    record, _ = _record(operation, collection.parameter, reader)
    named = reader.properties(record)
    return collection.key in named or (not named and reader.type_of(record) in ("object", ""))


def _role(operation: Operation, verb: Verb, collection: Collection, reader: SchemaReader) -> Role | None:
    status, pointer = _success(operation)
    if verb == "list":
        wrapper = _list_member(reader.at(pointer), reader) if pointer else None
        return None if wrapper is None else Role(verb, collection, status, wrapper)
    if verb == "remove":
        return Role(verb, collection, status)
    if not pointer and verb == "read":
        return None
    _, wrapper = _record(operation, collection.parameter, reader)
    return Role(verb, collection, status, wrapper, _sent_member(operation, wrapper, reader))


def _success(operation: Operation) -> tuple[int, str]:
    """The status of success, and the pointer of its JSON schema; empty where it has none."""
    statuses = sorted(each for each in operation.responses if each.startswith("2"))
    for status in statuses:
        if pointer := json_pointer(operation.responses[status]):
            return int(status.replace("XX", "00")), pointer
    if statuses:
        return int(statuses[0].replace("XX", "00")), ""
    return 200, json_pointer(operation.responses.get("default", {}))


def json_pointer(described: Mapping[str, str]) -> str:
    """The pointer of the schema of a JSON body; empty where there is none."""
    return next((each for name, each in described.items() if name == JSON or name.endswith("+json")), "")


def _record(operation: Operation, parameter: str, reader: SchemaReader) -> tuple[Any, str]:
    """The schema of the record in an answer, and the member that has it."""
    _, pointer = _success(operation)
    schema = reader.at(pointer) if pointer else {}
    properties = reader.properties(schema)
    if _key(schema, parameter, reader):
        return schema, ""
    objects = [name for name, each in properties.items() if reader.type_of(each) == "object" and name not in BESIDE]
    named = [name for name in objects if _plain(parameter) in map(_plain, reader.properties(properties[name]))]
    likely = [*named, *(name for name in objects if name in WRAPPERS or _is_alike(name, parameter))]
    for name in [*likely, *objects]:
        if (len(objects) == 1 or name in likely) and _key(properties[name], parameter, reader):
            return properties[name], name
    return schema, ""


def _key(schema: Any, parameter: str, reader: SchemaReader) -> str:
    """The member of a record that a path's parameter stands for; empty where none is likely."""
    properties = reader.properties(schema)
    scalar = [name for name, each in properties.items() if reader.type_of(each) in ("string", "integer")]
    plain = {_plain(name): name for name in scalar}
    if _plain(parameter) in plain:
        return plain[_plain(parameter)]
    alike = {each: _common_ending(each, _plain(parameter)) for each in plain}
    closest = max(alike, key=lambda each: alike[each], default="")
    if closest and alike[closest] >= LEAST_ALIKE:
        return plain[closest]
    tail = re.split(r"[_\-.]|(?<=[a-z])(?=[A-Z])", parameter)[-1].lower()
    for word in (tail, *USUAL):
        if word in plain:
            return plain[word]
    return ""


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _common_ending(name: str, other: str) -> int:
    """How many characters at their ends two names share."""
    pairs = zip(reversed(name), reversed(other), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _is_alike(name: str, parameter: str) -> bool:
    return bool(_plain(name)) and _plain(parameter).startswith(_plain(name))


def _list_member(schema: Any, reader: SchemaReader) -> str | None:
    """The member of an answer that has the list; empty where the answer is one, None where there is no list."""
    if reader.type_of(schema) == "array":
        return ""
    arrays = [
        name
        for name, each in reader.properties(schema).items()
        if reader.type_of(each) == "array" and reader.type_of(reader.flat(each).get("items", {})) in ("object", "")
    ]
    preferred = [name for name in arrays if name in ("data", "items", "results", "entries", "values", "records")]
    return (preferred or arrays)[0] if len(arrays) == 1 or preferred else None


def _sent_member(operation: Operation, wrapper: str, reader: SchemaReader) -> str:
    """Where a request wraps its record as the answer does."""
    pointer = operation.bodies.get(operation.json_body or FORM, "")
    properties = reader.properties(reader.at(pointer)) if pointer else {}
    return wrapper if wrapper and list(properties) == [wrapper] else ""
