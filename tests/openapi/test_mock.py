"""A mock that a document drives keeps what clients create, and answers as the document says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.mock import Mock
from flowproof.openapi import read_contract
from flowproof.openapi.resources import infer_roles
from flowproof.openapi.schema_reader import SchemaReader
from flowproof.openapi_mock import openapi_provider
from flowproof.openapi_mock.provider import NO_VIEWS

SHOP = Path(__file__).parent / "shop.yaml"
TOY = {"name": "top", "price": 3, "colour": None}


class Shop:
    """The mock, and a client of it without a socket."""

    def __init__(self, replacements: Mapping[str, Any] = NO_VIEWS) -> None:
        contract, _ = read_contract("shop", SHOP)
        provider = openapi_provider("shop", contract, replacements=replacements)
        self.mock: Mock = build_gateway([provider], ServerSettings(entropy=7)).mock
        default = self.mock.workspaces.ensure_default()
        (self.credential,) = self.mock.workspaces.credentials(default, "shop")

    def ask(
        self, method: str, path: str, value: Any = None, *, token: str | None = "", **headers: str
    ) -> tuple[int, Any]:
        """Status and JSON value of an answer."""
        answer = self.answer(method, path, value, token=token, **headers)
        return answer.status, orjson.loads(answer.body) if answer.body else None

    def answer(
        self, method: str, path: str, value: Any = None, *, token: str | None = "", **headers: str
    ) -> WireResponse:
        """The answer to a request; a text is sent as a form."""
        known = self.credential.key if token == "" else token
        sent = [("authorization", f"Bearer {known}")] if known else []
        body = b""
        if isinstance(value, str):
            body, media_type = value.encode(), "application/x-www-form-urlencoded"
        elif value is not None:
            body, media_type = orjson.dumps(value), "application/json"
        else:
            media_type = ""
        sent += [("content-type", media_type)] if media_type else []
        path, _, query = path.partition("?")
        answer = self.mock.handle(WireRequest(method, f"/shop{path}", query, (*sent, *headers.items()), body))
        assert isinstance(answer, WireResponse)
        return answer


@pytest.fixture
def shop() -> Shop:
    """A mock without any record."""
    return Shop()


def test_record_lives_from_creation_to_removal(shop: Shop) -> None:
    """A record is created, read, listed, replaced, changed and removed."""
    created, toy = shop.ask("POST", "/toys", TOY)
    path = f"/toys/{toy['id']}"
    read = shop.ask("GET", path)
    listed = shop.ask("GET", "/toys")
    replaced = shop.ask("PUT", path, {"name": "ball", "price": 5})
    changed = shop.ask("PATCH", path, {"price": 6})
    removed = shop.ask("DELETE", path)

    assert (created, toy["name"], toy["price"], toy["colour"]) == (201, "top", 3, None)
    assert read == (200, toy)
    assert listed == (200, {"toys": [toy], "total": 1, "has_more": False})
    assert (replaced[0], replaced[1]["name"], replaced[1]["id"]) == (200, "ball", toy["id"])
    assert (changed[0], changed[1]["name"], changed[1]["price"]) == (200, "ball", 6)
    assert removed == (204, None)
    assert [shop.ask(method, path)[0] for method in ("GET", "DELETE")] == [404, 404]
    assert shop.ask("GET", "/toys")[1]["toys"] == []


def test_key_is_drawn_as_its_schema_says(shop: Shop) -> None:
    """A key matches its pattern, and no two records have one."""
    keys = [shop.ask("POST", "/toys", TOY)[1]["id"] for _ in range(20)]

    assert len(set(keys)) == 20
    assert [key for key in keys if not (len(key) == 5 and key[0] == "t" and key[1:].isdecimal())] == []


def test_key_that_is_taken_is_a_conflict(shop: Shop) -> None:
    """A record with a key of its client's choice is created once."""
    first = shop.ask("POST", "/toys", {**TOY, "id": "t0001"})
    second = shop.ask("POST", "/toys", {**TOY, "id": "t0001"})

    assert (first[0], first[1]["id"]) == (201, "t0001")
    assert second == (409, {"error": {"code": 409, "message": "There is such a resource already."}})


def test_pages_follow_on_one_another(shop: Shop) -> None:
    """A page begins where it is asked to, in the order of creation, and says whether more follow."""
    names = [shop.ask("POST", "/toys", {**TOY, "name": f"n{number}"})[1]["name"] for number in range(5)]
    pages = [shop.ask("GET", f"/toys?limit=2&offset={offset}")[1] for offset in (0, 2, 4)]

    assert [[each["name"] for each in page["toys"]] for page in pages] == [names[:2], names[2:4], names[4:]]
    assert [(page["total"], page["has_more"]) for page in pages] == [(5, True), (5, True), (5, False)]


@pytest.mark.parametrize(
    ("method", "path", "value", "places"),
    [
        ("POST", "/toys", {"name": "x", "price": 3}, "name"),
        ("POST", "/toys", {"name": "top", "price": 0}, "price"),
        ("POST", "/toys", {"name": "top"}, "price"),
        ("POST", "/toys", {**TOY, "made": "soon"}, "made"),
    ],
)
def test_broken_constraint_is_answered_422(shop: Shop, method: str, path: str, value: Any, places: str) -> None:
    """A request that breaks the schema is refused in the document's own shape, with the place."""
    message = f"The request is not valid: {places}."

    assert shop.ask(method, path, value) == (422, {"error": {"code": 422, "message": message}})


@pytest.mark.parametrize("query", ["limit=0", "limit=11", "limit=two", "kinds=1&kinds=x", "shop=abcdef"])
def test_broken_parameter_is_refused(shop: Shop, query: str) -> None:
    """A parameter outside its limits is refused; the items of a list each count."""
    assert shop.ask("GET", f"/toys?{query}")[0] == 400
    assert shop.ask("GET", "/toys?kinds=1&kinds=2&limit=10")[0] == 200


@pytest.mark.parametrize("token", [None, "unknown"])
def test_stranger_is_refused_in_the_document_s_shape(shop: Shop, token: str | None) -> None:
    """Without a known token protected operations are refused, and open ones are not."""
    refused = shop.ask("GET", "/toys", token=token)

    assert refused == (401, {"error": {"code": 401, "message": "The credentials are missing or unknown."}})
    assert shop.ask("GET", "/hours", token=token) == (200, {"open": "09:00"})


def test_other_operations_show_their_examples(shop: Shop) -> None:
    """An operation that keeps nothing answers its example, and one without JSON its media type."""
    picture = shop.answer("GET", "/picture")

    assert shop.ask("GET", "/hours")[1] == {"open": "09:00"}
    assert (picture.status, dict(picture.headers)["Content-Type"]) == (200, "image/png")


def test_form_is_read_by_its_schema(shop: Shop) -> None:
    """The numbers, booleans and lists of a form are what their schema says; the answer names its branch."""
    answered = shop.ask("POST", "/orders", "count=2&gift=true&tags=a&tags=b")

    assert (answered[0], answered[1]["kind"]) == (200, "paper")
    assert [shop.ask("POST", "/orders", form)[0] for form in ("count=0", "count=x", "count=2&gift=maybe")] == [400] * 3


@pytest.mark.parametrize(("method", "path", "status"), [("POST", "/toys", 422), ("PATCH", "/toys/1", 400)])
def test_broken_json_is_refused_with_a_documented_status(shop: Shop, method: str, path: str, status: int) -> None:
    """A body that is no JSON is answered 400, or 422 where the operation documents that alone."""
    credentials = {"authorization": f"Bearer {shop.credential.key}", "content-type": "application/json"}
    answer = shop.mock.handle(WireRequest(method, f"/shop{path}", "", tuple(credentials.items()), b'{"name": '))

    assert isinstance(answer, WireResponse)
    assert answer.status == status


def test_path_and_method_that_are_not_there(shop: Shop) -> None:
    """An unknown path is answered 404, and an unknown method 405 with those that there are."""
    answer = shop.answer("POST", "/hours")

    assert shop.ask("GET", "/nothing")[0] == 404
    assert (answer.status, dict(answer.headers)["Allow"]) == (405, "GET, HEAD")


def test_answers_keep_the_contract(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a client does, no answer breaks the contract."""
    toy = shop.ask("POST", "/toys", {**TOY, "secret": "s", "parts": [{"inner": [{"name": "x"}]}]})[1]
    for method, path in (("GET", "/toys"), ("GET", f"/toys/{toy['id']}"), ("GET", "/hours"), ("DELETE", "/toys/none")):
        shop.ask(method, path)

    assert "secret" not in toy
    assert [each.message for each in caplog.records if "breaks its own contract" in each.message] == []


def test_two_workspaces_share_nothing(shop: Shop) -> None:
    """What one workspace creates, another does not have, whatever their seeds; nor do their keys meet."""
    workspaces = shop.mock.workspaces
    with shop.mock.store.transaction():
        keys = [workspaces.credentials(workspaces.create(seed="1"), "shop")[0].key for _ in range(2)]
    created = [shop.ask("POST", "/toys", TOY, token=key)[1]["id"] for key in keys]
    shop.ask("DELETE", f"/toys/{created[0]}", token=keys[0])

    assert created[0] != created[1]
    assert [shop.ask("GET", "/toys", token=key)[1]["total"] for key in keys] == [0, 1]


def test_rule_of_one_s_own_stands_in_place(shop: Shop) -> None:
    """A hand-written operation answers in place of what was inferred, with the values of the path."""
    mine = Shop({"readToy": lambda toy_id: {"id": "t0001", "name": toy_id, "price": 1}})

    assert mine.ask("GET", "/toys/mine")[1]["name"] == "mine"
    assert shop.ask("GET", "/toys/mine")[0] == 404


def test_put_beside_a_collection_needs_the_key_in_its_body(tmp_path: Path) -> None:
    """PUT on the path of a collection replaces a record where its body has the key; elsewhere it shows an example."""
    toy = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {"name": {}}}}}}
    shown = {"200": {"description": "It.", "content": {"application/json": {"schema": toy}}}}
    make = {"operationId": "make", "requestBody": body, "responses": shown}
    read = {"operationId": "read", "responses": shown}
    file = tmp_path / "a.json"
    item = {"parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}], "get": read}
    paths = {"/toys": {"post": make, "put": {**make, "operationId": "swap"}}, "/toys/{id}": item}
    file.write_bytes(orjson.dumps({"openapi": "3.1.0", "paths": paths}))
    contract, _ = read_contract("toys", file)

    assert sorted(infer_roles(contract.operations, SchemaReader(contract.document))) == ["make", "read"]


def test_error_that_is_no_json_is_answered_in_its_media_type(tmp_path: Path) -> None:
    """Where a document describes an error as text, it is answered as text, with a plain message."""
    answers = {"204": {"description": "Done."}, "401": {"description": "Who?", "content": {"text/plain": {}}}}
    document = {
        "openapi": "3.1.0",
        "security": [{"token": []}],
        "paths": {"/ping": {"post": {"operationId": "ping", "responses": answers}}},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }
    file = tmp_path / "a.json"
    file.write_bytes(orjson.dumps(document))
    contract, _ = read_contract("ping", file)
    mock = build_gateway([openapi_provider("ping", contract)], ServerSettings(entropy=7)).mock
    mock.workspaces.ensure_default()
    answer = mock.handle(WireRequest("POST", "/ping/ping", "", (), b""))

    assert isinstance(answer, WireResponse)
    assert (answer.status, dict(answer.headers)["Content-Type"]) == (401, "text/plain")
    assert answer.body == b"The credentials are missing or unknown."


@pytest.mark.parametrize(
    ("parameter", "record", "key"),
    [
        ("PayrollCalendarID", {"payRunCalendar": ["name", "payrollCalendarID"]}, "payrollCalendarID"),
        ("EmployeePatternID", {"pattern": ["name", "payeePatternID"], "pagination": ["page"]}, "payeePatternID"),
        ("toy-id", {"toy": ["name", "id"], "problem": ["code"]}, "id"),
    ],
)
def test_key_is_the_member_that_is_named_most_like_the_parameter(
    tmp_path: Path, parameter: str, record: dict[str, list[str]], key: str
) -> None:
    """A record is found by the member of the parameter's name, or of the same ending, whatever it is wrapped in."""
    inner = {
        name: {"type": "object", "properties": {each: {"type": "string"} for each in members}}
        for name, members in record.items()
    }
    content = {"application/json": {"schema": {"type": "object", "properties": inner}}}
    answers = {"200": {"description": "It.", "content": content}}
    named = [{"name": parameter, "in": "path", "required": True, "schema": {"type": "string"}}]
    paths = {
        "/things": {"post": {"operationId": "make", "responses": answers}},
        f"/things/{{{parameter}}}": {"parameters": named, "get": {"operationId": "read", "responses": answers}},
    }
    file = tmp_path / "a.json"
    file.write_bytes(orjson.dumps({"openapi": "3.1.0", "paths": paths}))
    contract, _ = read_contract("things", file)
    roles = infer_roles(contract.operations, SchemaReader(contract.document))

    assert (roles["read"].collection.key, roles["read"].wrapper) == (key, next(iter(record)))


def test_key_of_text_is_a_number_where_the_path_has_numbers(tmp_path: Path) -> None:
    """A record whose member is a text and whose path has an integer gets a key that the path can have."""
    toy = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
    answers = {"200": {"description": "It.", "content": {"application/json": {"schema": toy}}}}
    named = [{"name": "index", "in": "path", "required": True, "schema": {"type": "integer"}}]
    item = {"parameters": named, "get": {"operationId": "read", "responses": answers}}
    file = tmp_path / "a.json"
    paths = {"/toys": {"post": {"operationId": "make", "responses": answers}}, "/toys/{index}": item}
    file.write_bytes(orjson.dumps({"openapi": "3.1.0", "paths": paths}))
    contract, _ = read_contract("toys", file)
    mock = build_gateway([openapi_provider("toys", contract)], ServerSettings(entropy=7)).mock
    mock.workspaces.ensure_default()
    made = mock.handle(WireRequest("POST", "/toys/toys", "", (), b""))
    assert isinstance(made, WireResponse)
    key = orjson.loads(made.body)["id"]
    read = mock.handle(WireRequest("GET", f"/toys/toys/{key}", "", (), b""))

    assert isinstance(read, WireResponse)
    assert (read.status, orjson.loads(read.body)["id"]) == (200, key)


def test_list_has_no_more_records_than_its_schema_allows(tmp_path: Path) -> None:
    """Of two records one is listed where the document allows a list of one."""
    toy = {"type": "object", "properties": {"id": {"type": "string"}}}

    def answers(schema: object) -> dict[str, object]:
        return {"200": {"description": "It.", "content": {"application/json": {"schema": schema}}}}

    make, read = ({"operationId": each, "responses": answers(toy)} for each in ("make", "read"))
    show = {"operationId": "show", "responses": answers({"type": "array", "items": toy, "maxItems": 1})}
    named = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    file = tmp_path / "a.json"
    paths = {"/toys": {"post": make, "get": show}, "/toys/{id}": {"parameters": named, "get": read}}
    file.write_bytes(orjson.dumps({"openapi": "3.1.0", "paths": paths}))
    contract, _ = read_contract("toys", file)
    mock = build_gateway([openapi_provider("toys", contract)], ServerSettings(entropy=7)).mock
    mock.workspaces.ensure_default()
    made, _, found = (mock.handle(WireRequest(each, "/toys/toys", "", (), b"")) for each in ("POST", "POST", "GET"))

    assert isinstance(made, WireResponse)
    assert isinstance(found, WireResponse)
    assert orjson.loads(found.body) == [orjson.loads(made.body)]


def test_listed_record_has_what_the_list_requires(tmp_path: Path) -> None:
    """A record that was created with less than a list requires of each is listed with it."""
    toy = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
    listed = {**toy, "required": ["id", "name", "made"], "properties": {**toy["properties"], "made": {"const": "now"}}}  # type: ignore[dict-item]

    def answers(schema: object) -> dict[str, object]:
        return {"200": {"description": "It.", "content": {"application/json": {"schema": schema}}}}

    make = {"operationId": "make", "responses": answers(toy)}
    show = {"operationId": "show", "responses": answers({"type": "array", "items": listed})}
    named = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    item = {"parameters": named, "get": {"operationId": "read", "responses": answers(toy)}}
    file = tmp_path / "a.json"
    paths = {"/toys": {"post": make, "get": show}, "/toys/{id}": item}
    file.write_bytes(orjson.dumps({"openapi": "3.1.0", "paths": paths}))
    contract, _ = read_contract("toys", file)
    mock = build_gateway([openapi_provider("toys", contract)], ServerSettings(entropy=7)).mock
    mock.workspaces.ensure_default()
    made, found = (mock.handle(WireRequest(method, "/toys/toys", "", (), b"")) for method in ("POST", "GET"))

    assert isinstance(made, WireResponse)
    assert isinstance(found, WireResponse)
    assert orjson.loads(found.body) == [{**orjson.loads(made.body), "made": "now"}]
