"""Sends a request to a provider and returns its response, or raises an error. Knows no operation and no signature."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import requests

from flowproof.clients.errors import Problem, Unreachable, error_for_status
from flowproof.clients.responses import ClientResponse, JsonNode
from flowproof.clients.retry import Retry, call_with_retry, retry_after_s

__all__ = ["Auth", "Call", "Transport", "json_bytes", "path_of", "without_netrc"]

Auth = Callable[[requests.PreparedRequest], requests.PreparedRequest]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """
    A request before it is sent.

    Args:
        method: HTTP method.
        path: Percent-encoded, below the base URL.
        query: Names and values.
        headers: Additional to Accept, and to Content-Type where there is a JSON body.
        body: JSON as bytes.
        form: Values of a form, in place of a body.
        resend_lost: Whether it may be sent again when its response was lost or cannot be read.
        hidden: Secrets that no error may show.
        auth: As in `requests`; by default the session's, or what the user's .netrc has for the host.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    resend_lost: bool = False
    hidden: tuple[str, ...] = field(default=(), repr=False)
    auth: Auth | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Transport:
    """
    Sends calls; the arguments are those of `Client`.
    """

    api: str
    problem: Callable[[ClientResponse], Problem] = field(repr=False)
    base_url: str
    session: requests.Session
    timeout_s: float
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    rng: Random

    def send(self, call: Call, retry: Retry, *, sign: Callable[[Call], Call] | None = None) -> ClientResponse:
        """
        Send a call, with as many attempts as `retry` allows, and return the successful response.

        Args:
            call: What to send.
            retry: When to send it again.
            sign: Adds credentials to the call, once for each attempt.

        Raises:
            ClientError: That of the last attempt.
        """
        return self._repeat(lambda: self._attempt(sign(call) if sign else call), call, retry)

    def read(self, call: Call, retry: Retry, *, sign: Callable[[Call], Call] | None = None) -> JsonNode:
        """
        Send a call as `send` does, and return the JSON of the response. One that is no JSON counts as lost.

        Raises:
            ClientError: That of the last attempt.
        """
        return self._repeat(lambda: self._attempt(sign(call) if sign else call).node(), call, retry)

    def _repeat(self, attempt: Callable[[], T], call: Call, retry: Retry) -> T:
        return call_with_retry(attempt, retry=retry, resend_lost=call.resend_lost, sleep=self.sleep, rng=self.rng)

    def _attempt(self, call: Call) -> ClientResponse:
        response = self._exchange(call)
        if 200 <= response.status < 300:
            return response
        if 400 <= response.status < 600:
            asked_s = retry_after_s(response.headers.get("Retry-After"), now=self.now())
            raise error_for_status(
                call.method, call.path, response.status, self.problem(response), retry_after_s=asked_s
            )
        raise response.unexpected("", f"has a status that {self.api} never gives; redirects are not followed")

    def _exchange(self, call: Call) -> ClientResponse:
        prepared = self._prepared(call)
        settings = self.session.merge_environment_settings(prepared.url or self.base_url, {}, None, None, None)
        try:
            response = self.session.send(prepared, timeout=self.timeout_s, allow_redirects=False, **settings)
        except requests.RequestException as error:
            raise Unreachable(call.method, call.path, None, _loss(error, self.timeout_s)) from error
        return ClientResponse(
            call.method,
            call.path,
            response.status_code,
            response.reason or "",
            response.headers,
            response.content,
            call.hidden,
        )

    def _prepared(self, call: Call) -> requests.PreparedRequest:
        url = self.base_url + call.path
        headers = {"Accept": "application/json"}
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        request = requests.Request(
            call.method,
            url,
            headers={**headers, **call.headers},
            params=call.query,
            data=call.form if call.body is None else call.body,
            auth=call.auth,
        )
        prepared = self.session.prepare_request(request)
        # requests decodes %2E, so that an id of dots would change the path; the sent path must be the signed one.
        prepared.url = urlunsplit(urlsplit(prepared.url or url)._replace(path=urlsplit(url).path))
        return prepared


def without_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The `auth` of a call with credentials of its own: without it `requests` would add those in the user's .netrc."""
    return request


def json_bytes(body: object) -> bytes:
    """
    Encode a JSON value.

    Raises:
        ValueError: It has a number that JSON cannot express.
        TypeError: It has another value that JSON cannot express.
    """
    return json.dumps(body, allow_nan=False, default=_plain).encode()


def path_of(*segments: str) -> str:
    """
    The path of these segments, each percent-encoded, also one that is only dots.

    Raises:
        ValueError: A segment is empty, so that the path would be that of another operation.
    """
    if not all(segments):
        raise ValueError("an identifier in a path cannot be empty")
    return "/" + "/".join(
        each.replace(".", "%2E") if each in (".", "..") else quote(each, safe="") for each in segments
    )


def _plain(value: object) -> dict[object, object]:
    """Turn other mappings into a dict for `json`."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _loss(error: requests.RequestException, timeout_s: float) -> str:
    """Why there was no response, in a few words."""
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {timeout_s:g} s"
    if isinstance(error, requests.Timeout) or "Read timed out" in str(error):
        return f"nothing came for {timeout_s:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return "the answer broke off or is garbled"
    return f"the connection failed ({type(error).__name__})"
