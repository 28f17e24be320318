"""One call to Otter and its answer, or an error of the shared tree. Knows no operation."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from urllib.parse import quote, urlsplit, urlunsplit

import requests

from flowproof.clients.answers import Answer, Json
from flowproof.clients.errors import Problem, Unreachable, Validation, failure
from flowproof.clients.retry import Retry, persist, retry_after_s

__all__ = ["Call", "Transport", "path_of"]


@dataclass(frozen=True, slots=True)
class Call:
    """
    One request before it is sent.

    Args:
        method: Of HTTP.
        path: Percent-encoded, from the base URL on.
        query: Names and values.
        headers: Beside Accept.
        form: Values of a form.
        body: JSON value.
        resend_lost: Whether it may be sent again when its answer was lost.
        hidden: Texts that no error may repeat.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    body: object = None
    resend_lost: bool = False
    hidden: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Transport:
    """
    What sends calls.

    Args:
        base_url: Without a slash at its end.
        session: Of requests.
        timeout_s: Longest wait for a connection, and for each next piece of an answer.
        now: The present, aware.
        sleep: Waits that many seconds.
        chance: Source of the retry's jitter.
    """

    base_url: str
    session: requests.Session
    timeout_s: float
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    chance: Random

    def send(self, call: Call, retry: Retry) -> Answer:
        """
        The successful answer to a call, with as many attempts as `retry` allows.

        Raises:
            ClientError: That of the last attempt.
        """
        return persist(
            lambda: self._attempt(call), retry=retry, resend_lost=call.resend_lost, sleep=self.sleep, chance=self.chance
        )

    def _attempt(self, call: Call) -> Answer:
        answer = self._sent(call)
        if 200 <= answer.status < 300:
            return answer
        if 400 <= answer.status < 600:
            asked_s = retry_after_s(answer.headers.get("Retry-After"), now=self.now())
            raise failure(call.method, call.path, answer.status, problem(answer), retry_after_s=asked_s)
        raise answer.unexpected("", "has a status that Otter never gives here; redirects are not followed")

    def _sent(self, call: Call) -> Answer:
        prepared = self._prepared(call)
        settings = self.session.merge_environment_settings(prepared.url or self.base_url, {}, None, None, None)
        try:
            response = self.session.send(prepared, timeout=self.timeout_s, allow_redirects=False, **settings)
        except requests.RequestException as error:
            told = (
                f"nothing came for {self.timeout_s:g} s"
                if isinstance(error, requests.Timeout)
                else type(error).__name__
            )
            raise Unreachable(call.method, call.path, None, told) from error
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
        request = requests.Request(
            call.method,
            url,
            headers={"Accept": "application/json", **call.headers},
            params=call.query,
            data=call.form,
            json=call.body,
            # Without credentials of its own requests would look for some in the user's .netrc, and send those.
            auth=_unchanged,
        )
        prepared = self.session.prepare_request(request)
        # requests decodes %2E, which would make an id of dots a step up the path.
        prepared.url = urlunsplit(urlsplit(prepared.url or url)._replace(path=urlsplit(url).path))
        return prepared


def problem(answer: Answer) -> Problem:
    """
    What an error's body says: `message`, and for each of `details` an attribute with a message, none of them required.
    """
    body = _lenient(answer.body)
    message = body.get("message")
    validations = tuple(_validations(answer, body.get("details")))
    said = answer.scrub(message) if isinstance(message, str) else answer.excerpt() or answer.reason
    return Problem(said, invalid=answer.status == 422 or bool(validations), validations=validations)


def path_of(*segments: str) -> str:
    """
    The path of these segments, each percent-encoded.

    Raises:
        ValueError: A segment is empty, so that the path would be another operation's.
    """
    if not all(segments):
        raise ValueError("an identifier in a path cannot be empty")
    return "/" + "/".join(
        each.replace(".", "%2E") if each in (".", "..") else quote(each, safe="") for each in segments
    )


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _lenient(body: bytes) -> Json:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _validations(answer: Answer, details: object) -> Iterator[Validation]:
    for each in details if isinstance(details, list) else ():
        if isinstance(each, dict):
            yield Validation(answer.scrub(str(each.get("attribute", ""))), answer.scrub(str(each.get("message", ""))))
