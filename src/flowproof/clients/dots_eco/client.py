"""
The client of Dots.eco's flow cards: gift cards for environmental impact. Shares no code with any mock.

    with DotsEco.production(token) as dots_eco:
        card = dots_eco.create_card("1-f2b086b3", "123kdfgf", recipient_email="jane@example.com")

Source:
    seeds/003. The list, the balance and the two kinds of tokens are seen on other pages: providers/dots_eco.md.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from random import Random
from types import TracebackType
from typing import Self, TypedDict, Unpack
from urllib.parse import quote, urlsplit, urlunsplit

import requests

from flowproof.clients.answers import Answer, Node
from flowproof.clients.dots_eco.problems import problem
from flowproof.clients.dots_eco.results import FlowCard, Offer
from flowproof.clients.errors import Unreachable, failure
from flowproof.clients.retry import Retry, persist, retry_after_s
from flowproof.errors import ConfigurationError

__all__ = ["PRODUCTION_URL", "DotsEco", "Settings"]

PRODUCTION_URL = "https://impact.dots.eco"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Settings(TypedDict, total=False):
    """What can be set beside URL and tokens; `DotsEco` says what each means."""

    timeout_s: float
    retry: Retry
    session: requests.Session | None
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    chance: Random | None


@dataclass(frozen=True, slots=True)
class _Call:
    """One operation with its arguments; `body` is None where it has none."""

    method: str
    path: str
    body: bytes | None = None


class DotsEco:
    """
    A client of Dots.eco's flow cards.

    Reads are retried after 429, 5XX and a lost answer. A card is asked for again after 429 only: after anything else it
    may have been bought, and the provider documents nothing by which it would know the same request again.
    Redirects are not followed: another host must not see the token.

    `session` is public: mount adapters, add hooks, set proxies or certificates on it as on any `requests` session.

    Args:
        base_url: URL before `/api/v1`; a trailing `/api/v1` or slash is taken off.
        token: The auth-token that buys; never shown.
        read_token: A read-only auth-token for list and balance; by default `token`.
        timeout_s: Longest wait for a connection, and for each next piece of an answer.
        retry: When to send again.
        session: Session to use; a new one by default.
        now: The present, aware.
        sleep: Waits that many seconds.
        chance: Source of the retry's jitter.

    Raises:
        ConfigurationError: The URL or a token cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        read_token: str | None = None,
        *,
        timeout_s: float = 10.0,
        retry: Retry = Retry(),  # noqa: B008 - a frozen value
        session: requests.Session | None = None,
        now: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], None] = time.sleep,
        chance: Random | None = None,
    ) -> None:
        self.base_url = _normal_url(base_url)
        self._token = _usable(token, "token")
        self._read_token = self._token if read_token is None else _usable(read_token, "read_token")
        self.timeout_s = timeout_s
        self.retry = retry
        self.session = requests.Session() if session is None else session
        self._now = now
        self._sleep = sleep
        self._chance = Random() if chance is None else chance

    @classmethod
    def production(cls, token: str, read_token: str | None = None, **settings: Unpack[Settings]) -> Self:
        """A client of the production host."""
        return cls(PRODUCTION_URL, token, read_token, **settings)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the session's connections, also of a session handed in; used again, it opens new ones."""
        self.session.close()

    def create_card(
        self,
        app_token: str,
        sku: str,
        *,
        expiration_date: date | str | None = None,
        recipient_email: str | None = None,
        recipient_name: str | None = None,
        sender_name: str | None = None,
        message: str | None = None,
    ) -> FlowCard:
        """
        Buy a card. What is None is not sent.

        Args:
            app_token: Of the application on whose account it is.
            sku: What to buy: see `cards`.
            expiration_date: Its last day, from tomorrow to five years on; by default five years on.
            recipient_email: A valid address.
            recipient_name: Name of the recipient.
            sender_name: The provider's `from`.
            message: Any text.

        Raises:
            ValidationFailed: Parameters are at fault; `validations` has each, by its name.
            Forbidden: The token's holder does not manage the application, or its company may not buy.
            Unreachable: The answer was lost. The card may have been bought; it is not asked for again.
        """
        parameters = {
            "app_token": app_token,
            "sku": sku,
            "expiration_date": _day(expiration_date),
            "recipient_email": recipient_email,
            "recipient_name": recipient_name,
            "from": sender_name,
            "message": message,
        }
        return self.create_card_from({name: value for name, value in parameters.items() if value is not None})

    def create_card_from(self, body: object) -> FlowCard:
        """
        Buy a card with a body of one's own: any JSON value, as it is.

        Raises:
            ClientError: As of `create_card`.
        """
        sent = json.dumps(body, allow_nan=False).encode()
        careful = replace(self.retry, statuses=self.retry.statuses & {429})
        node = self._do(_Call("POST", "/api/v1/flow-card/add", sent), retry=careful)
        if node.members().get("success") is not True:
            raise node.answer.unexpected("/success", "is not true")
        return FlowCard.read(node.child("response"))

    def cards(self, app_token: str) -> tuple[Offer, ...]:
        """
        The flow cards that an application can buy.

        Raises:
            Forbidden: There is no such application, it is not managed by the token's holder, or may not buy.
        """
        node = self._do(_Call("GET", f"/api/v1/flow-card/list/{_segment(app_token)}"))
        if not isinstance(node.value, list):
            raise node.answer.unexpected("", "is not a list")
        return tuple(Offer.read(Node(each, f"/{index}", node.answer)) for index, each in enumerate(node.value))

    def balance(self, app_token: str) -> float:
        """
        The balance of an application; the provider does not say in which unit.

        Raises:
            NotFound: There is no such application.
            Forbidden: It is not managed by the token's holder, or its company is not activated.
        """
        node = self._do(_Call("GET", f"/api/v1/application-balance/{_segment(app_token)}"))
        value = node.members().get("balance")
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise node.answer.unexpected("/balance", "is no number")
        return value

    def _do(self, call: _Call, retry: Retry | None = None) -> Node:
        """The JSON that answers a call, with as many attempts as it may have."""
        return persist(
            lambda: self._attempt(call),
            retry=retry or self.retry,
            resend_lost=call.body is None,
            sleep=self._sleep,
            chance=self._chance,
        )

    def _attempt(self, call: _Call) -> Node:
        answer = self._send(call)
        if 200 <= answer.status < 300:
            return answer.node()
        if 400 <= answer.status < 600:
            asked_s = retry_after_s(answer.headers.get("Retry-After"), now=self._now())
            raise failure(answer.method, answer.path, answer.status, problem(answer), retry_after_s=asked_s)
        raise answer.unexpected("", "has a status that Dots.eco never gives; redirects are not followed")

    def _send(self, call: _Call) -> Answer:
        prepared = self._prepare(call)
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
            (self._token, self._read_token),
        )

    def _prepare(self, call: _Call) -> requests.PreparedRequest:
        token = self._read_token if call.body is None else self._token
        headers = {"Accept": "application/json", "Content-Type": "application/json", "auth-token": token}
        url = self.base_url + call.path
        prepared = self.session.prepare_request(requests.Request(call.method, url, headers=headers, data=call.body))
        # requests decodes %2E, which would make a token of dots a step up the path.
        prepared.url = urlunsplit(urlsplit(prepared.url or url)._replace(path=urlsplit(url).path))
        return prepared


def _normal_url(url: str) -> str:
    """The URL before `/api/v1`, without a slash at its end."""
    mend = "Give an http or https URL without credentials, query or fragment, such as https://impact.dots.eco."
    if not url.lower().startswith(("http://", "https://")) or set("@?#") & set(url):
        raise ConfigurationError("The Dots.eco client's base_url cannot be used.", mend)
    try:
        parts = urlsplit(requests.Request("GET", url).prepare().url or url)
    except requests.RequestException as error:
        raise ConfigurationError(f"The Dots.eco client's base_url cannot be used: {error}.", mend) from error
    return urlunsplit(parts._replace(path=parts.path.rstrip("/").removesuffix("/api/v1").rstrip("/")))


def _usable(token: str, name: str) -> str:
    """The token, which must be able to stand in a header; no error shows it."""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError(
            f"The Dots.eco client's {name} cannot be used.", "Give it as the page Edit Company shows it."
        )
    return token


def _day(given: date | str | None) -> str | None:
    """A date as the provider reads it; a text as it is."""
    return date(given.year, given.month, given.day).isoformat() if isinstance(given, date) else given


def _segment(app_token: str) -> str:
    """
    An application's token, percent-encoded for a path; one of dots only too, which would be a step up the path.

    Raises:
        ValueError: It is empty, so that the path would be another operation's.
    """
    if not app_token:
        raise ValueError("an app_token in a path cannot be empty")
    return app_token.replace(".", "%2E") if app_token in (".", "..") else quote(app_token, safe="")


def _loss(error: requests.RequestException, timeout_s: float) -> str:
    """What became of the answer, in a few words; the whole story is in the cause."""
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {timeout_s:g} s"
    if isinstance(error, requests.Timeout) or "Read timed out" in str(error):
        return f"nothing came for {timeout_s:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return "the answer broke off or is garbled"
    return f"the connection failed ({type(error).__name__})"
