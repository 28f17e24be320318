"""Recorded exchanges as values. Knows no file format and no provider."""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from flowproof.errors import ConfigurationError
from flowproof.exchange import Headers, header

__all__ = ["Message", "RecordedExchange", "Recording", "RecordingError", "checked_url"]


class RecordingError(ConfigurationError):
    """A recording cannot be used. Its message never has a value of the recording."""


@dataclass(frozen=True, slots=True)
class Message:
    """
    A request or a response.

    Args:
        headers: Names and values, in the order recorded, as they came: with secrets.
        body: Its bytes; empty where there is none, None where the recording has not kept all of it.
    """

    headers: Headers = field(repr=False)
    body: bytes | None = field(repr=False)

    def header(self, name: str) -> str | None:
        """Value of the first header of that name, whatever its case, or None."""
        return header(self.headers, name)

    @property
    def media_type(self) -> str:
        """In lower case, without parameters; empty where there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()


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
    """

    number: int
    at: datetime | None
    method: str
    url: str = field(repr=False)
    request: Message
    status: int
    response: Message
    requirement: str | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """
    A conversation.

    Args:
        name: Of its file, or of the workspace that it comes from.
        program: What has written it, for people.
        exchanges: In the order in which they began.
        left_out: What the file has beside them and cannot be sent again, each in one line.
    """

    name: str
    program: str
    exchanges: tuple[RecordedExchange, ...]
    left_out: tuple[str, ...] = ()


def checked_url(text: str) -> str:
    """
    A URL as it is.

    Raises:
        ValueError: It is none, such as `http://[`.
    """
    urlsplit(text)
    return text
