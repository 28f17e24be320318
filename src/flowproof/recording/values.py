"""The values of recorded messages: JSON, form, text, path and query. Knows no provider."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from flowproof.redaction.parameters import is_form

from .exchanges import Message, RecordingError
from .selection import ProviderExchange

__all__ = ["Body", "Leaf", "RequestValues", "answer_leaves", "body_of", "changed", "leaves", "request_values"]

Json = Any
Pairs = tuple[tuple[str, str], ...]
COOKIE = re.compile(r"([^=;,\s]+)=([^;]*)")
BOUND_HEADERS = ("location", "content-location", "etag")
NO_TEXT = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip", "application/octet-stream")


class Leaf(NamedTuple):
    """
    A string, number, boolean or null of a JSON value.

    Args:
        pointer: JSON pointer to it.
        names: Of the members that lead to it, the outermost first.
        value: Itself.
    """

    pointer: str
    names: tuple[str, ...]
    value: Json


@dataclass(frozen=True, slots=True)
class Body:
    """
    A body.

    Args:
        kind: `unknown` where the recording has not kept it, or where it is an image, a document or the like.
        value: A JSON value; the pairs of a form; a text; bytes that are none; None for the others.
    """

    kind: Literal["none", "json", "form", "text", "bytes", "unknown"]
    value: Json = None


@dataclass(frozen=True, slots=True)
class RequestValues:
    """
    What a request is made of, decoded.

    Args:
        segments: Of the path, without the empty one before the first slash.
        query: Names and values.
        is_whole: Whether these are all that the request has; a query may be no UTF-8.
        body: Of the request.
    """

    segments: tuple[str, ...]
    query: Pairs
    body: Body
    is_whole: bool = True

    def leaves(self) -> Iterator[Leaf]:
        """Every value with the names before it; a segment of the path has none."""
        yield from (Leaf("", (), each) for each in self.segments)
        yield from (Leaf("", (name,), value) for name, value in self.query)
        if self.body.kind == "json":
            yield from leaves(self.body.value)
        elif self.body.kind == "form":
            yield from (Leaf("", (name,), value) for name, value in self.body.value)
        elif self.body.kind == "text":
            yield Leaf("", (), self.body.value)


def request_values(sent: ProviderExchange) -> RequestValues:
    """
    The values of a request.

    Raises:
        RecordingError: Its body is no UTF-8.
    """
    segments = tuple(unquote(each) for each in sent.path.split("/")[1:])
    body = body_of(sent.exchange.request, f"The request of exchange {sent.exchange.number}")
    try:
        pairs, is_whole = tuple(parse_qsl(sent.query, keep_blank_values=True, errors="strict")), True
    except UnicodeDecodeError:
        pairs, is_whole = tuple(parse_qsl(sent.query, keep_blank_values=True)), False
    return RequestValues(segments, pairs, body, is_whole)


def body_of(message: Message, what: str) -> Body:
    """
    The body of a message.

    Args:
        message: Recorded.
        what: The message, for people, as the beginning of a sentence.

    Raises:
        RecordingError: It is no UTF-8, though its media type is not one of images, documents and the like.
    """
    if message.body is None or (message.media_type.startswith(NO_TEXT) and not message.is_exact):
        return Body("unknown")
    if not message.body:
        return Body("none")
    try:
        text = message.body.decode()
    except UnicodeDecodeError as error:
        if message.is_exact:
            return Body("bytes", message.body)
        raise RecordingError(
            f"{what} has a body that is no UTF-8 (its byte {error.start + 1}).",
            "Leave that exchange out of the recording.",
        ) from error
    pairs = _pairs(text) if is_form(message.media_type) else None
    if pairs is not None:
        return Body("form", pairs)
    try:
        return Body("json", json.loads(text, parse_constant=_no_json, parse_float=_finite, object_pairs_hook=_object))
    except (ValueError, RecursionError):
        return Body("text", text)


def _pairs(text: str) -> Pairs | None:
    """The pairs of a form; None where they would not be written as the same text again."""
    try:
        pairs = tuple(parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict"))
    except ValueError:
        return None
    return pairs if len(pairs) == text.count("&") + 1 else None


def _no_json(name: str) -> Json:
    raise ValueError(name)


def _finite(text: str) -> float:
    """A number; one that is too large for this machine stays a text, as it could not be written again."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _object(pairs: list[tuple[str, Json]]) -> Json:
    """An object; one that has a name twice stays a text, which alone says so."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def answer_leaves(response: Message, body: Body) -> Iterator[Leaf]:
    """Every value of an answer that can be saved: of its JSON, its cookies, and the addresses and marks in headers."""
    if body.kind == "json":
        yield from leaves(body.value)
    for header, text in response.headers:
        cookie = COOKIE.match(text) if header.lower() == "set-cookie" else None
        if cookie is not None:
            yield Leaf(f"cookie:{cookie[1]}", (cookie[1], "token"), cookie[2])
    for name in BOUND_HEADERS:
        value = response.header(name)
        if value is None:
            continue
        yield Leaf(f"header:{name}", (name,), value)
        if name == "etag":
            continue
        address = urlsplit(value)
        for parameter, each in parse_qsl(address.query, keep_blank_values=True):
            yield Leaf(f"header:{name}?{parameter}", (parameter,), each)
        yield Leaf(f"header:{name}#-1", (), unquote(address.path.rpartition("/")[2]))


def leaves(value: Json, names: tuple[str, ...] = (), pointer: str = "") -> Iterator[Leaf]:
    """Every leaf of a JSON value, in order."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from leaves(each, (*names, name), f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, each in enumerate(value):
            yield from leaves(each, names, f"{pointer}/{index}")
    else:
        yield Leaf(pointer, names, value)


def changed(
    value: Json,
    change: Callable[[Leaf], Json],
    key: Callable[[str], str],
    names: tuple[str, ...] = (),
    pointer: str = "",
) -> Json:
    """
    A JSON value with every leaf changed, and every name of a member.

    Args:
        value: Stays as it is.
        change: What stands in the place of a leaf.
        key: What stands in the place of a name.
        names: Those that lead to it.
        pointer: JSON pointer to it.
    """
    if isinstance(value, Mapping):
        return {
            key(name): changed(
                each, change, key, (*names, name), f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            )
            for name, each in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [changed(each, change, key, names, f"{pointer}/{index}") for index, each in enumerate(value)]
    return change(Leaf(pointer, names, value))
