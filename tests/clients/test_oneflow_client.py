"""The OneFlow client against a scripted HTTP server on loopback."""

import hashlib
import hmac
import json
import logging
import pickle
import socket
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flowproof.clients import (
    NO_RETRY,
    ClientError,
    Forbidden,
    NotFound,
    NotInTime,
    RateLimited,
    Refused,
    Retry,
    ServerFailed,
    Unauthorized,
    UnexpectedAnswer,
    Unreachable,
    Validation,
    ValidationFailed,
)
from flowproof.clients.oneflow import OneFlow, Shipment, Signer, iso_milliseconds
from flowproof.errors import ConfigurationError, FlowproofError
from tests.clients.scripted import Provider, Reply

TOKEN = "test-token"
SECRET = "test-secret"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_TEXT = "2026-01-01T12:00:00.000Z"
ORDER_ID = "5910757faab8ec6f60127999"

ADDRESS = {"name": "Peter Pan", "address1": "17 Disney Way", "town": "LA", "postcode": "34757", "isoCountry": "US"}
ORDER = {"destination": {"name": "printcompanyx"}, "orderData": {"sourceOrderId": "SO-1", "items": [], "shipments": []}}
RECEIPT = {
    "_id": ORDER_ID,
    "url": f"https://s3.amazonaws.com/order/{ORDER_ID}",
    "timestamp": "2017-04-08T13:41:19.998Z",
    "sourceAccountId": "51bb2fc71745777ba63f3f11",
}
NOT_FOUND = {
    "success": False,
    "error": {"message": "Couldn't find a thing with that ID", "name": "NotFound", "code": 404},
}
INVALID = {
    "success": False,
    "error": {
        "ofError": True,
        "statusCode": 400,
        "code": 208,
        "message": "Validation Failed",
        "validations": [{"path": "orderData.sourceOrderId", "message": "Source Order ID already exists"}],
        "mongoErr": True,
    },
}


@pytest.fixture
def sleeps() -> list[float]:
    """The pauses of the client, in seconds."""
    return []


@pytest.fixture
def oneflow(provider: Provider, sleeps: list[float]) -> Iterator[OneFlow]:
    """A client of the scripted provider, at noon, that retries without jitter."""
    retry = Retry(attempts=4, first_delay_s=1, factor=2, jitter=0)
    client = OneFlow(provider.url, TOKEN, SECRET, retry=retry, now=lambda: NOON, sleep=sleeps.append, rng=Random(1))
    with client:
        yield client


def order_json(order_id: str = ORDER_ID, status: str = "dataready") -> dict[str, Any]:
    """An order as the provider shows it."""
    return {
        "_id": order_id,
        "__v": 1,
        "destination": {"id": "d1", "name": "printcompanyx"},
        "source": {"id": "s1", "name": "acct"},
        "orderData": {
            "sourceOrderId": "SO-1",
            "status": status,
            "items": [
                {
                    "_id": "i1",
                    "sourceItemId": "SI-1",
                    "sku": "SKU-1",
                    "quantity": 2,
                    "shipmentIndex": 0,
                    "status": "live",
                    "components": [{"_id": "c1", "code": "text", "path": "http://x.test/a.pdf", "status": "live"}],
                }
            ],
            "shipments": [{"_id": "h1", "shipmentIndex": 0, "shipTo": ADDRESS, "carrier": {"alias": "post"}}],
        },
    }


def page_json(numbers: range, *, page: int, pages: int | None) -> dict[str, Any]:
    """A page of orders."""
    told = {} if pages is None else {"pages": pages, "count": 99}
    return {"success": True, "page": page, "data": [order_json(f"{number:024x}") for number in numbers], **told}


# --- signing ---------------------------------------------------------------------------------------------------------

VECTORS = [
    (
        "sha256",
        "POST",
        "/api/order",
        NOON_TEXT,
        "5eb43d34789cde45f542b7de491e960cf570ed1cfb5b29b8b12d1514685241ba",
    ),
    ("sha1", "POST", "/api/order", "2014-03-10 17:16:18", "14f37857abf59fd23dcf99313339975b28ebdddd"),
    ("sha1", "POST", "/api/order", NOON_TEXT, "c0c8ebd497c59caa0f0f7210318fadd503aa98cf"),
    (
        "sha256",
        "GET",
        "/api/order",
        NOON_TEXT,
        "9ccdd68dd59aa42150d0349d5cc1fbdb3111a9a915fcb06d04821c261b70eb22",
    ),
    ("sha1", "PUT", "/api/order/acct/SO-1/cancel", "1700000000", "001eb16b7dc44132784be5e873f7e4c03599071a"),
]


@pytest.mark.parametrize(("algorithm", "method", "path", "timestamp", "expected"), VECTORS)
def test_signature_equals_the_known_answer(
    algorithm: Any, method: str, path: str, timestamp: str, expected: str
) -> None:
    """Each published or independently computed signature is reproduced."""
    assert Signer(TOKEN, SECRET, algorithm).signature(method, path, timestamp) == expected


def test_submit_carries_the_sha1_signature_of_the_vector(provider: Provider, oneflow: OneFlow) -> None:
    """A submission at noon carries the known SHA-1 signature, its date, and no algorithm header."""
    provider.replies(Reply(201, RECEIPT))

    oneflow.submit(ORDER)

    sent = {name.lower(): value for name, value in provider.seen[0].headers.items() if "oneflow" in name.lower()}
    assert sent == {
        "x-oneflow-authorization": "test-token:c0c8ebd497c59caa0f0f7210318fadd503aa98cf",
        "x-oneflow-date": NOON_TEXT,
    }


def test_sha256_is_announced_in_its_header(provider: Provider) -> None:
    """A SHA-256 signature equals the known one, and a header names the algorithm."""
    provider.replies(Reply(201, RECEIPT))

    with OneFlow(provider.url, TOKEN, SECRET, algorithm="sha256", now=lambda: NOON) as oneflow:
        oneflow.submit(ORDER)

    headers = provider.seen[0].headers
    assert (headers["x-oneflow-algorithm"], headers["x-oneflow-authorization"]) == (
        "SHA256",
        "test-token:5eb43d34789cde45f542b7de491e960cf570ed1cfb5b29b8b12d1514685241ba",
    )


def test_query_is_not_signed(provider: Provider) -> None:
    """The signature of a listing covers the path alone."""
    provider.replies(Reply(200, page_json(range(0), page=1, pages=1)))

    with OneFlow(provider.url, TOKEN, SECRET, algorithm="sha256", now=lambda: NOON) as oneflow:
        oneflow.orders(2, 3)

    assert (
        provider.seen[0]
        .headers["x-oneflow-authorization"]
        .endswith(":9ccdd68dd59aa42150d0349d5cc1fbdb3111a9a915fcb06d04821c261b70eb22")
    )


def test_date_format_can_be_replaced(provider: Provider) -> None:
    """The date is free text: the document's own form can be sent."""
    provider.replies(Reply(201, RECEIPT))

    with OneFlow(
        provider.url, TOKEN, SECRET, now=lambda: NOON, date_format=lambda at: f"{at:%Y-%m-%d %H:%M:%S}"
    ) as oneflow:
        oneflow.submit(ORDER)

    assert provider.seen[0].headers["x-oneflow-date"] == "2026-01-01 12:00:00"


def test_timestamp_is_utc_with_milliseconds() -> None:
    """A moment of another zone is written in UTC, cut to milliseconds."""
    assert iso_milliseconds(datetime.fromisoformat("2026-11-22T06:13:20.866999+02:00")) == "2026-11-22T04:13:20.866Z"


@given(source_order_id=st.text(min_size=1))
@example(source_order_id=".")
@example(source_order_id="..")  # a step up the path, once requests has decoded its %2E
@example(source_order_id="a/b?c#d%2F e+f~ü")
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_id_arrives_equal_and_signed_as_sent(provider: Provider, oneflow: OneFlow, source_order_id: str) -> None:
    """Any source order id is decoded to the same id by the server, and the received path is the signed one."""
    provider.replies(Reply(200, order_json()))

    oneflow.cancel("acct", source_order_id)

    seen = provider.seen[-1]
    signed = hmac.new(SECRET.encode(), f"PUT {seen.target} {NOON_TEXT}".encode(), hashlib.sha1).hexdigest()
    segments = seen.path.split("/")
    assert [unquote(segment) for segment in segments] == ["", "api", "order", "acct", source_order_id, "cancel"]
    assert seen.headers["x-oneflow-authorization"] == f"{TOKEN}:{signed}"


def test_id_of_dots_is_no_step_up_the_path(provider: Provider, oneflow: OneFlow) -> None:
    """An id of dots is sent encoded, so that it does not change the path."""
    provider.replies(Reply(200, order_json()))

    oneflow.cancel(".", "..")

    assert provider.seen[0].target == "/api/order/%2E/%2E%2E/cancel"


def test_empty_id_is_refused_before_anything_is_sent(oneflow: OneFlow) -> None:
    """An empty id is refused, since it would address another operation."""
    with pytest.raises(ValueError, match="cannot be empty"):
        oneflow.order("")


# --- where requests go -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_url", "base_url"),
    [
        ("https://pro-api.oneflowcloud.com", "https://pro-api.oneflowcloud.com"),
        ("https://pro-api.oneflowcloud.com/", "https://pro-api.oneflowcloud.com"),
        ("https://pro-api.oneflowcloud.com/api", "https://pro-api.oneflowcloud.com"),
        ("https://pro-api.oneflowcloud.com/api//", "https://pro-api.oneflowcloud.com"),
        ("http://localhost:4010/w/ws1/oneflow/api/", "http://localhost:4010/w/ws1/oneflow"),
        ("http://api", "http://api"),  # a host of that name is not the path
        ("http://localhost/myapi", "http://localhost/myapi"),
    ],
)
def test_base_url_is_normalised(given_url: str, base_url: str) -> None:
    """A base URL may end with a slash or with /api."""
    assert OneFlow(given_url, TOKEN, SECRET).base_url == base_url


@pytest.mark.parametrize(
    "url",
    ["", "localhost:4010", "ftp://localhost", "http://", "http://[::1", "http://u:p@h", "http://h?a=1", "http://h#a"],
)
def test_unusable_base_url_is_refused(url: str) -> None:
    """A base URL that cannot be used is a configuration error."""
    with pytest.raises(ConfigurationError):
        OneFlow(url, TOKEN, SECRET)


@pytest.mark.parametrize(
    ("token", "secret", "algorithm"),
    [("", "s3cret", "sha1"), ("a\nb", "s3cret", "sha1"), ("ü", "s3cret", "sha1"), ("a", "", "sha1"), ("a", "s", "md5")],
)
def test_unusable_credentials_are_refused(token: str, secret: str, algorithm: Any) -> None:
    """Credentials that cannot be used are a configuration error."""
    with pytest.raises(ConfigurationError):
        OneFlow("http://localhost", token, secret, algorithm=algorithm)


def test_prefix_is_sent_but_not_signed(provider: Provider) -> None:
    """With a prefix in the base URL, the signed path starts at /api."""
    provider.replies(Reply(201, RECEIPT))

    with OneFlow(f"{provider.url}/w/ws1/oneflow/api", TOKEN, SECRET, now=lambda: NOON) as oneflow:
        oneflow.submit(ORDER)

    seen = provider.seen[0]
    assert (seen.path, seen.headers["x-oneflow-authorization"]) == (
        "/w/ws1/oneflow/api/order",
        "test-token:c0c8ebd497c59caa0f0f7210318fadd503aa98cf",
    )


def test_only_submit_goes_to_the_orders_host(provider: Provider) -> None:
    """With a separate host for submissions, validation still uses the base URL."""
    provider.replies(Reply(201, RECEIPT), Reply(200, ORDER))

    with OneFlow(f"{provider.url}/pro", TOKEN, SECRET, orders_url=f"{provider.url}/orders/") as oneflow:
        oneflow.submit(ORDER)
        oneflow.validate(ORDER)

    assert [seen.path for seen in provider.seen] == ["/orders/api/order", "/pro/api/order/validate"]


def test_production_has_two_hosts() -> None:
    """Production submits to the documented host, and uses the other one for the rest."""
    oneflow = OneFlow.production(TOKEN, SECRET, algorithm="sha256")

    assert (oneflow.base_url, oneflow.orders_url) == ("https://pro-api.oneflowcloud.com", "https://orders.oneflow.io")


def test_redirect_is_not_followed(provider: Provider, oneflow: OneFlow) -> None:
    """A redirect is not followed, so that no other host sees the signature."""
    provider.replies(Reply(302, b"", {"Location": "/elsewhere"}))

    with pytest.raises(UnexpectedAnswer):
        oneflow.order(ORDER_ID)

    assert len(provider.seen) == 1


def test_a_session_handed_in_keeps_its_hooks_and_headers(provider: Provider) -> None:
    """A given session is used with its own headers and hooks."""
    provider.replies(Reply(200, order_json()))
    statuses: list[int] = []
    session = requests.Session()
    session.headers["X-Partner"] = "acme"
    session.hooks["response"].append(lambda response, **_: statuses.append(response.status_code))

    with OneFlow(provider.url, TOKEN, SECRET, session=session) as oneflow:
        oneflow.order(ORDER_ID)

    assert (statuses, provider.seen[0].headers["X-Partner"]) == ([200], "acme")


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_order_is_sent_as_json_whatever_mapping_it_is(provider: Provider, oneflow: OneFlow) -> None:
    """An order of nested read-only mappings is sent as the same JSON."""
    provider.replies(Reply(200, ORDER))

    oneflow.validate(MappingProxyType({**ORDER, "destination": MappingProxyType({"name": "printcompanyx"})}))

    seen = provider.seen[0]
    assert (json.loads(seen.body), seen.headers["Content-Type"]) == (ORDER, "application/json")


def test_order_with_nan_is_never_sent(provider: Provider, oneflow: OneFlow) -> None:
    """NaN is not JSON, so nothing is sent."""
    with pytest.raises(ValueError, match="JSON compliant"):
        oneflow.submit({"orderData": {"weight": float("nan")}})

    assert provider.seen == []


def test_cancel_sends_no_body(provider: Provider, oneflow: OneFlow) -> None:
    """A cancellation is a PUT without a body and without a content type."""
    provider.replies(Reply(200, order_json(status="cancelled")))

    cancelled = oneflow.cancel("acct", "SO-1")

    seen = provider.seen[0]
    assert (seen.method, seen.body, "Content-Type" in seen.headers) == ("PUT", b"", False)
    assert cancelled.status == "cancelled"


def test_update_shipping_sends_only_what_is_given(provider: Provider, oneflow: OneFlow) -> None:
    """Without a carrier and a tracking number only the address is sent."""
    provider.replies(Reply(200, {"shipmentIndex": 1, "sourceOrderId": "SO-1", "shipTo": ADDRESS}))

    oneflow.update_shipping("SO-1", 1, ship_to=ADDRESS)

    assert (provider.seen[0].path, json.loads(provider.seen[0].body)) == (
        "/api/shipment/SO-1/1/shipping",
        {"shipTo": ADDRESS},
    )


def test_update_shipping_sends_carrier_and_tracking_number(provider: Provider, oneflow: OneFlow) -> None:
    """A carrier and a tracking number are sent under the document's names."""
    provider.replies(Reply(200, {"shipmentIndex": 0}))
    carrier = {"code": "ups", "service": "ground"}

    oneflow.update_shipping("SO-1", 0, ship_to=ADDRESS, carrier=carrier, tracking_number="1Z")

    assert json.loads(provider.seen[0].body) == {"shipTo": ADDRESS, "carrier": carrier, "trackingNumber": "1Z"}


# --- what is read ----------------------------------------------------------------------------------------------------


def test_submission_is_read_as_documented(provider: Provider, oneflow: OneFlow) -> None:
    """The receipt has the id, the URL, the time and the account."""
    provider.replies(Reply(201, RECEIPT))

    receipt = oneflow.submit(ORDER)

    assert (receipt.id, receipt.url, receipt.timestamp, receipt.source_account_id) == tuple(RECEIPT.values())


def test_submission_of_the_synchronous_api_has_the_id(provider: Provider, oneflow: OneFlow) -> None:
    """An older host answers with the order itself, whose id is read."""
    provider.replies(Reply(201, {"order": order_json(), "success": True}))

    assert oneflow.submit(ORDER).id == ORDER_ID


def test_validate_returns_the_order_as_read(provider: Provider, oneflow: OneFlow) -> None:
    """A valid order is returned as the provider reads it."""
    provider.replies(Reply(200, ORDER))

    assert oneflow.validate(ORDER) == ORDER


def test_order_is_read_into_typed_fields(provider: Provider, oneflow: OneFlow) -> None:
    """An order's ids, names and status are fields."""
    provider.replies(Reply(200, order_json()))

    order = oneflow.order(ORDER_ID)

    assert (order.id, order.status, order.source_order_id, order.source_name, order.destination_name) == (
        ORDER_ID,
        "dataready",
        "SO-1",
        "acct",
        "printcompanyx",
    )


def test_items_and_shipments_are_read_into_typed_fields(provider: Provider, oneflow: OneFlow) -> None:
    """An order's items with their components, and its shipments, are values."""
    provider.replies(Reply(200, order_json()))

    order = oneflow.order(ORDER_ID)

    (item,), (shipment,) = order.items, order.shipments
    assert (item.sku, item.quantity, item.components[0].code) == ("SKU-1", 2, "text")
    assert (shipment.shipment_index, shipment.ship_to, shipment.carrier) == (0, ADDRESS, {"alias": "post"})


def test_wrapped_order_reads_like_a_bare_one(provider: Provider, oneflow: OneFlow) -> None:
    """A wrapped order gives the same result."""
    provider.replies(Reply(200, {"order": order_json(), "success": True}), Reply(200, order_json()))

    assert oneflow.order(ORDER_ID) == oneflow.order(ORDER_ID)


def test_unknown_fields_are_kept_in_raw(provider: Provider, oneflow: OneFlow) -> None:
    """Fields without a name in the client are in raw."""
    provider.replies(Reply(200, {**order_json(), "mood": "sunny"}))

    assert oneflow.order(ORDER_ID).raw["mood"] == "sunny"


def test_null_and_missing_read_alike(provider: Provider, oneflow: OneFlow) -> None:
    """An order may have nothing but its id; null reads as missing."""
    provider.replies(Reply(200, {"_id": ORDER_ID, "source": None, "orderData": None}))

    order = oneflow.order(ORDER_ID)

    assert (order.status, order.source_name, order.items) == (None, None, ())


def test_updated_shipment_is_read(provider: Provider, oneflow: OneFlow) -> None:
    """The updated shipment is returned, whatever fields it lacks."""
    body = {"shipmentIndex": 1, "sourceOrderId": "SO-1", "shipTo": ADDRESS, "trackingNumber": "1Z"}
    provider.replies(Reply(200, body))

    shipment = oneflow.update_shipping("SO-1", 1, ship_to=ADDRESS)

    assert shipment == Shipment(
        id=None,
        shipment_index=1,
        source_order_id="SO-1",
        source_shipment_id=None,
        status=None,
        ship_to=ADDRESS,
        carrier={},
        tracking_number="1Z",
        tracking_url=None,
        shipped_date=None,
        raw=body,
    )


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "/_id"),
        ([], ""),
        ({"_id": True}, "/_id"),
        ({"_id": "1", "orderData": []}, "/orderData"),
        ({"_id": "1", "orderData": {"items": {}}}, "/orderData/items"),
        ({"_id": "1", "orderData": {"items": [{}, {"quantity": "2"}]}}, "/orderData/items/1/quantity"),
        ({"order": {"status": "x"}}, "/order/_id"),
    ],
)
def test_answer_of_another_shape_says_where(provider: Provider, oneflow: OneFlow, body: object, where: str) -> None:
    """A field that is missing or of the wrong type is named by its JSON pointer."""
    provider.replies(Reply(200, body))

    with pytest.raises(UnexpectedAnswer) as unexpected:
        oneflow.order(ORDER_ID)

    assert unexpected.value.where == where


@pytest.mark.parametrize("body", [b"", b"<html>oops</html>", b'{"_id": NaN}', b"\xff\xfe\x00", b"[" * 100_000])
def test_body_that_is_not_json_is_unexpected(provider: Provider, oneflow: OneFlow, body: bytes) -> None:
    """A success whose body is not JSON is an unexpected response, and says so."""
    provider.replies(Reply(200, body))

    with pytest.raises(UnexpectedAnswer, match="answered 200, but the answer is not JSON"):
        oneflow.order(ORDER_ID)


# --- paging and waiting ----------------------------------------------------------------------------------------------


def test_orders_asks_for_page_and_pagesize(provider: Provider, oneflow: OneFlow) -> None:
    """A page is requested by number and size, and has the number of pages."""
    provider.replies(Reply(200, page_json(range(3, 6), page=2, pages=33)))

    page = oneflow.orders(2, 3)

    assert parse_qs(urlsplit(provider.seen[0].target).query) == {"page": ["2"], "pagesize": ["3"]}
    assert (page.page, page.pages, page.count, len(page.orders)) == (2, 33, 99, 3)


def test_page_without_data_is_unexpected(provider: Provider, oneflow: OneFlow) -> None:
    """A page without a list of orders is an error."""
    provider.replies(Reply(200, {"success": True}))

    with pytest.raises(UnexpectedAnswer) as unexpected:
        oneflow.orders()

    assert unexpected.value.where == "/data"


@pytest.mark.parametrize("pages", [3, None])
def test_all_orders_visits_each_once(provider: Provider, oneflow: OneFlow, pages: int | None) -> None:
    """All orders are returned once, although new orders push others to later pages."""
    provider.replies(
        Reply(200, page_json(range(4), page=1, pages=pages)),
        Reply(200, page_json(range(2, 6), page=2, pages=pages)),
        Reply(200, page_json(range(6, 8), page=3, pages=pages)),
        Reply(200, page_json(range(0), page=4, pages=pages)),
    )

    ids = [int(order.id, 16) for order in oneflow.all_orders(pagesize=4)]

    assert ids == list(range(8))


def test_all_orders_ends_where_a_provider_ignores_the_page(provider: Provider, oneflow: OneFlow) -> None:
    """The iterator ends where the provider answers every page with the first."""
    provider.replies(Reply(200, page_json(range(4), page=1, pages=None)))

    assert len(list(oneflow.all_orders())) == 4


def test_all_orders_asks_for_no_page_before_it_is_wanted(provider: Provider, oneflow: OneFlow) -> None:
    """The second page is requested only after the first is used up."""
    provider.replies(Reply(200, page_json(range(4), page=1, pages=9)))

    next(oneflow.all_orders())

    assert len(provider.seen) == 1


def test_wait_for_order_polls_until_it_is_found(provider: Provider, oneflow: OneFlow, sleeps: list[float]) -> None:
    """The client polls until the order is found."""
    provider.replies(Reply(404, NOT_FOUND), Reply(404, NOT_FOUND), Reply(200, order_json()))

    order = oneflow.wait_for_order(ORDER_ID, timeout_s=10, poll_s=2)

    assert (order.id, sleeps) == (ORDER_ID, [2, 2])


@pytest.mark.parametrize("until", ["printready", {"printready", "shipped"}, lambda order: order.status == "printready"])
def test_wait_for_order_waits_for_a_status(provider: Provider, oneflow: OneFlow, until: Any) -> None:
    """One status, several, or a condition: the order is returned once it fits."""
    provider.replies(Reply(200, order_json(status="print")), Reply(200, order_json(status="printready")))

    assert oneflow.wait_for_order(ORDER_ID, until=until, timeout_s=10).status == "printready"


def test_wait_for_order_ends_when_time_is_over(provider: Provider, oneflow: OneFlow, sleeps: list[float]) -> None:
    """Waiting ends after the timeout, even while the clock stands still."""
    provider.replies(Reply(404, NOT_FOUND))

    with pytest.raises(NotInTime, match="the order is not found yet after 5 s"):
        oneflow.wait_for_order(ORDER_ID, timeout_s=5, poll_s=2)

    assert sleeps == [2, 2, 1]


def test_wait_for_order_counts_the_time_of_slow_answers(provider: Provider) -> None:
    """The time of slow responses counts as waiting."""
    provider.replies(Reply(200, order_json(status="received")))
    minutes = iter(range(60))
    sleeps: list[float] = []

    with (
        OneFlow(
            provider.url, TOKEN, SECRET, now=lambda: NOON.replace(minute=next(minutes)), sleep=sleeps.append
        ) as oneflow,
        pytest.raises(NotInTime, match="status 'received'"),
    ):
        oneflow.wait_for_order(ORDER_ID, until={"shipped"}, timeout_s=100, poll_s=1)

    assert sleeps == []


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (401, {"message": "Token Not Found"}, Unauthorized, "Token Not Found"),
        (403, {"message": "Missing Authentication Token"}, Forbidden, "Missing Authentication Token"),
        (404, NOT_FOUND, NotFound, "Couldn't find a thing with that ID"),
        (400, {"success": False, "error": {"message": "Order already cancelled"}}, Refused, "Order already cancelled"),
        (409, {"error": "conflict"}, Refused, "conflict"),
        (400, INVALID, ValidationFailed, "Validation Failed"),
        (429, {"message": "Limit exceeded"}, RateLimited, "Limit exceeded"),
        (500, b"<html>oops</html>", ServerFailed, "<html>oops</html>"),
        (503, b"", ServerFailed, "Service Unavailable"),
        (502, b"[" * 100_000, ServerFailed, "[" * 200 + "…"),
        (400, {"error": {"message": 7}}, Refused, '{"error": {"message": 7}}'),
    ],
)
def test_each_refusal_has_its_error(
    provider: Provider, status: int, body: object, kind: type[ClientError], message: str
) -> None:
    """Each status has its own class, with the provider's message from any envelope."""
    provider.replies(Reply(status, body))

    with OneFlow(provider.url, TOKEN, SECRET, retry=NO_RETRY) as oneflow, pytest.raises(ClientError) as raised:
        oneflow.order(ORDER_ID)

    error = raised.value
    assert (type(error), error.status, error.message) == (kind, status, message)


def test_error_names_the_request(provider: Provider, oneflow: OneFlow) -> None:
    """An error has the request, its status, code and message."""
    provider.replies(Reply(404, NOT_FOUND))

    with pytest.raises(NotFound) as raised:
        oneflow.cancel("acct", "a b")

    assert str(raised.value) == ("PUT /api/order/acct/a%20b/cancel answered 404: Couldn't find a thing with that ID")
    assert raised.value.code == 404


def test_failed_validation_lists_its_faults(provider: Provider, oneflow: OneFlow) -> None:
    """Each validation error has the provider's path and message."""
    provider.replies(Reply(400, INVALID))

    with pytest.raises(ValidationFailed, match=r"\(orderData.sourceOrderId: Source Order ID") as raised:
        oneflow.validate(ORDER)

    assert raised.value.validations == (Validation("orderData.sourceOrderId", "Source Order ID already exists"),)


@pytest.mark.parametrize("told", [{"code": 208}, {"validations": [{"path": "a", "message": "b"}, "noise"]}])
def test_code_or_faults_alone_mean_validation_failed(
    provider: Provider, oneflow: OneFlow, told: dict[str, object]
) -> None:
    """Either the code 208 or a list of errors makes a refusal a failed validation."""
    provider.replies(Reply(400, {"success": False, "error": {"message": "no", **told}}))

    with pytest.raises(ValidationFailed):
        oneflow.validate(ORDER)


def test_errors_stand_below_the_one_root(provider: Provider, oneflow: OneFlow) -> None:
    """FlowproofError is a base class of every error that a client raises."""
    provider.replies(Reply(401, {"message": "Token Not Found"}))

    with pytest.raises(FlowproofError):
        oneflow.order(ORDER_ID)


def test_error_survives_pickling() -> None:
    """An error can be pickled whole."""
    error = ValidationFailed(
        method="POST", path="/api/order", status=400, message="no", validations=(Validation("a", "b"),)
    )

    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), vars(copy)) == (ValidationFailed, vars(error))


# --- trouble on the way ----------------------------------------------------------------------------------------------


def test_submit_is_retried_on_503(provider: Provider, oneflow: OneFlow, sleeps: list[float]) -> None:
    """A submission is sent again after 503, with growing delays."""
    provider.replies(Reply(503, b""), Reply(503, b""), Reply(201, RECEIPT))

    receipt = oneflow.submit(ORDER)

    assert (receipt.id, sleeps, len(provider.seen)) == (ORDER_ID, [1, 2], 3)


def test_each_retry_is_signed_afresh(provider: Provider) -> None:
    """Each retry has its own date and signature."""
    provider.replies(Reply(503, b""), Reply(201, RECEIPT))
    moments = iter(NOON.replace(second=second) for second in range(60))

    with OneFlow(provider.url, TOKEN, SECRET, now=lambda: next(moments), sleep=lambda _: None) as oneflow:
        oneflow.submit(ORDER)

    first, second = provider.seen
    assert first.headers["x-oneflow-date"] != second.headers["x-oneflow-date"]
    assert first.headers["x-oneflow-authorization"] != second.headers["x-oneflow-authorization"]


@pytest.mark.parametrize("header", ["18", "Thu, 01 Jan 2026 12:00:18 GMT"])
def test_retry_after_is_honoured(provider: Provider, oneflow: OneFlow, sleeps: list[float], header: str) -> None:
    """A Retry-After in seconds or as a date is respected."""
    provider.replies(Reply(429, {"message": "slow"}, {"Retry-After": header}), Reply(200, order_json()))

    oneflow.order(ORDER_ID)

    assert sleeps == [18]


def test_rate_limit_tells_how_long_to_wait(provider: Provider, oneflow: OneFlow) -> None:
    """A Retry-After beyond the longest delay is in the error."""
    provider.replies(Reply(429, {"message": "slow"}, {"Retry-After": "3600"}))

    with pytest.raises(RateLimited) as raised:
        oneflow.submit(ORDER)

    assert (raised.value.retry_after_s, len(provider.seen)) == (3600, 1)


def test_submit_is_not_resent_after_a_reset(provider: Provider, oneflow: OneFlow) -> None:
    """A submission with a reset connection is not sent again, since it may have been stored."""
    provider.replies(Reply(reset=True), Reply(201, RECEIPT))

    with pytest.raises(Unreachable):
        oneflow.submit(ORDER)

    assert len(provider.seen) == 1


def test_cancel_is_not_resent_after_a_reset(provider: Provider, oneflow: OneFlow) -> None:
    """A cancellation with a reset connection is not sent again, since it may have been processed."""
    provider.replies(Reply(reset=True), Reply(200, order_json()))

    with pytest.raises(Unreachable):
        oneflow.cancel("acct", "SO-1")

    assert len(provider.seen) == 1


def test_read_is_resent_after_a_reset(provider: Provider, oneflow: OneFlow, sleeps: list[float]) -> None:
    """A read with a reset connection is sent again."""
    provider.replies(Reply(reset=True), Reply(200, order_json()))

    assert (oneflow.order(ORDER_ID).id, sleeps) == (ORDER_ID, [1])


def test_validation_is_resent_after_a_reset(provider: Provider, oneflow: OneFlow) -> None:
    """A validation changes nothing, so it is sent again."""
    provider.replies(Reply(reset=True), Reply(200, ORDER))

    assert oneflow.validate(ORDER) == ORDER


def test_truncated_body_is_unreachable(provider: Provider, oneflow: OneFlow) -> None:
    """A truncated body is a lost response, with its cause."""
    provider.replies(Reply(201, RECEIPT, cut=10))

    with pytest.raises(Unreachable, match="broke off") as raised:
        oneflow.submit(ORDER)

    assert isinstance(raised.value.__cause__, requests.exceptions.ChunkedEncodingError)


def test_silent_provider_is_unreachable(provider: Provider) -> None:
    """A provider that sends nothing is a lost response after the timeout."""
    provider.replies(Reply(stall_s=30))

    with (
        OneFlow(provider.url, TOKEN, SECRET, timeout_s=0.05) as oneflow,
        pytest.raises(Unreachable, match=r"^POST /api/order got no whole answer: nothing came for 0\.05 s$"),
    ):
        oneflow.submit(ORDER)


def test_closed_port_is_unreachable() -> None:
    """A refused connection is a lost response without a status."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with (
        OneFlow(f"http://127.0.0.1:{port}", TOKEN, SECRET, retry=NO_RETRY) as oneflow,
        pytest.raises(Unreachable) as raised,
    ):
        oneflow.order(ORDER_ID)

    assert raised.value.status is None


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_repr_shows_no_credentials() -> None:
    """Neither the client nor its signer shows token or secret."""
    shown = repr(OneFlow("http://localhost", TOKEN, SECRET)) + repr(Signer(TOKEN, SECRET))

    assert (TOKEN in shown, SECRET in shown) == (False, False)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401, {"message": f"bad secret {SECRET}"}),
        Reply(500, f"secret {SECRET}".encode()),
        Reply(
            400, {"error": {"message": SECRET, "code": SECRET, "validations": [{"path": SECRET, "message": SECRET}]}}
        ),
        Reply(200, f"secret {SECRET}".encode()),
        Reply(reset=True),
    ],
)
def test_error_never_shows_the_secret(
    provider: Provider, oneflow: OneFlow, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    """Whatever the provider echoes, no error, traceback with its locals, or log line has the secret."""
    caplog.set_level(logging.DEBUG)
    provider.replies(reply)

    with pytest.raises(ClientError) as raised:
        oneflow.submit(ORDER)

    frames = "".join(traceback.format_exception(raised.value))
    assert SECRET not in repr(raised.value) + str(raised.value) + frames + caplog.text


def test_lost_connection_shows_no_secret_in_locals(provider: Provider, oneflow: OneFlow) -> None:
    """A traceback with the locals of every frame has no secret."""
    provider.replies(Reply(reset=True))

    with pytest.raises(Unreachable) as raised:
        oneflow.submit(ORDER)

    trace = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    assert SECRET not in "".join(trace.format())


def test_error_never_shows_the_signature(provider: Provider, oneflow: OneFlow) -> None:
    """A signature that the provider echoes is hidden."""
    provider.replies(Reply(401, {"message": "bad signature c0c8ebd497c59caa0f0f7210318fadd503aa98cf"}))

    with pytest.raises(Unauthorized) as raised:
        oneflow.submit(ORDER)

    assert raised.value.message == "bad signature [hidden]"
