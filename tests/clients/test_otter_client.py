"""The Otter client against a scripted HTTP server on loopback."""

import base64
import json
import pickle
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients import (
    NO_RETRY,
    ClientError,
    Forbidden,
    NotFound,
    RateLimited,
    Refused,
    ServerFailed,
    Unauthorized,
    UnexpectedAnswer,
    Unreachable,
    ValidationFailed,
)
from flowproof.clients.otter import (
    RETRY_WITH_401,
    AlreadyConnected,
    AuthorizationDenied,
    CallbackRefused,
    Otter,
    OtterUser,
    Token,
    challenge_of,
)
from flowproof.errors import ConfigurationError
from tests.clients import scripted
from tests.clients.scripted import Seen, serving

CLIENT_ID, SECRET, ACCESS = "c75d9460-5d48-423d-8d01-f825fd5b1672", "client-secret", "access.token"
REDIRECT = "https://partner.example/callback?a=1"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOKEN = {"access_token": ACCESS, "expires_in": 60, "scope": "organization.read", "token_type": "bearer"}
BRAND = {"id": "brand-1", "name": "Brand 1"}
STORE = {"id": "store-1", "name": "Store 1", "address": None}
ORGANIZATION = {"id": "organization-1", "name": "Organization 1"}


class Reply(scripted.Reply):
    """A response; no body is an empty one."""

    def content(self) -> bytes:
        return b"" if self.body is None else super().content()


class Provider(scripted.Provider):
    """Sends each scripted reply once, on connections that stay open, below a path of its own."""

    def __init__(self) -> None:
        super().__init__(_Handler)

    @property
    def url(self) -> str:
        """Base URL, with a path before the provider's own."""
        return f"{super().url}/below"

    def reply(self, seen: Seen) -> scripted.Reply:
        self.seen.append(seen)
        return self.script.pop(0)


class _Handler(scripted.Handler):
    protocol_version = "HTTP/1.1"


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A scripted provider that checks at the end that every reply was sent."""
    with serving(Provider()) as server:
        yield server
    assert server.script == []


@pytest.fixture
def slept() -> list[float]:
    """The pauses of the client, in seconds."""
    return []


@pytest.fixture
def make(provider: Provider, slept: list[float]) -> Iterator[Callable[..., Otter]]:
    """A client that does not really sleep."""
    made: list[Otter] = []

    def make(**settings: Any) -> Otter:
        """The client."""
        chosen = {"redirect_uri": REDIRECT, "now": lambda: NOON, "sleep": slept.append, "rng": Random(0), **settings}
        made.append(Otter(provider.url, CLIENT_ID, SECRET, **chosen))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def user(make: Callable[..., Otter]) -> OtterUser:
    """The operations of a user, with a token."""
    return make().as_user(Token(ACCESS, ("organization.read",), NOON + timedelta(days=1), {}))


def test_challenge_is_the_known_answer() -> None:
    """The challenges equal those of RFC 7636 and OpenSSL."""
    text = files("flowproof.fixtures").joinpath("otter/vectors/pkce.json").read_text(encoding="utf-8")
    vectors = json.loads(text)["vectors"]

    assert [challenge_of(each["verifier"]) for each in vectors] == [each["challenge"] for each in vectors]


def test_authorization_says_everything(make: Callable[..., Otter], provider: Provider) -> None:
    """The URL has every required parameter, and the challenge of the kept verifier."""
    authorization = make().authorization()

    parts = urlsplit(authorization.url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert authorization.url.startswith(f"{provider.url}/v1/auth/oauth2/authorize?")
    assert authorization.verifier is not None
    assert 43 <= len(authorization.verifier) <= 128
    assert query == {
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "organization.read organization.service_integration",
        "state": authorization.state,
        "code_challenge": challenge_of(authorization.verifier),
        "code_challenge_method": "S256",
    }


def test_each_authorization_is_another(make: Callable[..., Otter]) -> None:
    """State and verifier are new each time, and not in the repr."""
    first, second = make().authorization(), make().authorization()

    assert first.state != second.state
    assert first.verifier != second.verifier
    assert str(first.state) not in repr(first)
    assert str(first.verifier) not in repr(first)


def test_exchange_sends_what_was_asked_for(make: Callable[..., Otter], provider: Provider) -> None:
    """Code, redirect URI, scope and verifier are in the form, id and secret in Basic; the token has its end."""
    otter = make()
    authorization = otter.authorization(["organization.read"])
    provider.script = [Reply(200, TOKEN)]

    token = otter.exchange(authorization, f"{REDIRECT}&code=abc&state={authorization.state}")

    (seen,) = provider.seen
    pair = base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
    assert (seen.method, seen.target, seen.headers["Authorization"]) == (
        "POST",
        "/below/v1/auth/token",
        f"Basic {pair}",
    )
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert seen.form == {
        "grant_type": "authorization_code",
        "code": "abc",
        "redirect_uri": REDIRECT,
        "scope": "organization.read",
        "code_verifier": authorization.verifier,
    }
    assert (token.access_token, token.scopes, token.expires_at) == (
        ACCESS,
        ("organization.read",),
        NOON + timedelta(minutes=1),
    )


def test_credentials_can_go_into_the_body(make: Callable[..., Otter], provider: Provider) -> None:
    """With client_authentication="body" id and secret are in the form, without a header."""
    provider.script = [Reply(200, {**TOKEN, "scope": "ping"})]

    make(client_authentication="body").application_token(["ping"])

    (seen,) = provider.seen
    assert "Authorization" not in seen.headers
    assert seen.form == {
        "grant_type": "client_credentials",
        "scope": "ping",
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
    }


@pytest.mark.parametrize(
    "query",
    [
        "code=abc",
        "code=abc&state=",
        "code=abc&state=other",
        "state={0}",
        "state={0}&code=",
        "state={0}&state={0}&code=a",
        "",
    ],
)
def test_callback_of_somebody_else_is_refused(make: Callable[..., Otter], provider: Provider, query: str) -> None:
    """A callback with another state, none, or no code is refused before anything is sent."""
    otter = make()
    authorization = otter.authorization()

    with pytest.raises(CallbackRefused):
        otter.exchange(authorization, f"https://partner.example/callback?{query.format(authorization.state)}")
    assert provider.seen == []


def test_refusal_of_the_user_is_told(make: Callable[..., Otter]) -> None:
    """An error in the callback is a denial; with another state the callback is refused."""
    otter = make()
    authorization = otter.authorization()

    with pytest.raises(AuthorizationDenied, match="access_denied") as denied:
        otter.exchange(authorization, f"{REDIRECT}&error=access_denied&state={authorization.state}")
    with pytest.raises(CallbackRefused):
        otter.exchange(authorization, f"{REDIRECT}&error=access_denied&state=x")
    assert denied.value.code == "access_denied"


@pytest.mark.parametrize(
    "answer",
    [
        {**TOKEN, "token_type": "mac"},
        {name: TOKEN[name] for name in ("access_token", "scope", "token_type")},
        {**TOKEN, "access_token": None},
        {**TOKEN, "expires_in": "60"},
        [],
    ],
)
def test_answer_that_is_no_token_is_told(make: Callable[..., Otter], provider: Provider, answer: Any) -> None:
    """A response without a field of a token is an error."""
    provider.script = [Reply(200, answer)]

    with pytest.raises(UnexpectedAnswer):
        make().application_token(["ping"])


def test_lost_exchange_is_not_sent_again(make: Callable[..., Otter], provider: Provider) -> None:
    """An exchange with a lost response is not repeated, since a code used twice revokes its token."""
    otter = make()
    authorization = otter.authorization()
    provider.script = [Reply(None)]

    with pytest.raises(Unreachable):
        otter.exchange(authorization, f"{REDIRECT}&code=abc&state={authorization.state}")
    assert len(provider.seen) == 1


def test_structure_is_read(user: OtterUser, provider: Provider) -> None:
    """
    Organization, brand and store are read with the token as bearer.
    """
    provider.script = [Reply(200, ORGANIZATION), Reply(200, BRAND), Reply(200, STORE)]

    found = (user.organization().name, user.brand("brand-1").name, user.store("brand-1", "store-1").address)

    assert found == ("Organization 1", "Brand 1", None)
    assert {each.headers["Authorization"] for each in provider.seen} == {f"Bearer {ACCESS}"}
    assert [each.target for each in provider.seen] == [
        "/below/organization/v1/organization",
        "/below/organization/v1/organization/brands/brand-1",
        "/below/organization/v1/organization/brands/brand-1/stores/store-1",
    ]


@pytest.mark.parametrize(
    ("address", "lines", "latitude"),
    [
        ({}, (), None),
        ({"addressLines": None, "linesOfAddress": ["old"], "location": None, "fullAddress": None}, ("old",), None),
        (
            {"addressLines": ["new"], "linesOfAddress": ["old"], "location": {"latitude": 1, "longitude": 2.5}},
            ("new",),
            1.0,
        ),
    ],
)
def test_address_is_read(
    user: OtterUser, provider: Provider, address: Any, lines: tuple[str, ...], latitude: float | None
) -> None:
    """Missing and null fields of an address are None; deprecated lines replace missing ones."""
    provider.script = [Reply(200, {**STORE, "address": address})]

    found = user.store("b", "s").address

    assert found is not None
    assert (found.lines, found.location.latitude if found.location else None) == (lines, latitude)


@pytest.mark.parametrize(
    "store",
    [
        {"id": "s", "name": "n"},
        {"id": "s", "address": None},
        {"id": 1.5, "name": "n", "address": None},
        {"id": "s", "name": "n", "address": []},
        {"id": "s", "name": "n", "address": {"location": {"latitude": 1}}},
        {"id": "s", "name": "n", "address": {"location": {"latitude": "1", "longitude": 2}}},
        {"id": "s", "name": "n", "address": {"addressLines": [1]}},
    ],
)
def test_broken_store_is_told_with_its_place(user: OtterUser, provider: Provider, store: Any) -> None:
    """A field that is missing or of the wrong type is named with its place."""
    provider.script = [Reply(200, {"items": [store]})]

    with pytest.raises(UnexpectedAnswer) as broken:
        list(user.stores("b"))
    assert broken.value.where.startswith("/items/0")


@given(sizes=st.lists(st.integers(0, 3), max_size=4))
def test_pages_are_followed_to_the_end(sizes: list[int]) -> None:
    """Page tokens are sent percent-encoded until a page has none; empty pages do not end the list."""
    tokens = [f"CgwI09+kjQYQwOvF2AM=/{index}" for index in range(len(sizes))]
    with serving(Provider()) as provider:
        pages = [
            {"items": [{"id": f"{index}-{each}", "name": ""} for each in range(size)], "offsetToken": tokens[index]}
            for index, size in enumerate(sizes)
        ]
        provider.script = [*(Reply(200, each) for each in pages), Reply(200, {"items": [BRAND]})]
        otter = Otter(provider.url, CLIENT_ID, SECRET)
        found = [each.id for each in otter.as_user(Token(ACCESS, (), NOON, {})).brands(7)]
        otter.close()

    queries = [parse_qs(urlsplit(each.target).query, strict_parsing=True) for each in provider.seen]
    expected: list[dict[str, list[str]]] = [{"limit": ["7"]}]
    expected += [{"limit": ["7"], "token": [each]} for each in tokens]
    assert queries == expected
    assert len(found) == sum(sizes) + 1


def test_pages_that_never_end_are_told(user: OtterUser, provider: Provider) -> None:
    """A page token that comes a second time is an error."""
    provider.script = [Reply(200, {"items": [BRAND], "offsetToken": "again"})] * 2

    with pytest.raises(UnexpectedAnswer, match="never end"):
        list(user.brands())


def test_connection_is_read_made_and_undone(user: OtterUser, provider: Provider) -> None:
    """404 reads as not connected; the body of POST is our id alone; 204 needs no body."""
    provider.script = [
        Reply(404, {"message": "Resource not found."}),
        Reply(204),
        Reply(200, {"storeId": "ours"}),
        Reply(204),
    ]

    before = user.connection("b", "s")
    user.connect("b", "s", our_store_id="ours")
    after = user.connection("b", "s")
    user.disconnect("b", "s")

    assert (before, after.store_id if after else None) == (None, "ours")
    assert [each.method for each in provider.seen] == ["GET", "POST", "GET", "DELETE"]
    assert json.loads(provider.seen[1].body) == {"storeId": "ours"}


def test_connected_store_is_told(user: OtterUser, provider: Provider) -> None:
    """409 is an error of its own."""
    provider.script = [Reply(409, {"message": "exists"})]

    with pytest.raises(AlreadyConnected) as found:
        user.connect("b", "s", our_store_id="ours")
    assert isinstance(found.value, Refused)


@pytest.mark.parametrize(
    ("before", "replace", "methods"),
    [
        (None, False, ["POST"]),
        ("ours", False, []),
        ("ours", True, []),
        ("another", True, ["DELETE", "POST"]),
    ],
)
def test_onboarding_does_what_is_needed(
    user: OtterUser, provider: Provider, before: str | None, replace: bool, methods: list[str]
) -> None:
    """Nothing is sent where the store is connected as wished; another id is replaced where that is allowed."""
    connection = Reply(404, {}) if before is None else Reply(200, {"storeId": before})
    provider.script = [
        Reply(200, ORGANIZATION),
        Reply(200, {"items": [BRAND]}),
        Reply(200, {"items": [STORE]}),
        connection,
    ]
    provider.script += [Reply(204)] * len(methods)

    done = user.onboard(lambda _, pairs: next(iter(pairs)), our_store_id="ours", replace=replace)

    assert [each.method for each in provider.seen[4:]] == methods
    assert (done.store.id, done.was, done.is_changed) == ("store-1", before, bool(methods))


def test_onboarding_does_not_replace_unasked(user: OtterUser, provider: Provider) -> None:
    """
    A store that is connected under another id is left alone.
    """
    provider.script = [
        Reply(200, ORGANIZATION),
        Reply(200, {"items": [BRAND]}),
        Reply(200, {"items": [STORE]}),
        Reply(200, {"storeId": "another"}),
    ]

    with pytest.raises(AlreadyConnected, match="another"):
        user.onboard(lambda _, pairs: next(iter(pairs)), our_store_id="ours")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"message": "The request is malformed."}, Refused),
        (400, {"details": [{"attribute": "limit", "message": "limit is required"}]}, ValidationFailed),
        (401, {"message": "Invalid authorization."}, Unauthorized),
        (403, {}, Forbidden),
        (404, b"", NotFound),
        (422, {"message": "The request body is not valid."}, ValidationFailed),
        (429, b"<html>", RateLimited),
        (500, {"message": None, "details": "none"}, ServerFailed),
        (302, b"", UnexpectedAnswer),
        (418, [], Refused),
    ],
)
def test_error_has_the_class_of_its_status(
    make: Callable[..., Otter], provider: Provider, status: int, body: Any, kind: type[ClientError]
) -> None:
    """The status decides the class of an error, whatever the body is."""
    provider.script = [Reply(status, body, {"Location": "https://elsewhere.example"})]
    user = make(retry=NO_RETRY).as_user(Token(ACCESS, (), NOON, {}))

    with pytest.raises(kind) as found:
        user.organization()
    assert found.value.status == status


def test_details_are_validations(user: OtterUser, provider: Provider) -> None:
    """Each detail is a validation error with attribute and message."""
    details = [{"attribute": "storeId", "message": "storeId is required"}, {"message": "more"}, "text", {}]
    provider.script = [Reply(422, {"message": "The request body is not valid.", "details": details})]

    with pytest.raises(ValidationFailed) as found:
        user.connect("b", "s", our_store_id="ours")
    assert [str(each) for each in found.value.validations] == ["storeId: storeId is required", "more", ""]


def test_same_request_is_sent_again_after_5xx(user: OtterUser, provider: Provider, slept: list[float]) -> None:
    """After 5XX every request is repeated unchanged, as the provider asks."""
    provider.script = [Reply(503, {}), Reply(500, {}), Reply(204)]

    user.connect("b", "s", our_store_id="ours")

    assert (len({each.body for each in provider.seen}), len(slept)) == (1, 2)


@pytest.mark.parametrize(("lost", "sent"), [("organization", 2), ("connect", 1), ("disconnect", 1)])
def test_lost_answer_is_asked_for_again_only_by_reads(
    user: OtterUser, provider: Provider, lost: str, sent: int
) -> None:
    """After a lost response only reads are repeated."""
    provider.script = [Reply(None), *([Reply(200, ORGANIZATION)] if sent == 2 else [])]
    calls: dict[str, Callable[[], object]] = {
        "organization": user.organization,
        "connect": lambda: user.connect("b", "s", our_store_id="ours"),
        "disconnect": lambda: user.disconnect("b", "s"),
    }
    if sent == 1:
        with pytest.raises(Unreachable):
            calls[lost]()
    else:
        calls[lost]()

    assert len(provider.seen) == sent


def test_occasional_401_is_retried(make: Callable[..., Otter], provider: Provider) -> None:
    """With RETRY_WITH_401 a request with a token is repeated after 401, a token request is not."""
    otter = make(retry=RETRY_WITH_401)
    provider.script = [Reply(401, {}), Reply(200, ORGANIZATION), Reply(401, {})]

    otter.as_user(Token(ACCESS, (), NOON, {})).organization()
    with pytest.raises(Unauthorized):
        otter.application_token(["ping"])


@pytest.mark.parametrize("echo", [ACCESS, SECRET])
def test_no_error_tells_a_secret(make: Callable[..., Otter], provider: Provider, echo: str) -> None:
    """No error, repr or traceback has a secret, even where the provider echoes it."""
    otter = make(retry=NO_RETRY)
    provider.script = [Reply(400, {"message": f"no {echo}", "details": [{"attribute": echo, "message": echo}]})]
    call = otter.as_user(Token(ACCESS, (), NOON, {})).organization if echo == ACCESS else _application(otter)

    with pytest.raises(ClientError) as found:
        call()
    told = (
        "".join(traceback.format_exception(found.value)) + repr(found.value) + repr(otter) + repr(otter.authorization())
    )
    assert echo not in told


def _application(otter: Otter) -> Callable[[], object]:
    return lambda: otter.application_token(["ping"])


def test_errors_pass_between_processes(make: Callable[..., Otter]) -> None:
    """The client's own errors can be pickled whole."""
    authorization = make().authorization()
    with pytest.raises(AuthorizationDenied) as found:
        authorization.code_from(f"?error=access_denied&state={authorization.state}")

    assert str(pickle.loads(pickle.dumps(found.value))) == str(found.value)


@pytest.mark.parametrize("identifier", [".", "..", "a/b", "a?b", "é", "%2F", "a b"])
def test_identifier_stays_in_its_place(user: OtterUser, provider: Provider, identifier: str) -> None:
    """Any id is one segment of the path."""
    provider.script = [Reply(404, {})]

    assert user.connection(identifier, "s") is None
    assert provider.seen[0].target.split("/")[7:] == ["stores", "s", "connection"]


def test_empty_identifier_is_no_other_operation(user: OtterUser) -> None:
    """An empty id is refused, since it would address another operation."""
    with pytest.raises(ValueError, match="empty"):
        user.brand("")


@pytest.mark.parametrize(
    ("url", "client_id", "secret"),
    [
        ("partners.example", CLIENT_ID, SECRET),
        ("https://user@partners.example", CLIENT_ID, SECRET),
        ("https://partners.example?x", CLIENT_ID, SECRET),
        ("https://partners.example", "", SECRET),
        ("https://partners.example", CLIENT_ID, ""),
    ],
)
def test_unusable_setting_is_refused(url: str, client_id: str, secret: str) -> None:
    """A URL or credentials that cannot be used are refused before anything is sent."""
    with pytest.raises(ConfigurationError):
        Otter(url, client_id, secret)


def test_authorization_needs_a_redirect_uri() -> None:
    """Without a redirect URI there is no authorization request."""
    with Otter.production(CLIENT_ID, SECRET) as otter, pytest.raises(ConfigurationError):
        otter.authorization()
