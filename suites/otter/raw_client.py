"""Requests that the client would not send: each parameter as the test sets it."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit

import requests

from flowproof.clients.otter import Otter
from flowproof.target import Credentials, PreconditionMissing

__all__ = ["CHALLENGE", "VERIFIER", "Page", "RawClient", "error", "page_text", "returned", "silent"]

AUTHORIZE, TOKEN = "/v1/auth/oauth2/authorize", "/v1/auth/token"
TIMEOUT_S = 30.0
UNREGISTERED = "https://client.example/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""RFC 7636, appendix B."""
SENTENCES = {
    400: "The request is malformed.",
    401: "Invalid authorization.",
    403: "Authorization not valid for the requested resource.",
    404: "Resource not found.",
    409: "The connection between the partner application and the store already exists.",
    422: "The request body is not valid.",
}
"""The sentence by which the spec describes a status; others have none."""


def error(answer: requests.Response) -> tuple[int, str]:
    """Status and message of a refusal: JSON with the message of its status, if it has one, and no redirect."""
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    message = answer.json().get("message")
    assert message == SENTENCES.get(answer.status_code, message)
    assert "location" not in answer.headers
    return answer.status_code, message


def silent(answer: requests.Response) -> bool:
    """Whether a refusal is a 401 that does not say why: its message is that of the status, and it has no details."""
    status, message = error(answer)
    return (status, message, answer.json().get("details") or []) == (401, SENTENCES[401], [])


def page_text(answer: requests.Response) -> str:
    """The text of a complete HTML page."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.content.startswith(b"<!doctype html>\n")
    assert answer.content.endswith(b"</html>\n")
    return answer.content.decode()


def returned(answer: requests.Response) -> dict[str, str]:
    """The parameters of a redirect back to the application, each once."""
    assert answer.status_code in (302, 303)
    query = parse_qs(urlsplit(answer.headers["location"]).query, keep_blank_values=True)
    assert {len(values) for values in query.values()} == {1}
    return {name: values[0] for name, values in query.items()}


class RawClient:
    """
    Sends requests that a test composes, through the client's own session, so that each exchange is checked.

    Args:
        otter: Whose session and base URL.
        credentials: The application's.
        decides: Whether the target grants permission without a person, as a mock does.
    """

    def __init__(self, otter: Otter, credentials: Credentials, *, decides: bool = True) -> None:
        self.otter = otter
        self.client_id = credentials.key
        self.secret = credentials.secret
        self.decides = decides

    @property
    def redirect_uri(self) -> str:
        """
        The registered redirect URI.

        Raises:
            PreconditionMissing: The credentials have none.
        """
        if not self.otter.redirect_uri:
            raise PreconditionMissing(self.otter.base_url, "has no redirect_uri; set FLOWPROOF_OTTER_REDIRECT_URI")
        return str(self.otter.redirect_uri)

    def authorize(self, *, accept: str = "*/*", extra: str = "", **changes: Any) -> requests.Response:
        """Send an authorization request with parameters changed, or removed where they are None."""
        parameters = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "organization.read",
            "state": "xyz",
            **changes,
        }
        query = urlencode({name: each for name, each in parameters.items() if each is not None}, quote_via=quote)
        url = f"{self.otter.base_url}{AUTHORIZE}?{query}{extra}"
        headers = {"Accept": accept}
        return self.otter.session.get(url, headers=headers, allow_redirects=False, timeout=TIMEOUT_S)

    def code(self, **changes: Any) -> str:
        """
        An authorization code.

        Raises:
            PreconditionMissing: A person has to grant it.
        """
        if not self.decides:
            raise PreconditionMissing(self.otter.base_url, "has no code without a person who gives the permission")
        return returned(self.authorize(**changes))["code"]

    def token(self, *, basic: tuple[str, str] | None = None, extra: str = "", **form: Any) -> requests.Response:
        """Request a token; id and secret go into the form, or into Basic where that is given."""
        filled: dict[str, Any] = {}
        if form.get("grant_type") != "client_credentials":
            redirect_uri = self.otter.redirect_uri or UNREGISTERED  # (a request without a code is refused for either)
            filled = {"grant_type": "authorization_code", "redirect_uri": redirect_uri}
        if basic is None:
            filled |= {"client_id": self.client_id, "client_secret": self.secret}
        filled |= {"scope": "organization.read", **form}
        body = urlencode({name: each for name, each in filled.items() if each is not None}) + extra
        return self.post_token(body.encode(), auth=basic)

    def post_token(
        self,
        body: bytes,
        *,
        content_type: str | None = "application/x-www-form-urlencoded",
        auth: tuple[str, str] | None = None,
    ) -> requests.Response:
        """Send any body to the token endpoint."""
        headers = {} if content_type is None else {"Content-Type": content_type}
        url = self.otter.base_url + TOKEN
        return self.otter.session.post(url, data=body, headers=headers, auth=auth or _nobody, timeout=TIMEOUT_S)

    def ask(self, method: str, path: str, access_token: str | None, **arguments: Any) -> requests.Response:
        """Send a request to an organization endpoint; the path begins with `/organization`."""
        headers = {"Authorization": f"Bearer {access_token}"} if access_token is not None else {}
        headers |= arguments.pop("headers", {})
        url = f"{self.otter.base_url}{path}"
        session = self.otter.session
        return session.request(method, url, headers=headers, auth=_nobody, timeout=TIMEOUT_S, **arguments)

    def page(self, **changes: Any) -> "Page":
        """The authorization page, as a browser gets it."""
        return Page(self, self.authorize(accept="text/html,*/*;q=0.8", **changes))


class Page:
    """
    An authorization page in a browser of its own, read through its form.

    Args:
        raw: Who sends.
        redirect: The answer that sent the browser there.
    """

    def __init__(self, raw: RawClient, redirect: requests.Response) -> None:
        assert redirect.status_code == 302
        self.address = urljoin(redirect.url, redirect.headers["location"])
        self._raw = raw
        self.answer = self._get()
        text = page_text(self.answer)
        self.users = {unescape(each) for each in re.findall(r'name="user" value="([^"]*)"', text)}
        found = re.search(r'name="ticket" value="([^"]*)"', text)
        action = re.search(r'<form method="post" action="([^"]*)"', text)
        assert found
        assert action
        self.ticket = unescape(found[1])
        self.action = urljoin(self.address, unescape(action[1]))

    def decide(self, decision: str, *, forget_cookie: bool = False, **fields: Any) -> requests.Response:
        """Submit the form."""
        session = self._raw.otter.session
        if forget_cookie:
            session.cookies.clear()
        form: Mapping[str, str] = {"ticket": self.ticket, "decision": decision, **fields}
        return session.post(self.action, data=form, allow_redirects=False, auth=_nobody, timeout=TIMEOUT_S)

    def reload(self, *, forget_cookie: bool = False) -> requests.Response:
        """Request the page again."""
        if forget_cookie:
            self._raw.otter.session.cookies.clear()
        return self._get()

    def _get(self) -> requests.Response:
        session = self._raw.otter.session
        return session.get(self.address, allow_redirects=False, auth=_nobody, timeout=TIMEOUT_S)


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No credentials: without this requests would look into the user's .netrc."""
    return request
