"""What the OneFlow client signs, and where it sends it, against a scripted HTTP server on loopback."""

import hashlib
import hmac
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flowproof.clients import (
    UnexpectedAnswer,
)
from flowproof.clients.oneflow import OneFlow, Signer, iso_milliseconds
from flowproof.errors import ConfigurationError
from tests.clients.oneflow_answers import (
    NOON,
    NOON_TEXT,
    ORDER,
    ORDER_ID,
    RECEIPT,
    SECRET,
    TOKEN,
    order_json,
    page_json,
)
from tests.clients.scripted import Provider, Reply

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
