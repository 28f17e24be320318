"""One call to a provider and its answer, or an error of the shared tree. Knows no operation and no signature."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from urllib.parse import quote, urlsplit, urlunsplit

import requests

from flowproof.clients.answers import Answer
from flowproof.clients.errors import Problem, Unreachable, failure
from flowproof.clients.retry import Retry, persist, retry_after_s

__all__ = ["Auth", "Call", "Transport", "as_it_is", "json_bytes", "path_of"]

Auth = Callable[[requests.PreparedRequest], requests.PreparedRequest]


@dataclass(frozen=True, slots=True)
class Call:
    """
    One request before it is sent.

    Args:
        method: Of HTTP.
        path: Percent-encoded, from the base URL on.
        query: Names and values.
        headers: Beside Accept, and beside Content-Type where there is a body of JSON.
        body: Its bytes.
        form: Values of a form, in place of a body.
        resend_lost: Whether it may be sent again when its answer was lost.
        hidden: Texts that no error may repeat.
        auth: Of requests; by default the session's, or what the user's .netrc has for the host.
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
    What sends calls.

    Args:
        api: The provider's name, for sentences.
        problem: Reads the provider's error bodies.
        base_url: Without a slash at its end.
        session: Of requests.
        timeout_s: Longest wait for a connection, and for each next piece of an answer.
        now: The present, aware.
        sleep: Waits that many seconds.
        chance: Source of the retry's jitter.
    """

    api: str
    problem: Callable[[Answer], Problem] = field(repr=False)
    base_url: str
    session: requests.Session
    timeout_s: float
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    rng: Random

    def send(self, call: Call, retry: Retry, *, sign: Callable[[Call], Call] | None = None) -> Answer:
        """
        The successful answer to a call, with as many attempts as `retry` allows.

        Args:
            call: What to send.
            retry: When to send it again.
            sign: Makes of it what is really sent, for each attempt afresh.

        Raises:
            ClientError: That of the last attempt.
        """
        return persist(
            lambda: self._attempt(sign(call) if sign else call),
            retry=retry,
            resend_lost=call.resend_lost,
            sleep=self.sleep,
            rng=self.rng,
        )

    def _attempt(self, call: Call) -> Answer:
        answer = self._sent(call)
        if 200 <= answer.status < 300:
            return answer
        if 400 <= answer.status < 600:
            asked_s = retry_after_s(answer.headers.get("Retry-After"), now=self.now())
            raise failure(call.method, call.path, answer.status, self.problem(answer), retry_after_s=asked_s)
        raise answer.unexpected("", f"has a status that {self.api} never gives; redirects are not followed")

    def _sent(self, call: Call) -> Answer:
        prepared = self._prepared(call)
        settings = self.session.merge_environment_settings(prepared.url or self.base_url, {}, None, None, None)
        try:
            response = self.session.send(prepared, timeout=self.timeout_s, allow_redirects=False, **settings)
        except requests.RequestException as error:
            raise Unreachable(call.method, call.path, None, _loss(error, self.timeout_s)) from error
        return Answer(
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
        # requests decodes %2E, which would make an id of dots a step up the path; what is sent must be what is signed.
        prepared.url = urlunsplit(urlsplit(prepared.url or url)._replace(path=urlsplit(url).path))
        return prepared


def as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The `auth` of a call that brings its own: without it requests would look for some in the user's .netrc."""
    return request


def json_bytes(body: object) -> bytes:
    """
    A JSON value as it is sent.

    Raises:
        ValueError: It has a number that JSON has not.
        TypeError: It has something else that JSON has not.
    """
    return json.dumps(body, allow_nan=False, default=_plain).encode()


def path_of(*segments: str) -> str:
    """
    The path of these segments, each percent-encoded; one of dots only too, which would be a step up the path.

    Raises:
        ValueError: A segment is empty, so that the path would be another operation's.
    """
    if not all(segments):
        raise ValueError("an identifier in a path cannot be empty")
    return "/" + "/".join(
        each.replace(".", "%2E") if each in (".", "..") else quote(each, safe="") for each in segments
    )


def _plain(value: object) -> dict[object, object]:
    """A mapping that is no dict, as a dict: what `json` asks for where it is at a loss."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _loss(error: requests.RequestException, timeout_s: float) -> str:
    """What became of the answer, in a few words; the whole story is in the cause."""
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {timeout_s:g} s"
    if isinstance(error, requests.Timeout) or "Read timed out" in str(error):
        return f"nothing came for {timeout_s:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return "the answer broke off or is garbled"
    return f"the connection failed ({type(error).__name__})"
