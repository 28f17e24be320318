"""The Dots.eco client against a scripted HTTP server on loopback."""

import json
import logging
import pickle
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowproof.clients import (
    ClientError,
    Forbidden,
    NotFound,
    RateLimited,
    Refused,
    Retry,
    ServerFailed,
    UnexpectedAnswer,
    Unreachable,
    ValidationFailed,
)
from flowproof.clients.dots_eco import PRODUCTION_URL, DotsEco, Offer
from flowproof.errors import ConfigurationError
from tests.clients.scripted import Provider, Reply

TOKEN = "e9dc5901448d61e20b35e209bb09adcc"
READ_TOKEN = "0123456789abcdef0123456789abcdef"
APPLICATION = "1-f2b086b3"
OFFER = {
    "title": "Lorem flow card",
    "sku": "123kdfgf",
    "redeem_url": "https://flow.dots.eco",
    "card_image": "https://impact.dots.eco/card.png",
    "redeem_instructions": "It is a long established fact.",
}
CARD = {
    **OFFER,
    "code": "1-123kdfgf-10.3-e8ba0fc0",
    "card_id": "28",
    "amount": "10.30",
    "expiration_date": "2025-12-31 00:00:00",
    "recipient_email": "test@test.com",
    "recipient_name": "Flow user",
    "from": "John doe",
    "message": "Lorem Ipsum",
}
CREATED = {"success": True, "response": CARD}
INVALID = {
    "success": False,
    "errors": {"sku": ["The sku is invalid."], "expiration_date": ["The expiration_date is invalid."]},
}
DENIED = {"message": "Access denied. You are not a manager of specified application."}


@pytest.fixture
def pauses() -> list[float]:
    """The pauses of the client, in seconds."""
    return []


@pytest.fixture
def client(provider: Provider, pauses: list[float]) -> Iterator[DotsEco]:
    """A client with both tokens that does not really sleep."""
    session = requests.Session()
    session.trust_env = False
    with DotsEco(
        provider.url, TOKEN, READ_TOKEN, session=session, sleep=pauses.append, rng=Random(0), retry=Retry(jitter=0)
    ) as made:
        yield made


# --- requests --------------------------------------------------------------------------------------------------------


def test_documents_example_is_sent_as_shown(provider: Provider, client: DotsEco) -> None:
    """
    The document's example request is sent with its path, headers and body.
    """
    provider.replies(Reply(200, CREATED))

    client.create_card(
        APPLICATION,
        "123kdfgf",
        expiration_date="2025-12-31",
        recipient_email="test@test.com",
        recipient_name="Flow user",
        sender_name="John doe",
        message="Lorem Ipsum",
    )

    (seen,) = provider.seen
    assert (seen.method, seen.target) == ("POST", "/api/v1/flow-card/add")
    assert (seen.headers["auth-token"], seen.headers["Content-Type"]) == (TOKEN, "application/json")
    assert json.loads(seen.body) == {
        "app_token": APPLICATION,
        "sku": "123kdfgf",
        "expiration_date": "2025-12-31",
        "recipient_email": "test@test.com",
        "recipient_name": "Flow user",
        "from": "John doe",
        "message": "Lorem Ipsum",
    }


def test_what_is_not_given_is_not_sent(provider: Provider, client: DotsEco) -> None:
    """Parameters that are left out are not sent; an empty text is sent."""
    provider.replies(Reply(200, CREATED))

    client.create_card(APPLICATION, "123kdfgf", message="")

    assert json.loads(provider.seen[0].body) == {"app_token": APPLICATION, "sku": "123kdfgf", "message": ""}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (date(2025, 12, 31), "2025-12-31"),
        (datetime(2025, 12, 31, 23, 59, tzinfo=UTC), "2025-12-31"),
        (date(999, 1, 2), "0999-01-02"),
        ("31/12/2025", "31/12/2025"),
    ],
    ids=str,
)
def test_date_is_sent_in_the_documented_form(provider: Provider, client: DotsEco, given: date | str, sent: str) -> None:
    """A date is sent as YYYY-mm-dd, without a time; a text unchanged."""
    provider.replies(Reply(200, CREATED))

    client.create_card(APPLICATION, "123kdfgf", expiration_date=given)

    assert json.loads(provider.seen[0].body)["expiration_date"] == sent


def test_read_token_is_used_for_reading(provider: Provider, client: DotsEco) -> None:
    """List and balance are requested with the read-only token."""
    provider.replies(Reply(200, [OFFER]), Reply(200, {"balance": 15}))

    client.cards(APPLICATION)
    client.balance(APPLICATION)

    assert [(seen.method, seen.target, seen.headers["auth-token"]) for seen in provider.seen] == [
        ("GET", f"/api/v1/flow-card/list/{APPLICATION}", READ_TOKEN),
        ("GET", f"/api/v1/application-balance/{APPLICATION}", READ_TOKEN),
    ]


def test_one_token_does_for_both(provider: Provider) -> None:
    """Without a read-only token the other token is used."""
    provider.replies(Reply(200, {"balance": 15}))

    with DotsEco(provider.url, TOKEN) as client:
        client.balance(APPLICATION)

    assert provider.seen[0].headers["auth-token"] == TOKEN


@pytest.mark.parametrize(
    ("app_token", "segment"),
    [("a/b", "a%2Fb"), ("..", "%2E%2E"), ("a?b#c", "a%3Fb%23c"), ("ä %", "%C3%A4%20%25")],
)
def test_app_token_cannot_leave_its_place(provider: Provider, client: DotsEco, app_token: str, segment: str) -> None:
    """Any app_token stays one segment of the path."""
    provider.replies(Reply(200, []))

    client.cards(app_token)

    assert provider.seen[0].target == f"/api/v1/flow-card/list/{segment}"


def test_empty_app_token_is_not_asked_for(client: DotsEco) -> None:
    """An empty app_token is refused, since it would make the path of another operation."""
    with pytest.raises(ValueError, match="cannot be empty"):
        client.cards("")


# --- answers ---------------------------------------------------------------------------------------------------------


def test_card_is_read_with_its_types(provider: Provider, client: DotsEco) -> None:
    """The documented card is read: a decimal amount, a day, the offer, and the raw response."""
    provider.replies(Reply(200, CREATED))

    card = client.create_card(APPLICATION, "123kdfgf")

    assert (card.card_id, card.code, card.amount) == ("28", "1-123kdfgf-10.3-e8ba0fc0", Decimal("10.30"))
    assert (card.expires_on, card.offer) == (date(2025, 12, 31), Offer(**OFFER))
    assert (card.recipient_email, card.sender_name, card.raw) == ("test@test.com", "John doe", CARD)


@pytest.mark.parametrize("absent", [{}, {"recipient_email": None, "from": None}])
def test_absent_texts_are_none(provider: Provider, client: DotsEco, absent: dict[str, None]) -> None:
    """Missing and null fields are None."""
    bare = {name: CARD[name] for name in CARD if name not in {"recipient_email", "recipient_name", "from", "message"}}
    provider.replies(Reply(200, {"success": True, "response": bare | absent}))

    card = client.create_card(APPLICATION, "123kdfgf")

    assert (card.recipient_email, card.recipient_name, card.sender_name, card.message) == (None, None, None, None)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"amount": "ten"}, "/response/amount"),
        ({"amount": "NaN"}, "/response/amount"),
        ({"amount": None}, "/response/amount"),
        ({"expiration_date": "soon"}, "/response/expiration_date"),
        ({"code": ["1"]}, "/response/code"),
        ({"title": {}}, "/response/title"),
    ],
    ids=str,
)
def test_card_that_cannot_be_read_names_the_place(
    provider: Provider, client: DotsEco, change: dict[str, object], where: str
) -> None:
    """A field of the wrong type raises an error with its place."""
    provider.replies(Reply(200, {"success": True, "response": CARD | change}))

    with pytest.raises(UnexpectedAnswer) as raised:
        client.create_card(APPLICATION, "123kdfgf")

    assert raised.value.where == where


@pytest.mark.parametrize(
    "body", [{**CREATED, "success": False}, {**CREATED, "success": "true"}, {"response": CARD}, []]
)
def test_success_that_is_not_true_is_unexpected(provider: Provider, client: DotsEco, body: object) -> None:
    """A 200 without `success: true` is an error."""
    provider.replies(Reply(200, body))

    with pytest.raises(UnexpectedAnswer):
        client.create_card(APPLICATION, "123kdfgf")


def test_list_and_balance_are_read(provider: Provider, client: DotsEco) -> None:
    """
    The list is read as offers, the balance as a number.
    """
    provider.replies(Reply(200, [OFFER]), Reply(200, []), Reply(200, {"balance": 15}), Reply(200, {"balance": 0.5}))

    assert (client.cards(APPLICATION), client.cards(APPLICATION)) == ((Offer(**OFFER),), ())
    assert (client.balance(APPLICATION), client.balance(APPLICATION)) == (15, 0.5)


@pytest.mark.parametrize("body", [{"balance": "15"}, {"balance": True}, {}, [], b"{", b'{"balance": NaN}', b""])
def test_balance_that_is_no_number_is_unexpected(provider: Provider, client: DotsEco, body: object) -> None:
    """A balance that is not a number is an error."""
    provider.replies(Reply(200, body))

    with pytest.raises(UnexpectedAnswer):
        client.balance(APPLICATION)


@pytest.mark.parametrize("body", [{"cards": []}, [{"title": "x"}], ["x"], None])
def test_list_that_is_none_is_unexpected(provider: Provider, client: DotsEco, body: object) -> None:
    """A body that is not a list, or has entries that cannot be read, is an error."""
    provider.replies(Reply(200, body))

    with pytest.raises(UnexpectedAnswer):
        client.cards(APPLICATION)


# --- errors ----------------------------------------------------------------------------------------------------------


def test_422_has_every_message_by_parameter(provider: Provider, client: DotsEco) -> None:
    """
    A 422 is one error with the provider's messages, each with its parameter.
    """
    provider.replies(Reply(422, INVALID))

    with pytest.raises(ValidationFailed) as raised:
        client.create_card(APPLICATION, "x")

    assert [(each.path, each.message) for each in raised.value.validations] == [
        ("sku", "The sku is invalid."),
        ("expiration_date", "The expiration_date is invalid."),
    ]
    assert raised.value.message == "The sku is invalid. The expiration_date is invalid."


@pytest.mark.parametrize(
    ("status", "kind"), [(403, Forbidden), (404, NotFound), (400, Refused), (415, Refused), (302, UnexpectedAnswer)]
)
def test_status_decides_the_error(provider: Provider, client: DotsEco, status: int, kind: type[ClientError]) -> None:
    """Each status has its class of errors, with the provider's message."""
    provider.replies(Reply(status, DENIED, {"Location": "http://127.0.0.1:9/elsewhere"}))

    with pytest.raises(kind) as raised:
        client.create_card(APPLICATION, "123kdfgf")

    assert status == 302 or raised.value.message == DENIED["message"]
    assert len(provider.seen) == 1


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["errors", "message", "x"]), inner),
        max_leaves=6,
    ),
    status=st.sampled_from([400, 403, 404, 422, 429, 500]),
)
def test_any_error_body_stays_an_error(provider: Provider, client: DotsEco, body: object, status: int) -> None:
    """Any error body gives an error with the status."""
    provider.replies(Reply(status, body))

    with pytest.raises(ClientError) as raised:
        client.balance(APPLICATION)

    assert raised.value.status == status


def test_error_passes_whole_between_processes(provider: Provider, client: DotsEco) -> None:
    """An error can be pickled and has the same text afterwards."""
    provider.replies(Reply(422, INVALID))
    with pytest.raises(ValidationFailed) as raised:
        client.create_card(APPLICATION, "x")

    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


# --- retries ---------------------------------------------------------------------------------------------------------


def test_card_is_asked_for_again_after_429(provider: Provider, client: DotsEco, pauses: list[float]) -> None:
    """After 429 the request for a card is repeated, after the requested time."""
    provider.replies(Reply(429, DENIED, {"Retry-After": "7"}), Reply(200, CREATED))

    client.create_card(APPLICATION, "123kdfgf")

    assert (len(provider.seen), pauses) == (2, [7.0])


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_card_is_not_asked_for_again_after_5xx(provider: Provider, client: DotsEco, status: int) -> None:
    """After 5XX the request for a card is not repeated, since the card may have been bought."""
    provider.replies(Reply(status, DENIED), Reply(200, CREATED))

    with pytest.raises(ServerFailed):
        client.create_card(APPLICATION, "123kdfgf")

    assert len(provider.seen) == 1


def test_card_whose_answer_is_lost_is_not_asked_for_again(provider: Provider, client: DotsEco) -> None:
    """After a truncated response the request for a card is not repeated, since the card may have been bought."""
    provider.replies(Reply(200, CREATED, cut=1))

    with pytest.raises(Unreachable):
        client.create_card(APPLICATION, "123kdfgf")

    assert len(provider.seen) == 1


@pytest.mark.parametrize("lost", [Reply(503, DENIED), Reply(429, DENIED), Reply(200, {"balance": 1}, cut=1)])
def test_balance_is_asked_for_again(provider: Provider, client: DotsEco, lost: Reply) -> None:
    """Reads are repeated after 429, 5XX and a truncated response."""
    provider.replies(lost, lost, Reply(200, {"balance": 15}))

    assert client.balance(APPLICATION) == 15
    assert len(provider.seen) == 3


def test_retries_come_to_an_end(provider: Provider, client: DotsEco, pauses: list[float]) -> None:
    """After the last attempt the error is raised."""
    provider.replies(Reply(429, DENIED))

    with pytest.raises(RateLimited):
        client.create_card(APPLICATION, "123kdfgf")

    assert pauses == [1.0, 2.0, 4.0]


# --- secrets and settings --------------------------------------------------------------------------------------------


def test_no_token_is_shown(provider: Provider, client: DotsEco, caplog: pytest.LogCaptureFixture) -> None:
    """No token is in the client's repr, in its log, or in an error, even where the provider echoes it."""
    caplog.set_level(logging.DEBUG)
    provider.replies(Reply(403, {"message": f"{TOKEN} {READ_TOKEN}"}), Reply(422, {"errors": {TOKEN: [READ_TOKEN]}}))

    shown = [repr(client), str(client)]
    for _ in range(2):
        with pytest.raises(ClientError) as raised:
            client.create_card(APPLICATION, "123kdfgf")
        shown += [str(raised.value), repr(raised.value)]

    assert [text for text in (*shown, caplog.text) if TOKEN in text or READ_TOKEN in text] == []


def test_code_of_a_card_is_not_shown(provider: Provider, client: DotsEco) -> None:
    """The repr of a card does not have its code, which is worth money."""
    provider.replies(Reply(200, CREATED))

    assert "e8ba0fc0" not in repr(client.create_card(APPLICATION, "123kdfgf"))


@pytest.mark.parametrize("token", ["", " ", "a b", "a\nb", "a\r\nauth-token: x", "tökén", "\x00"])
def test_token_that_fits_no_header_is_refused(token: str) -> None:
    """A token that cannot be sent in a header is refused at once, without being shown."""
    with pytest.raises(ConfigurationError) as raised:
        DotsEco("https://example.test", token)

    assert not token.strip() or token not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["", "impact.dots.eco", "ftp://a.test", "https://u:p@a.test", "https://a.test/?x", "http://"]
)
def test_url_that_leads_nowhere_is_refused(url: str) -> None:
    """A base URL without a scheme, or with credentials or a query, is refused."""
    with pytest.raises(ConfigurationError):
        DotsEco(url, TOKEN)


@pytest.mark.parametrize("end", ["", "/", "/api/v1", "/api/v1/"])
def test_end_of_the_url_does_not_matter(end: str) -> None:
    """The base URL may end with a slash or with the version."""
    assert DotsEco(f"https://a.test/w/x/dots_eco{end}", TOKEN).base_url == "https://a.test/w/x/dots_eco"


def test_production_is_reached_over_tls() -> None:
    """The production client uses the documented host over TLS."""
    with DotsEco.production(TOKEN) as client:
        assert client.base_url == PRODUCTION_URL == "https://impact.dots.eco"
