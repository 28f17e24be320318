"""The base class of every provider's client: a session with its settings. Knows no provider."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from types import TracebackType
from typing import Self, TypedDict
from urllib.parse import urlsplit, urlunsplit

import requests

from flowproof.clients.errors import Problem
from flowproof.clients.responses import ClientResponse
from flowproof.clients.retry import Retry
from flowproof.clients.transport import Transport
from flowproof.errors import ConfigurationError

__all__ = ["Client", "ClientSettings", "checked_token", "normalized_base_url", "utc_now"]


def utc_now() -> datetime:
    return datetime.now(UTC)


class ClientSettings(TypedDict, total=False):
    """
    Settings of every client.

    Args:
        timeout_s: Longest wait for a connection, and for each next piece of a response; 10 by default.
        retry: When to send a request again.
        session: Session to use; a new one by default. Mount adapters, add hooks, set proxies or certificates on it.
        now: Returns the time, aware.
        sleep: Waits that many seconds.
        rng: Source of the retry's jitter.
    """

    timeout_s: float
    retry: Retry
    session: requests.Session | None
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    rng: Random | None


class Client:
    """
    A client without operations; a context manager that closes its session.

    Args:
        base_url: Without a slash at its end.
        api: The provider's name, for error messages.
        problem: Reads the provider's error bodies.
        timeout_s: This and the following: see `ClientSettings`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api: str,
        problem: Callable[[ClientResponse], Problem],
        timeout_s: float = 10.0,
        retry: Retry = Retry(),  # noqa: B008 - a frozen value
        session: requests.Session | None = None,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
        rng: Random | None = None,
    ) -> None:
        self.base_url = base_url
        self.timeout_s = timeout_s
        self.retry = retry
        self.session = requests.Session() if session is None else session
        self._api = api
        self._problem = problem
        self._now = now
        self._sleep = sleep
        self._rng = Random() if rng is None else rng

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the session's connections, also those of a given session; a later request opens new ones."""
        self.session.close()

    @property
    def _transport(self) -> Transport:
        """A transport with the current session and timeout."""
        return Transport(
            self._api,
            self._problem,
            self.base_url,
            self.session,
            self.timeout_s,
            self._now,
            self._sleep,
            self._rng,
        )


def normalized_base_url(url: str, *, of: str, below: str = "", such_as: str = "") -> str:
    """
    The base URL without a slash at its end, and without the prefix of every path.

    Args:
        url: As given.
        of: What it is, for the error: `The Acme client's base_url`.
        below: Prefix of every path, such as `/api`.
        such_as: An example, for the error's advice.

    Raises:
        ConfigurationError: The URL cannot be used.
    """
    example = f", such as {such_as}" if such_as else ""
    fix = f"Give an http or https URL without credentials, query or fragment{example}."
    if not url.lower().startswith(("http://", "https://")) or set("@?#") & set(url):
        raise ConfigurationError(f"{of} cannot be used.", fix)
    try:
        parts = urlsplit(requests.Request("GET", url).prepare().url or url)
    except requests.RequestException as error:
        raise ConfigurationError(f"{of} cannot be used: {error}.", fix) from error
    return urlunsplit(parts._replace(path=parts.path.rstrip("/").removesuffix(below).rstrip("/")))


def checked_token(token: str, *, of: str, fix: str) -> str:
    """
    The token, if it can be sent in a header. No error shows it.

    Args:
        token: As given.
        of: What it is, for the error: `The Acme client's token`.
        fix: The error's advice.

    Raises:
        ConfigurationError: The token is empty or has characters that cannot be sent.
    """
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError(f"{of} cannot be used.", fix)
    return token
