"""Changes outside schemas: operations, parameters, bodies, responses, headers, security, webhooks."""

from pathlib import Path
from typing import Any

import pytest

from tests.compatibility.documents import changes, document, found, operation

BIKE = {"name": "bike", "in": "query", "schema": {"type": "string"}}
KEY = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}
OAUTH = {"flows": {"clientCredentials": {"tokenUrl": "/token", "scopes": {}}}, "type": "oauth2"}
JSON: dict[str, Any] = {"application/json": {}}
XML: dict[str, Any] = {"application/xml": {}}


def parameters(*listed: Any) -> dict[str, Any]:
    """A document whose operation takes parameters."""
    return operation(parameters=listed)


def body(**members: Any) -> dict[str, Any]:
    """A document whose operation takes a body."""
    return operation(requestBody={"content": JSON, **members})


def answers(*statuses: str, **members: Any) -> dict[str, Any]:
    """A document whose operation answers with statuses."""
    return operation(responses={status: {"description": "", **members} for status in statuses})


def secured(*ways: Any, schemes: Any = KEY) -> dict[str, Any]:
    """A document whose operation is authenticated."""
    return {**operation(security=list(ways)), "components": schemes}


def webhook(**members: Any) -> dict[str, Any]:
    """A document with one webhook."""
    return document(webhooks={"rented": {"post": {"responses": {"200": {"description": ""}}, **members}}})


def sent(schema: Any) -> dict[str, Any]:
    """A document whose webhook has a body of a schema."""
    return webhook(requestBody={"content": {"application/json": {"schema": schema}}})


PAIRS: list[tuple[str, Any, Any, set[tuple[str, str]]]] = [
    ("operation added", document(), operation(), {("operation.added", "provider")}),
    ("operation removed", operation(), document(), {("operation.removed", "clients")}),
    ("operation deprecated", operation(), operation(deprecated=True), {("operation.deprecated", "none")}),
    ("operation no longer deprecated", operation(deprecated=True), operation(), {("operation.undeprecated", "none")}),
    ("operation id", operation(), operation(operationId="hire"), {("operation.id.changed", "none")}),
    ("version", document(), document(info={"title": "Bikes", "version": "2"}), {("document.version.changed", "none")}),
    ("server added", document(), document(servers=[{"url": "/a"}]), {("document.servers.added", "none")}),
    ("server removed", document(servers=[{"url": "/a"}]), document(), {("document.servers.removed", "clients")}),
    ("parameter added", parameters(), parameters(BIKE), {("parameter.added", "provider")}),
    (
        "required parameter added",
        parameters(),
        parameters({**BIKE, "required": True}),
        {("parameter.added.required", "both")},
    ),
    ("parameter removed", parameters(BIKE), parameters(), {("parameter.removed", "clients")}),
    ("required", parameters(BIKE), parameters({**BIKE, "required": True}), {("parameter.required", "clients")}),
    ("optional", parameters({**BIKE, "required": True}), parameters(BIKE), {("parameter.optional", "provider")}),
    ("form", parameters(BIKE), parameters({**BIKE, "explode": False}), {("parameter.form.changed", "both")}),
    ("form as by default", parameters(BIKE), parameters({**BIKE, "style": "form", "explode": True}), set()),
    (
        "schema of a parameter",
        parameters(BIKE),
        parameters({**BIKE, "schema": {"type": "string", "maxLength": 3}}),
        {("request.limit.tightened", "clients")},
    ),
    (
        "letter case of a header",
        parameters({"name": "X-Bike", "in": "header"}),
        parameters({"name": "x-bike", "in": "header"}),
        set(),
    ),
    ("deprecated", parameters(BIKE), parameters({**BIKE, "deprecated": True}), {("parameter.deprecated", "none")}),
    ("body added", operation(), body(), {("request.body.added", "provider")}),
    ("required body added", operation(), body(required=True), {("request.body.added.required", "both")}),
    ("body removed", body(), operation(), {("request.body.removed", "clients")}),
    ("body required", body(), body(required=True), {("request.body.required", "clients")}),
    ("body optional", body(required=True), body(), {("request.body.optional", "provider")}),
    (
        "media type of a request",
        body(),
        body(content=XML),
        {("request.media_type.added", "provider"), ("request.media_type.removed", "clients")},
    ),
    (
        "blank in a media type",
        body(content={"text/plain; charset=utf-8": {}}),
        body(content={"Text/plain;charset=utf-8": {}}),
        set(),
    ),
    (
        "status of a known class",
        answers("200", "400"),
        answers("200", "400", "422"),
        {("response.status.added", "none")},
    ),
    (
        "status of another class",
        answers("200"),
        answers("200", "422"),
        {("response.status.added.class", "clients")},
    ),
    ("error gone", answers("200", "404"), answers("200"), {("response.status.removed", "provider")}),
    ("success gone", answers("200", "201"), answers("200"), {("response.status.removed.success", "both")}),
    ("status for a class", answers("4XX"), answers("4xx"), set()),
    ("default covers it", answers("200", "default"), answers("200", "404", "default"), set()),
    (
        "media type of a response",
        answers("200", content=JSON),
        answers("200", content=XML),
        {("response.media_type.added", "provider"), ("response.media_type.removed", "both")},
    ),
    (
        "header added",
        answers("200"),
        answers("200", headers={"ETag": {}}),
        {("response.header.added", "none")},
    ),
    (
        "required header added",
        answers("200"),
        answers("200", headers={"ETag": {"required": True}}),
        {("response.header.added.required", "provider")},
    ),
    ("header removed", answers("200", headers={"ETag": {}}), answers("200"), {("response.header.removed", "clients")}),
    (
        "header optional",
        answers("200", headers={"ETag": {"required": True}}),
        answers("200", headers={"etag": {}}),
        {("response.header.optional", "clients")},
    ),
    (
        "authenticated",
        operation(),
        secured({"key": []}),
        {("security.added", "provider"), ("security.removed", "clients")},
    ),
    ("further way", secured({"key": []}), secured({"key": []}, {}), {("security.added", "provider")}),
    (
        "scope",
        secured({"key": ["read"]}),
        secured({"key": ["write"]}),
        {("security.scope.added", "clients"), ("security.scope.removed", "provider")},
    ),
    (
        "scheme",
        secured({"key": []}),
        secured({"key": []}, schemes={"securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "X-Key"}}}),
        {("security.scheme.changed", "both")},
    ),
    (
        "token URL",
        secured({"key": []}, schemes={"securitySchemes": {"key": OAUTH}}),
        secured(
            {"key": []},
            schemes={"securitySchemes": {"key": {**OAUTH, "flows": {"clientCredentials": {"tokenUrl": "/tokens"}}}}},
        ),
        {("security.scheme.changed", "both")},
    ),
    ("webhook added", document(), webhook(), {("webhook.added", "clients")}),
    ("webhook removed", webhook(), document(), {("webhook.removed", "both")}),
    ("webhook widened", sent({"enum": [1]}), sent({"enum": [1, 2]}), {("response.enum.added", "clients")}),
    ("webhook narrowed", sent({"enum": [1, 2]}), sent({"enum": [1]}), {("response.enum.removed", "provider")}),
    (
        "callback",
        operation(callbacks={"done": {"{$request.body#/url}": {"post": {"responses": {}}}}}),
        operation(),
        {("callback.removed", "both")},
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), [each[1:] for each in PAIRS], ids=[each[0] for each in PAIRS])
def test_each_kind_of_change_is_found(tmp_path: Path, old: Any, new: Any, expected: set[tuple[str, str]]) -> None:
    """A change outside schemas is found, it alone, with whom it breaks."""
    assert found(tmp_path, old, new) == expected


def test_path_parameter_may_be_renamed(tmp_path: Path) -> None:
    """Another name in a path's template changes no request."""
    one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    old = document(paths={"/bikes/{id}": {"get": {"parameters": [one], "responses": {}}}})
    new = document(paths={"/bikes/{bike}": {"get": {"parameters": [{**one, "name": "bike"}], "responses": {}}}})
    assert found(tmp_path, old, new) == {("operation.path.renamed", "none")}


def test_parameters_of_a_path_hold_for_its_operations(tmp_path: Path) -> None:
    """A parameter that moves from the operations to their path, or behind a reference, is the one that it was."""
    old = document(paths={"/bikes": {"get": {"parameters": [BIKE], "responses": {}}}})
    new = document(
        paths={"/bikes": {"parameters": [{"$ref": "#/components/parameters/Bike"}], "get": {"responses": {}}}},
        components={"parameters": {"Bike": BIKE}},
    )
    assert found(tmp_path, old, new) == set()


def test_change_names_both_places(tmp_path: Path) -> None:
    """A change has its file, pointer and line in both documents."""
    (only,) = changes(tmp_path, answers("200"), answers("200", "422"))
    assert only.old is not None
    assert only.new is not None
    assert only.new.pointer == "/paths/~1bikes~1{id}/post/responses/422"
    assert only.new.file.endswith("new/openapi.json")
    assert only.operations == ("POST /bikes/{id}",)
