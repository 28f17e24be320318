"""The Flow1st client and its webhook verifier, against a scripted HTTP server on loopback."""

import base64
import hashlib
import hmac
import json
import pickle
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from random import Random
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowproof.clients import (
    NO_RETRY,
    ClientError,
    NotFound,
    RateLimited,
    Refused,
    Retry,
    ServerFailed,
    Unauthorized,
    UnexpectedAnswer,
    Unreachable,
)
from flowproof.clients.flow1st import (
    DONE,
    STATUSES,
    Bundle,
    Flow1st,
    Signer,
    WebhookRefused,
    WebhookVerifier,
    iso_microseconds,
)
from flowproof.errors import ConfigurationError, FlowproofError
from tests.clients import scripted
from tests.clients.scripted import Reply, Seen, serving

KEY, SECRET, SIGNING_KEY = "test-api-key", "test-api-secret", "test-signing-key"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
VECTORS = json.loads(
    files("flowproof.fixtures").joinpath("flow1st").joinpath("vectors").joinpath("signatures.json").read_bytes()
)

TOKEN, REFRESH = "/api/distributors/auth/token", "/api/distributors/auth/refresh"
CATALOG = "/api/distributors/products"
VALIDATION, ORDER = "/api/orders/distributors/user-validation", "/api/orders/distributors/order-complete"
AUTHENTICATION = "application/vnd.carry1st.products.distributorauthentication+json"
PLACED = {"reference": "C-113976984704914-P", "externalReference": "ext-1", "status": "NEW"}
BUNDLE = Bundle("codm30cp", "30 CP", Decimal(30), "USD", {})


def tokens(number: int) -> dict[str, str]:
    """The response to a token request."""
    return {"role": "API_USER", "accessToken": f"access-{number}", "refreshToken": f"refresh-{number}"}


class Provider(scripted.Provider):
    """Answers each path from its own script, repeating the last reply, and 401 to an old token."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: dict[str, list[Reply]] = {}
        self.stale = "nothing"
        self.turn = threading.Lock()
        self.says(TOKEN, *(Reply(200, tokens(number)) for number in range(1, 5)))
        self.says(REFRESH, *(Reply(200, tokens(number)) for number in range(11, 15)))
        self.says(ORDER, Reply(201, PLACED))

    def says(self, path: str, *replies: Reply) -> None:
        self.scripts[path] = list(replies)

    def reply(self, seen: Seen) -> Reply:
        seen = replace(seen, headers={name.lower(): value for name, value in seen.headers.items()})
        with self.turn:
            self.seen.append(seen)
            if seen.headers.get("accesstoken") == f"Bearer {self.stale}":
                return Reply(401, error("UNAUTHORIZED"))
            script = self.scripts[seen.path]
            return script.pop(0) if len(script) > 1 else script[0]

    def asked(self, path: str) -> list[Seen]:
        return [each for each in self.seen if each.path == path]


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A scripted provider on loopback."""
    with serving(Provider()) as server:
        yield server


@pytest.fixture
def sleeps() -> list[float]:
    """The pauses of the client, in seconds."""
    return []


@pytest.fixture
def flow1st(provider: Provider, sleeps: list[float]) -> Iterator[Flow1st]:
    """A client of the scripted provider, at noon, that retries without jitter."""
    with make(provider, sleep=sleeps.append) as client:
        yield client


def make(provider: Provider, **settings: Any) -> Flow1st:
    """A client with other settings."""
    retry = Retry(attempts=4, first_delay_s=1, factor=2, jitter=0)
    usual: dict[str, Any] = {"retry": retry, "now": lambda: NOON, "sleep": lambda _: None, "rng": Random(1)}
    return Flow1st(provider.url, KEY, SECRET, SIGNING_KEY, **{**usual, **settings})


def order(flow1st: Flow1st, **changes: Any) -> Any:
    """An order of the client."""
    usual = {"sku": "codm30cp", "recipient": "GEDKZW", "email": "a@b.co"}
    return flow1st.complete_order("ext-1", **{**usual, **changes})


def error(code: str) -> dict[str, str]:
    """An error body."""
    return {"errorMessage": f"said {code}", "errorCode": code, "sessionId": "0" * 32}


def hex_hmac(key: str, message: bytes) -> str:
    """The signature, computed by this test's own code."""
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_token_is_asked_for_with_key_and_secret(flow1st: Flow1st, provider: Provider) -> None:
    """A token is requested with Basic key and secret, the vendor media type and the role."""
    flow1st.authenticate()

    (asked,) = provider.seen
    pair = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    assert (asked.method, asked.path, asked.headers["authorization"]) == ("POST", TOKEN, f"Basic {pair}")
    assert (asked.headers["content-type"], json.loads(asked.body)) == (AUTHENTICATION, {"role": "API_USER"})


def test_call_carries_token_in_its_own_header(flow1st: Flow1st, provider: Provider) -> None:
    """
    Every other call carries the token in AccessToken, and nothing in Authorization.
    """
    provider.says(CATALOG, Reply(200, {"products": []}))
    flow1st.products()

    headers = provider.seen[-1].headers
    assert (headers["accesstoken"], headers.get("authorization")) == ("Bearer access-1", None)
    assert headers["content-type"] == "application/vnd.carry1st.products.distributorproduct+json"


def test_one_token_serves_many_calls(flow1st: Flow1st, provider: Provider) -> None:
    """One token is used for several calls."""
    for _ in range(5):
        order(flow1st)

    assert len(provider.asked(TOKEN)) == 1


def test_refused_token_is_refreshed_and_call_sent_again(flow1st: Flow1st, provider: Provider) -> None:
    """
    After a 401 the token is refreshed and the call sent once more with the new one.
    """
    provider.says(ORDER, Reply(401, error("UNAUTHORIZED")), Reply(201, PLACED))
    order(flow1st)

    assert [each.path for each in provider.seen] == [TOKEN, ORDER, REFRESH, ORDER]
    assert json.loads(provider.asked(REFRESH)[0].body) == {"role": "API_USER", "refreshToken": "refresh-1"}
    assert provider.seen[-1].headers["accesstoken"] == "Bearer access-11"


def test_refused_refresh_falls_back_to_key_and_secret(flow1st: Flow1st, provider: Provider) -> None:
    """Where the refresh token is refused too, a new pair is requested with key and secret."""
    provider.says(ORDER, Reply(401, error("UNAUTHORIZED")), Reply(201, PLACED))
    provider.says(REFRESH, Reply(401, error("UNAUTHORIZED")))
    order(flow1st)

    assert [each.path for each in provider.seen] == [TOKEN, ORDER, REFRESH, TOKEN, ORDER]


def test_second_refusal_reaches_the_caller(flow1st: Flow1st, provider: Provider) -> None:
    """A call that is refused with a new token too raises Unauthorized."""
    provider.says(ORDER, Reply(401, error("UNAUTHORIZED")))

    with pytest.raises(Unauthorized):
        order(flow1st)

    assert len(provider.asked(ORDER)) == 2


def test_lost_refresh_is_not_asked_for_again(flow1st: Flow1st, provider: Provider) -> None:
    """A refresh with a lost response is not repeated, since the refresh token may be used up."""
    provider.says(REFRESH, Reply(reset=True))
    flow1st.authenticate()

    with pytest.raises(Unreachable):
        flow1st.refresh()

    assert len(provider.asked(REFRESH)) == 1


def test_threads_share_one_refresh(flow1st: Flow1st, provider: Provider) -> None:
    """Sixteen threads with an expired token get one new token together."""
    flow1st.authenticate()
    provider.stale = "access-1"
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: order(flow1st).reference, range(16)))

    assert (len(answers), len(provider.asked(REFRESH)), len(provider.asked(TOKEN))) == (16, 1, 1)


# --- signatures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=[each["timestamp"] for each in VECTORS])
def test_signature_is_the_known_answer(vector: dict[str, str]) -> None:
    """The client's signature equals known values; the first one is published by the provider."""
    signer = Signer(vector["signing_key"])

    assert signer.signature(vector["timestamp"], vector["body"].encode()) == vector["signature"]


def test_order_is_signed_over_its_exact_bytes(flow1st: Flow1st, provider: Provider) -> None:
    """An order is signed over the timestamp of the header and the exact bytes of the body."""
    order(flow1st, webhook_url="https://partner.example/hook")

    (asked,) = provider.asked(ORDER)
    timestamp = asked.headers["x-timestamp"]
    assert timestamp == "2026-01-01T12:00:00.000000Z"
    assert asked.headers["x-signature"] == hex_hmac(SIGNING_KEY, timestamp.encode() + asked.body)
    assert json.loads(asked.body)["webhookUrl"] == "https://partner.example/hook"


def test_reads_are_not_signed(flow1st: Flow1st, provider: Provider) -> None:
    """
    GET calls carry no signature.
    """
    provider.says(CATALOG, Reply(200, {"products": []}))
    flow1st.products()

    assert {"x-signature", "x-timestamp"} & provider.seen[-1].headers.keys() == set()


def test_each_attempt_is_signed_afresh(provider: Provider) -> None:
    """
    A retry has a timestamp and a signature of its own.
    """
    moments = iter(NOON + timedelta(seconds=number) for number in range(20))
    provider.says(ORDER, Reply(500, error("INTERNAL")), Reply(201, PLACED))
    with make(provider, now=lambda: next(moments)) as client:
        order(client)

    first, second = provider.asked(ORDER)
    assert first.headers["x-timestamp"] != second.headers["x-timestamp"]
    assert first.headers["x-signature"] != second.headers["x-signature"]


# --- catalog and validation ------------------------------------------------------------------------------------------


def test_prices_are_exact(flow1st: Flow1st, provider: Provider) -> None:
    """A price is the exact decimal number that was sent."""
    text = b'{"products":[{"bundles":[{"sku":"s","price":0.1000000000000000055,"currencyCode":"USD"}]}]}'
    provider.says(CATALOG, Reply(200, text))

    assert flow1st.products()[0].bundles[0].price == Decimal("0.1000000000000000055")


@pytest.mark.parametrize("price", ["true", '"30"', "null", "[]"])
def test_price_of_another_kind_is_unexpected(flow1st: Flow1st, provider: Provider, price: str) -> None:
    """A price that is not a number raises an error with its place."""
    text = f'{{"products":[{{"bundles":[{{"sku":"s","price":{price},"currencyCode":"USD"}}]}}]}}'
    provider.says(CATALOG, Reply(200, text.encode()))

    with pytest.raises(UnexpectedAnswer, match="/products/0/bundles/0/price"):
        flow1st.products()


def test_validation_sends_all_seven_parameters(flow1st: Flow1st, provider: Provider) -> None:
    """A validation has all seven parameters, with amount and currency of the bundle."""
    answer = {"recipientIdentifier": "GEDKZW", "customerInfo": {"nickName": "Char"}}
    provider.says(VALIDATION, Reply(200, answer))
    user = flow1st.validate_user("GEDKZW", BUNDLE, external_reference="ext-1", country="NG")

    sent = parse_qs(provider.seen[-1].target.partition("?")[2])
    assert user.nickname == "Char"
    assert sent == {
        "recipientIdentifier": ["GEDKZW"],
        "productBundleSku": ["codm30cp"],
        "externalReference": ["ext-1"],
        "countryCode": ["NG"],
        "currencyCode": ["USD"],
        "amount": ["30"],
        "quantity": ["1"],
    }


# --- retries and errors ----------------------------------------------------------------------------------------------


def test_lost_order_is_sent_again_with_its_reference(flow1st: Flow1st, provider: Provider, sleeps: list[float]) -> None:
    """An order with a lost response is sent again unchanged: with the same reference it is one order."""
    provider.says(ORDER, Reply(reset=True), Reply(reset=True), Reply(201, PLACED))
    placed = order(flow1st)

    assert placed.reference == PLACED["reference"]
    assert len({each.body for each in provider.asked(ORDER)}) == 1
    assert sleeps == [1.0, 2.0]


def test_lost_order_can_be_left_to_the_caller(provider: Provider) -> None:
    """With resend_lost_orders=False an order with a lost response is not sent again."""
    provider.says(ORDER, Reply(reset=True))
    with make(provider, resend_lost_orders=False) as client, pytest.raises(Unreachable):
        order(client)

    assert len(provider.asked(ORDER)) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Refused), (404, NotFound), (405, Refused), (429, RateLimited), (500, ServerFailed), (503, ServerFailed)],
)
def test_status_becomes_its_error(provider: Provider, status: int, kind: type[ClientError]) -> None:
    """
    Each status raises its class, with message and code of the provider.
    """
    provider.says(ORDER, Reply(status, error("SOME_CODE")))
    with make(provider, retry=NO_RETRY) as client, pytest.raises(kind) as raised:
        order(client)

    assert (raised.value.message, raised.value.code, raised.value.status) == ("said SOME_CODE", "SOME_CODE", status)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


def test_asked_wait_is_kept(flow1st: Flow1st, provider: Provider, sleeps: list[float]) -> None:
    """A Retry-After replaces the client's own delay."""
    provider.says(ORDER, Reply(429, error("SLOW"), {"Retry-After": "7"}), Reply(201, PLACED))
    order(flow1st)

    assert sleeps == [7.0]


@pytest.mark.parametrize("body", [b"", b"not json", b"[1]", b"\xff\xfe", b'{"errorMessage": 7}'])
def test_error_in_any_form_is_an_error(provider: Provider, body: bytes) -> None:
    """An undocumented error body gives an error too."""
    provider.says(ORDER, Reply(400, body))
    with make(provider) as client, pytest.raises(Refused):
        order(client)


def test_redirect_is_not_followed(provider: Provider) -> None:
    """A redirect is not followed, so that token and signature go to no other host."""
    provider.says(ORDER, Reply(302, {}, {"Location": "http://127.0.0.1:9/"}))
    with make(provider) as client, pytest.raises(UnexpectedAnswer):
        order(client)


def test_no_secret_is_in_any_error(provider: Provider) -> None:
    """
    No error shows API secret, signing key or a token, also where the provider echoes them.
    """
    secrets = (SECRET, SIGNING_KEY, "access-1", "refresh-1")
    provider.says(ORDER, Reply(400, {"errorMessage": f"you sent {secrets}", "errorCode": SECRET}))
    with make(provider) as client, pytest.raises(Refused) as raised:
        order(client)

    shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + repr(client)
    assert [each for each in secrets if each in shown] == []


@pytest.mark.parametrize(
    "given_",
    [
        ("", SECRET, SIGNING_KEY),
        (KEY, "", SIGNING_KEY),
        (KEY, SECRET, ""),
        ("a:b", SECRET, SIGNING_KEY),
        (KEY, "größer", SIGNING_KEY),
        (KEY, SECRET, "größer"),
    ],
)
def test_unusable_credential_is_a_configuration_error(given_: tuple[str, str, str]) -> None:
    """
    A credential that cannot be sent is refused when the client is made.
    """
    with pytest.raises(ConfigurationError):
        Flow1st("http://127.0.0.1:1", *given_)


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1", "http://u@x", "http://x/?a", "http://x/#a", "http://"])
def test_unusable_url_is_a_configuration_error(url: str) -> None:
    """
    A base URL that cannot be used is refused when the client is made.
    """
    with pytest.raises(ConfigurationError):
        Flow1st(url, KEY, SECRET, SIGNING_KEY)


@pytest.mark.parametrize("tail", ["", "/", "/api", "/api/"])
def test_base_url_may_end_as_it_likes(tail: str) -> None:
    """A base URL may end in a slash or in /api."""
    assert Flow1st(f"http://127.0.0.1:1/x{tail}", KEY, SECRET, SIGNING_KEY).base_url == "http://127.0.0.1:1/x"


# --- webhooks --------------------------------------------------------------------------------------------------------

NEWS = {"reference": "C-113976984704914-P", "externalReference": "ext-1", "status": "SUCCESSFUL", "quantity": 1}


def signed(body: bytes, timestamp: str = "2026-01-01T12:00:00Z", key: str = SIGNING_KEY) -> dict[str, str]:
    """The headers of a genuine webhook."""
    signature = hex_hmac(key, timestamp.encode() + body)
    return {"AccessToken": "Bearer hook", "X-SIGNATURE": signature, "X-TIMESTAMP": timestamp}


def verifier(**settings: Any) -> WebhookVerifier:
    """A verifier at noon."""
    return WebhookVerifier(SIGNING_KEY, **{"now": lambda: NOON, **settings})


def test_genuine_webhook_gives_its_news() -> None:
    """A webhook with a valid signature gives reference, status and voucher codes."""
    body = json.dumps({**NEWS, "voucherCodes": [[{"name": "code", "value": "X"}]]}).encode()
    news = verifier(access_token="hook").verify(signed(body), body)

    assert (news.key, news.external_reference) == (("C-113976984704914-P", "SUCCESSFUL"), "ext-1")
    assert news.voucher_codes == ([{"name": "code", "value": "X"}],)
    assert news.is_new(set())
    assert not news.is_new({news.key})


def test_reference_may_be_a_number() -> None:
    """An externalReference that is a number is read as its digits."""
    body = json.dumps({**NEWS, "externalReference": 17}).encode()

    assert verifier().verify(signed(body), body).external_reference == "17"


@pytest.mark.parametrize(
    "change",
    [
        {"X-SIGNATURE": ""},
        {"X-SIGNATURE": "0" * 64},
        {"X-SIGNATURE": "ä"},
        {"X-TIMESTAMP": ""},
        {"X-TIMESTAMP": "2026-01-01T12:00:01Z"},
        {"X-TIMESTAMP": "ä"},
        {"AccessToken": "Bearer other"},
        {"AccessToken": ""},
    ],
    ids=str,
)
def test_forged_webhook_is_refused(change: dict[str, str]) -> None:
    """
    A webhook with another signature, timestamp or access token is refused.
    """
    body = json.dumps(NEWS).encode()

    with pytest.raises(WebhookRefused):
        verifier(access_token="hook").verify({**signed(body), **change}, body)


@given(place=st.integers(0, 200), bit=st.integers(0, 7))
def test_every_changed_bit_is_noticed(place: int, bit: int) -> None:
    """
    Whichever bit of the body is changed, the signature does not verify.
    """
    body = json.dumps(NEWS).encode()
    at = place % len(body)
    changed = body[:at] + bytes([body[at] ^ (1 << bit)]) + body[at + 1 :]

    with pytest.raises(WebhookRefused, match="signature is wrong"):
        verifier().verify(signed(body), changed)


@pytest.mark.parametrize(
    ("timestamp", "is_fresh"),
    [
        ("2026-01-01T11:55:00Z", True),
        ("2026-01-01T11:55:00.000000000Z", True),
        ("2026-01-01T11:54:59.999999999Z", False),
        ("2026-01-01T12:05:00.0Z", True),
        ("2026-01-01T12:05:00.000000001Z", False),
        ("2026-01-01T13:05:00+01:00", True),
        ("2026-01-01T13:05:00.000000001+01:00", False),
        ("2026-01-01T12:00:00", False),
        ("2026-01-01T12:00:00.1234567890Z", False),
        ("2026-01-01 12:00:00Z", False),
        ("2026-02-30T12:00:00Z", False),
        ("1767268800", False),
    ],
)
def test_window_is_kept_to_the_nanosecond(timestamp: str, is_fresh: bool) -> None:
    """A webhook is accepted up to exactly five minutes before or after its timestamp."""
    body = json.dumps(NEWS).encode()
    try:
        verifier().verify(signed(body, timestamp), body)
    except WebhookRefused:
        found = False
    else:
        found = True

    assert found is is_fresh


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{}", b'{"reference":"r"}', b'{"reference":"","externalReference":"e","status":"S"}']
)
def test_unreadable_webhook_is_refused(body: bytes) -> None:
    """A webhook with a valid signature and an unusable body is refused."""
    with pytest.raises(WebhookRefused):
        verifier().verify(signed(body), body)


@given(
    headers=st.dictionaries(st.sampled_from(["AccessToken", "x-signature", "X-TIMESTAMP", "x"]), st.text()),
    body=st.binary(),
)
@example(headers={"x-signature": "\ud800", "X-TIMESTAMP": "1"}, body=b"")
def test_anything_at_all_is_judged_without_a_crash(headers: dict[str, str], body: bytes) -> None:
    """Any headers and body are refused with the verifier's own error."""
    with pytest.raises(WebhookRefused):
        verifier(access_token="hook").verify(headers, body)


def test_final_statuses_are_statuses() -> None:
    """The final statuses are documented ones."""
    assert DONE < STATUSES
    assert {"NEW", "PENDING", "PARTIALLY_FULFILLED"} == STATUSES - DONE
    assert issubclass(WebhookRefused, FlowproofError)


@given(at=st.datetimes(timezones=st.just(UTC)))
def test_written_timestamp_reads_back(at: datetime) -> None:
    """The client's timestamps are ISO 8601 with microseconds and Z, of the same time."""
    text = iso_microseconds(at)

    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == at
