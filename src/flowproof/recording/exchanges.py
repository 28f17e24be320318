"""Recorded exchanges as values. Knows no file format and no provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from flowproof.errors import ConfigurationError
from flowproof.exchange import Headers, header

__all__ = ["Accounts", "ControlCall", "Message", "RecordedExchange", "Recording", "RecordingError", "checked_url"]

Accounts = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Credentials by provider, role and part, such as `accounts["acme"]["default"]["key"]`."""


class RecordingError(ConfigurationError):
    """A recording cannot be used. Its message never has a value of the recording."""


@dataclass(frozen=True, slots=True)
class Message:
    """
    A request or a response.

    Args:
        headers: Names and values, in the order recorded, as they came: with secrets.
        body: Its bytes; empty where there is none, None where the recording has not kept all of it.
        is_exact: The body is byte for byte what was sent, text or not.
    """

    headers: Headers = field(repr=False)
    body: bytes | None = field(repr=False)
    is_exact: bool = False

    def header(self, name: str) -> str | None:
        """Value of the first header of that name, whatever its case, or None."""
        return header(self.headers, name)

    @property
    def media_type(self) -> str:
        """In lower case, without parameters; empty where there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class ControlCall:
    """
    What was done to a mock of ours by its control API.

    Args:
        method: HTTP method.
        path: Below the workspace's, such as `seed/acme`.
        body: JSON value that was sent; None where there was none.
        answer: JSON value of the response; None where there was none.
        at: When, on the clock of the workspace, aware.
    """

    method: str
    path: str
    body: Any = field(default=None, repr=False)
    answer: Any = field(default=None, repr=False)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """
    One exchange.

    Args:
        number: Its place in the file, from 1.
        at: When the request was sent, aware; None where the recording does not say.
        method: HTTP method, upper case.
        url: As recorded, with its query; a Postman variable may stand in its place.
        request: What was sent.
        status: Status code of the response.
        response: What was answered.
        requirement: Id of the requirement that a mock of ours cited.
        refused_for: Headers, in lower case, for which a mock of ours refused the request.
        is_real_time: Whether `at` is of a clock that nobody has set.
        is_answered: Whether the client got the response: a fault may have broken the connection.
        control: What was done to the mock before the request.
    """

    number: int
    at: datetime | None
    method: str
    url: str = field(repr=False)
    request: Message
    status: int
    response: Message
    requirement: str | None = None
    refused_for: frozenset[str] = frozenset()
    is_real_time: bool = True
    is_answered: bool = True
    control: tuple[ControlCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """
    A conversation.

    Args:
        name: Of its file, or of the workspace that it comes from.
        program: What has written it, for people.
        exchanges: In the order in which they began.
        left_out: What the file has beside them and cannot be sent again, each in one line.
        accounts: The credentials that the clients had, where the recording has them.
    """

    name: str
    program: str
    exchanges: tuple[RecordedExchange, ...]
    left_out: tuple[str, ...] = ()
    accounts: Accounts = field(default_factory=lambda: MappingProxyType({}), repr=False)


def checked_url(text: str) -> str:
    """
    A URL as it is.

    Raises:
        ValueError: It is none, such as `http://[`.
    """
    urlsplit(text)
    return text
