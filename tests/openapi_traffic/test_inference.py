"""What a recording shows of an API, as an OpenAPI document: paths, values, credentials, and nothing that nobody saw."""

from typing import Any

import pytest

from flowproof.openapi.contract import make_regular
from flowproof.openapi_traffic import ObservedDocument, observed_document
from flowproof.recording import RecordingError, read_document
from tests.recording.archives import archive, entry, json_content, order_collection, posted

BASE = "https://api.toys.test"
PAGE = {"size": 9, "mimeType": "text/html", "text": "<p>hello"}
BEARER = {"Authorization": "Bearer abc-123-token"}


def seen(*entries: dict[str, Any], base_url: str | None = None) -> ObservedDocument:
    """The document of an archive; it can be made regular, as every document is."""
    found = observed_document("Toys", read_document("toys.har", archive(*entries)), base_url=base_url)
    assert make_regular(found.document) == []
    return found


def call(method: str, path: str, status: int = 200, sent: Any = None, answered: Any = None, **more: Any) -> Any:
    """An entry of an archive, with JSON."""
    return entry(
        method,
        f"{BASE}{path}",
        status,
        posted=posted(sent) if sent is not None else None,
        answered=json_content(answered) if answered is not None else None,
        **more,
    )


def paths(*requested: str, answered: Any = None) -> list[str]:
    """The templates of paths that were requested."""
    return list(seen(*(call("GET", each, answered=answered or {"a": 1}) for each in requested)).document["paths"])


@pytest.mark.parametrize(
    ("requested", "found"),
    [
        (["/toys", "/toys/17"], ["/toys", "/toys/{toyId}"]),
        (["/toys/0b8f5a52-6f0e-4a51-8f0c-5d1f6a1f7c11"], ["/toys/{toyId}"]),
        (["/companies/5910757faab8ec6f60127999/addresses"], ["/companies/{companyId}/addresses"]),
        (["/gift-cards/card_8XcQ1/redeem"], ["/gift-cards/{giftCardId}/redeem"]),
        (["/shops/7/toys/9"], ["/shops/{shopId}/toys/{toyId}"]),
        (["/api/v2/toys", "/api/v2/hours"], ["/hours", "/toys"]),
        (["/toys/search", "/toys/new"], ["/toys/new", "/toys/search"]),
        (["/toys/red", "/toys/blue", "/toys/green"], ["/toys/{toyId}"]),
        (["/w/default/acme/toys", "/w/default/acme/toys/17"], ["/toys", "/toys/{toyId}"]),
        (["/7/8"], ["/{id}/{id2}"]),
    ],
)
def test_segments_that_stand_for_one_thing_are_parameters(requested: list[str], found: list[str]) -> None:
    """Ids, numbers, and places at which several are answered alike are parameters; where an API is mounted is none."""
    assert paths(*requested) == found


def test_value_of_an_answer_that_reappears_in_a_path_is_a_parameter() -> None:
    """A word that an answer had under the name of an id is a parameter of that name."""
    document = seen(
        call("POST", "/toys", 201, {"name": "top"}, {"sku": "x", "toyReference": "spinner"}),
        call("GET", "/toys/spinner", answered={"toyReference": "spinner"}),
    ).document

    assert list(document["paths"]) == ["/toys", "/toys/{toyReference}"]
    assert [each["operationId"] for item in document["paths"].values() for each in item.values()] == [
        "createToy",
        "readToy",
    ]


def test_what_is_not_found_where_others_are_is_a_parameter() -> None:
    """A word whose answer is 404 stands for a record that there is not."""
    document = seen(
        call("GET", "/toys/17", answered={"id": 17}), call("GET", "/toys/nothing", 404, answered={"error": "none"})
    ).document

    assert list(document["paths"]) == ["/toys/{toyId}"]
    assert list(document["paths"]["/toys/{toyId}"]["get"]["responses"]) == ["200", "404"]


def test_schema_is_that_of_all_values() -> None:
    """Types, null, formats and members come from all values; a member that one of them lacks is not required."""
    first = {"id": 1, "price": 2, "made": "2026-01-01", "note": None, "tags": [], "at": "2026-01-01T12:00:00Z"}
    second = {"id": 2, "price": 2.5, "made": "2026-01-02", "note": "x", "tags": ["a"], "at": "soon", "more": True}
    document = seen(call("GET", "/toys/1", answered=first), call("GET", "/toys/2", answered=second)).document

    assert document["components"]["schemas"]["Toy"] == {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "price": {"type": "number"},
            "made": {"type": "string", "format": "date"},
            "note": {"type": ["null", "string"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "at": {"type": "string"},
            "more": {"type": "boolean"},
        },
        "required": ["id", "price", "made", "note", "tags", "at"],
    }


def required(*bodies: tuple[int, Any]) -> list[str]:
    """What a request has to have after these were sent and answered with these statuses."""
    document = seen(*(call("POST", "/toys", status, sent, {"ok": True}) for status, sent in bodies)).document
    found: list[str] = next(iter(document["components"]["schemas"].values())).get("required", [])
    return found


@pytest.mark.parametrize(
    ("bodies", "needed"),
    [
        ([(201, {"name": "a", "price": 1})], []),
        ([(201, {"name": "a", "price": 1}), (201, {"name": "b", "price": 2})], []),
        ([(201, {"name": "a", "price": 1}), (201, {"name": "b"})], ["name"]),
        ([(201, {"name": "a", "price": 1}), (422, {"name": "b"})], ["price"]),
    ],
)
def test_member_of_a_request_is_required_where_something_shows_it(
    bodies: list[tuple[int, Any]], needed: list[str]
) -> None:
    """One request shows nothing; several that differ show it, and so does one that was refused without the member."""
    assert required(*bodies) == needed


@pytest.mark.parametrize(
    ("headers", "query", "scheme"),
    [
        (BEARER, "", {"type": "http", "scheme": "bearer"}),
        ({"Authorization": "Basic YTpi"}, "", {"type": "http", "scheme": "basic"}),
        ({"X-Api-Key": "k-12345678"}, "", {"type": "apiKey", "in": "header", "name": "X-Api-Key"}),
        ({}, "?api_key=k-12345678", {"type": "apiKey", "in": "query", "name": "api_key"}),
        ({"Cookie": "theme=dark; session=s-12345678"}, "", {"type": "apiKey", "in": "cookie", "name": "session"}),
    ],
)
def test_credentials_become_a_security_scheme(headers: dict[str, str], query: str, scheme: Any) -> None:
    """How requests proved who sent them is a scheme of the operations that were answered so; the value is nowhere."""
    document = seen(call("GET", f"/toys{query}", answered={"a": 1}, headers=headers)).document
    (name,) = document["components"]["securitySchemes"]

    assert document["components"]["securitySchemes"][name] == scheme
    assert document["paths"]["/toys"]["get"]["security"] == [{name: []}]
    assert "12345678" not in str(document)


def test_scheme_is_known_from_a_refusal_where_a_browser_has_left_the_headers_out() -> None:
    """An archive without credentials still has the answer 401 that asks for them."""
    document = seen(
        call("GET", "/toys", 401, answered={"error": "who"}, answer_headers={"WWW-Authenticate": "Bearer realm=toys"}),
        call("GET", "/toys", answered={"a": 1}),
        call("GET", "/hours", answered={"a": 1}),
    ).document

    assert document["paths"]["/toys"]["get"]["security"] == [{"bearer": []}]
    assert document["paths"]["/hours"]["get"]["security"] == []


def test_operation_that_lets_everybody_in_is_open() -> None:
    """An operation that was answered without credentials has no security, though others have."""
    document = seen(
        call("GET", "/toys", answered={"a": 1}, headers=BEARER), call("GET", "/hours", answered={"a": 1})
    ).document

    assert document["paths"]["/hours"]["get"]["security"] == []
    assert document["paths"]["/toys"]["get"]["security"] == [{"bearer": []}]


def test_pages_and_other_hosts_are_left_out_and_counted() -> None:
    """The origin with the most JSON is the API; pages, pictures and other hosts are told as left out."""
    found = seen(
        entry("GET", f"{BASE}/", 200, answered=PAGE, answer_headers={"content-type": "text/html"}),
        entry("GET", "https://count.test/hit", 204),
        call("GET", "/toys", answered=[{"id": 1}]),
    )

    assert list(found.document["paths"]) == ["/toys"]
    assert found.left_out == ("1 requests to other addresses", "1 requests for pages, scripts and pictures of a site")


def test_base_url_can_be_named() -> None:
    """With a base URL paths begin there, whatever else was recorded."""
    found = seen(call("GET", "/shop/toys", answered={"a": 1}), base_url=f"{BASE}/shop")

    assert found.document["servers"] == [{"url": f"{BASE}/shop"}]
    assert list(found.document["paths"]) == ["/toys"]
    with pytest.raises(RecordingError, match="below the --base-url"):
        seen(call("GET", "/shop/toys", answered={"a": 1}), base_url="https://elsewhere.test")


def test_collection_of_postman_shows_variables_and_credentials() -> None:
    """Variables of paths are parameters, and what Postman makes of its settings is a scheme."""
    document = observed_document("Orders", read_document("orders.json", order_collection())).document

    assert list(document["paths"]) == ["/order", "/order/{orderId}"]
    assert document["components"]["securitySchemes"]["bearer"] == {"type": "http", "scheme": "bearer"}


def test_decisions_say_what_was_generalised() -> None:
    """Each parameter, status, member and further header is a decision, with how often it was seen."""
    found = seen(
        call("POST", "/toys", 201, {"name": "top"}, {"id": 17}, headers={"X-Shop": "north"}),
        call("GET", "/toys/17", answered={"id": 17}),
    )

    assert found.decisions == (
        "`createToy`: answered 201 (1 time); what else it answers is not known.",
        "`createToy`: a request may have `name`; none must be there.",
        "`createToy`: the headers `X-Shop` were sent; the document does not ask for them.",
        "`/toys/{toyId}`: `{toyId}` is a parameter; 1 value of it seen.",
        "`readToy`: answered 200 (1 time); what else it answers is not known.",
    )
