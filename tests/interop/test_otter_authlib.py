"""Authlib's `OAuth2Session`, unmodified, runs Otter's whole flow. `pytest -s` prints the exchanges."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

from flowproof.conformance import check, load_contract
from flowproof.exchange import Exchange
from flowproof.target import Workspace

SCOPE = "organization.read organization.service_integration"
SECRETS = ("code", "code_verifier", "client_secret", "access_token")
METHODS = ("client_secret_basic", "client_secret_post")


class Transcript:
    """Every exchange of a session, checked against the contract and printable with its secrets masked."""

    def __init__(self, base_url: str) -> None:
        self._prefix = urlsplit(base_url).path
        self._contract = load_contract("otter")
        self.lines: list[str] = []
        self.findings: list[Any] = []

    def __call__(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """A hook of requests."""
        request, parts = response.request, urlsplit(response.request.url or "")
        body = request.body or b""
        sent = body if isinstance(body, bytes) else body.encode()
        exchange = Exchange(
            request.method or "",
            parts.path.removeprefix(self._prefix),
            parts.query,
            tuple(request.headers.items()),
            sent,
            response.status_code,
            tuple(response.headers.items()),
            response.content,
        )
        self.findings += check(self._contract, exchange)
        self.lines += list(_told(exchange, response))


def _told(exchange: Exchange, response: requests.Response) -> Iterator[str]:
    query = f"?{_masked(exchange.query)}" if exchange.query else ""
    scheme = response.request.headers.get("Authorization", "").partition(" ")[0]
    proof = f"   Authorization: {scheme} [hidden]" if scheme else ""
    yield f"> {exchange.method} {exchange.path}{query}{proof}"
    if exchange.request_body:
        text = exchange.request_body.decode()
        yield f">     {text if text.startswith('{') else _masked(text)}"
    location = response.headers.get("location", "")
    place, _, came_back = location.partition("?")
    yield f"< {exchange.status}{f' {place}?{_masked(came_back)}' if location else ''}"
    if exchange.response_body:
        shown = response.json()
        yield f"<     { {**shown, 'access_token': '[access_token]'} if 'access_token' in shown else shown }"


def _masked(pairs: str) -> str:
    return urlencode(
        [(name, f"[{name}]" if name in SECRETS else value) for name, value in parse_qsl(pairs)], safe="[]:/"
    )


@pytest.fixture
def make_session(workspace: Workspace) -> Iterator[Callable[..., OAuth2Session]]:
    """Makes Authlib's session for the workspace's application, with a developer's usual settings only."""
    credentials, opened = workspace.credentials("otter"), []

    def make(**settings: Any) -> OAuth2Session:
        session = OAuth2Session(
            credentials.key,
            credentials.secret,
            scope=SCOPE,
            redirect_uri=credentials.values["redirect_uri"],
            **settings,
        )
        session.trust_env = False
        session.hooks["response"].append(Transcript(workspace.url("otter")))
        opened.append(session)
        return session

    yield make
    for each in opened:
        with closing(each):
            assert transcript(each).findings == []


def transcript(session: OAuth2Session) -> Transcript:
    """The exchanges of a session."""
    found: Transcript = session.hooks["response"][0]  # type: ignore[assignment] # (a list, as it was made)
    return found


def permitted(session: OAuth2Session, base: str, **parameters: Any) -> str:
    """The address that the user's browser is redirected to, with permission."""
    url, state = session.create_authorization_url(f"{base}/v1/auth/oauth2/authorize", **parameters)
    answer = requests.get(url, allow_redirects=False, timeout=30, hooks={"response": transcript(session)})
    assert f"state={state}" in answer.headers["location"]
    return str(answer.headers["location"])


@pytest.mark.parametrize("method", METHODS)
def test_authlib_onboards_a_store(
    workspace: Workspace, make_session: Callable[..., OAuth2Session], method: str
) -> None:
    """
    Authorization with PKCE, exchange, structure, 404, connection, 409, replacement: as the guide tells it.
    """
    base = workspace.url("otter")
    session = make_session(token_endpoint_auth_method=method, code_challenge_method="S256")
    verifier = generate_token(48)
    back = permitted(session, base, code_verifier=verifier)

    token = session.fetch_token(
        f"{base}/v1/auth/token", authorization_response=back, code_verifier=verifier, scope=SCOPE
    )
    below = f"{base}/organization/v1/organization"
    organization = session.get(below).json()
    brand = session.get(f"{below}/brands", params={"limit": 100}).json()["items"][0]
    stores = f"{below}/brands/{brand['id']}/stores"
    store = session.get(stores, params={"limit": 100}).json()["items"][0]
    connection = f"{stores}/{store['id']}/connection"
    steps = [
        session.get(connection),
        session.post(connection, json={"storeId": "kitchen-42"}),
        session.post(connection, json={"storeId": "kitchen-43"}),
        session.delete(connection),
        session.post(connection, json={"storeId": "kitchen-43"}),
        session.get(connection),
    ]

    assert (token["token_type"], token["scope"], organization["name"]) == ("bearer", SCOPE, "Organization name 1")
    assert [each.status_code for each in steps] == [404, 204, 409, 204, 204, 200]
    assert steps[-1].json() == {"storeId": "kitchen-43"}
    _show(f"Authlib {method}, PKCE S256", session)


@pytest.mark.parametrize("method", METHODS)
def test_authlib_gets_a_token_for_the_application(
    workspace: Workspace, make_session: Callable[..., OAuth2Session], method: str
) -> None:
    """
    Client credentials give a token, which the organization endpoints answer 403.
    """
    base = workspace.url("otter")
    session = make_session(token_endpoint_auth_method=method)

    token = session.fetch_token(f"{base}/v1/auth/token", grant_type="client_credentials", scope="ping orders.read")

    assert token["scope"] == "ping orders.read"
    assert session.get(f"{base}/organization/v1/organization").status_code == 403
    _show(f"Authlib {method}, client credentials", session)


def test_authlib_sees_a_used_code_and_a_revoked_token(
    workspace: Workspace, make_session: Callable[..., OAuth2Session]
) -> None:
    """
    A code that Authlib presents twice is refused, and its first token is of no use any more.

    The provider's errors are not those of RFC 6749, so Authlib takes the refusal for a token without `access_token`.
    """
    base = workspace.url("otter")
    session, again = make_session(), make_session()
    back = permitted(session, base)
    session.fetch_token(f"{base}/v1/auth/token", authorization_response=back, scope=SCOPE)
    before = session.get(f"{base}/organization/v1/organization").status_code

    refused = again.fetch_token(f"{base}/v1/auth/token", authorization_response=back, scope=SCOPE)

    after = session.get(f"{base}/organization/v1/organization").status_code
    assert (before, refused, after) == (200, {"message": "The request is malformed."}, 401)
    _show("Authlib, a code presented twice", session, again)


def _show(title: str, *sessions: OAuth2Session) -> None:
    """Print the exchanges for `pytest -s`; secrets are masked."""
    lines = [line for each in sessions for line in transcript(each).lines]
    shown = "\n".join(["", f"--- {title} ---", *lines])
    print(shown)  # noqa: T201 (the transcript is what -s is for)
    assert [each for session in sessions for each in _secrets(session) if each in shown] == []


def _secrets(session: OAuth2Session) -> list[str]:
    return [
        session.client_secret,
        *([session.token["access_token"]] if "access_token" in (session.token or {}) else []),
    ]
