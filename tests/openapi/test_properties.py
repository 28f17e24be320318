"""What a generated suite draws: values that schemas allow, and values that they may not."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowproof.openapi import read_contract
from flowproof.openapi.schema_reader import SchemaReader
from flowproof.openapi_suite import SuitePlan
from flowproof.openapi_suite.properties import Properties
from flowproof.openapi_suite.strategies import Values

SHOP = Path(__file__).parent / "shop.yaml"
QUICK = settings(max_examples=25, deadline=None)
LIST: dict[str, Any] = {
    "type": "object",
    "required": ["value"],
    "properties": {"value": {"type": "integer"}, "next": {"$ref": "#/list"}},
}
SCHEMAS: dict[str, Any] = {
    "const": {"const": 7},
    "enum": {"enum": ["a", None, 3]},
    "integer": {"type": "integer", "minimum": 3, "exclusiveMaximum": 9, "multipleOf": 2},
    "number": {"type": "number", "exclusiveMinimum": 0.5, "maximum": 2},
    "one number": {"type": "number", "minimum": 2, "maximum": 2},
    "text": {"type": "string", "minLength": 2, "maxLength": 4},
    "pattern": {"type": "string", "pattern": "^[a-c]{2}$"},
    "day": {"type": "string", "format": "date"},
    "nullable": {"type": ["string", "null"]},
    "list": {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2, "uniqueItems": True},
    "branches": {"oneOf": [{"type": "integer"}, {"type": "string", "maxLength": 3}]},
    "recursive": LIST,
}


@pytest.fixture(scope="module")
def plan() -> SuitePlan:
    """Of the shop."""
    return SuitePlan(read_contract("shop", SHOP)[0])


@pytest.mark.parametrize("name", SCHEMAS)
@QUICK
@given(data=st.data())
def test_values_of_a_schema_fit_it(name: str, data: st.DataObject) -> None:
    """Whatever is drawn of a schema is valid by it: of types, limits, patterns, branches and recursion."""
    import jsonschema_rs

    document = {"list": LIST, "schema": SCHEMAS[name]}
    values = Values(SchemaReader(document), lambda schema: pytest.fail(f"no strategy for {schema}"))
    value = data.draw(values.of(SCHEMAS[name]))

    assert jsonschema_rs.is_valid({"$ref": "#/schema", **document}, value), value


@QUICK
@given(data=st.data())
def test_requests_are_allowed_by_their_operation(plan: SuitePlan, data: st.DataObject) -> None:
    """Query and body of each operation fit the schemas of the document."""
    properties = Properties(plan)
    operation = data.draw(st.sampled_from(properties.names()))
    query, body = data.draw(properties.changes(operation))
    described = plan.operation(operation)
    judged = {each.name: each for each in described.parameters}

    assert set(query) <= set(judged)
    assert body is None or properties.is_allowed(operation, body)


def plan_of(tmp_path: Path, key: dict[str, Any], **shown: Any) -> SuitePlan:
    """Of a document with a collection whose keys clients choose, and are as a schema says."""
    toy = {"type": "object", "required": ["id"], "properties": {"id": key, "name": {"type": "string"}}}
    answers = {"200": {"description": "It.", "content": {"application/json": {"schema": toy}}}}
    named = [{"name": "id", "in": "path", "required": True, "schema": key}]
    read = {"operationId": "read", "responses": answers}
    body = {"content": {"application/json": {"schema": toy, **shown}}}
    file = tmp_path / "a.json"
    make = {"operationId": "make", "requestBody": body, "responses": answers}
    paths = {"/toys": {"post": make}, "/toys/{id}": {"parameters": named, "get": read}}
    file.write_bytes(orjson.dumps({"openapi": "3.1.0", "paths": paths}))
    return SuitePlan(read_contract("toys", file)[0])


@pytest.mark.parametrize(
    ("key", "missing"),
    [({"type": "string"}, "no-such-key-999999999"), ({"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}, "999999999")],
)
def test_missing_key_is_one_that_the_path_allows(tmp_path: Path, key: dict[str, Any], missing: str) -> None:
    """A key that no record has is a text of words or digits, whichever the path's parameter may be."""
    assert plan_of(tmp_path, key).missing_key("read") == missing


def test_missing_key_is_not_that_of_the_record(tmp_path: Path) -> None:
    """Where the path allows few keys, another than the one that is taken is chosen."""
    plan = plan_of(tmp_path, {"type": "string", "pattern": "^[ab]$"})

    assert [plan.missing_key("read", taken) for taken in ("a", "b")] == ["b", "a"]


class Keeper:
    """A client of a server that keeps records by the keys that it is sent, and refuses a key that is taken."""

    def __init__(self) -> None:
        self.kept: set[str] = set()

    def send(self, method: str, path: str, *, body: bytes | None, **_: Any) -> Any:
        """Create or read a record."""
        record = orjson.loads(body) if body is not None else {"id": path.rpartition("/")[2]}
        status = 409 if method == "POST" and record["id"] in self.kept else 200
        self.kept.add(record["id"])
        return SimpleNamespace(status_code=status, content=b"{}", json=lambda: record)


@pytest.mark.parametrize("shown", [{}, {"example": {"id": "shown"}}])
def test_record_gets_another_key_where_the_first_is_taken(tmp_path: Path, shown: dict[str, Any]) -> None:
    """Records of the same seed are created with keys of their own, also where the document shows one."""
    plan, keeper = plan_of(tmp_path, {"type": "string"}, **shown), Keeper()
    read = [plan.exercise(keeper, "read", seed="same").json()["id"] for _ in range(3)]

    assert len(set(read)) == 3


def test_broken_bodies_are_found() -> None:
    """Among the bodies with anything at one of their places are some that are not allowed, for each operation."""
    properties = Properties(SuitePlan(read_contract("shop", SHOP)[0]))
    found = {
        name: any(not properties.is_allowed(name, each) for each in drawn(properties.broken(name)))
        for name in properties.names_with_body()
    }

    assert found
    assert set(found.values()) == {True}


def drawn(strategy: st.SearchStrategy[Any]) -> list[Any]:
    """Some values of a strategy, the same in each run."""
    values: list[Any] = []

    @settings(max_examples=30, database=None, derandomize=True, deadline=None)
    @given(strategy)
    def collect(value: Any) -> None:
        values.append(value)

    collect()
    return values
