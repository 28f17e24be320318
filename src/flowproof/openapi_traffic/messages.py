"""The values of recorded requests and answers, with placeholders where secrets and personal data were."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from flowproof.recording import Leaf, Placeholders, RecordedExchange, leaves
from flowproof.recording.selection import ProviderExchange
from flowproof.recording.values import Body, body_of
from flowproof.recording.volatile import identifies

from .credentials import credential_header_names, is_credential_parameter
from .templates import Observed

__all__ = ["Content", "Message", "read_messages"]

JSON = "application/json"
LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Content:
    """
    A body without secrets.

    Args:
        media_type: Empty where there is no body.
        value: Of JSON or of a form; else a text, or None where it is unknown.
        is_value: Whether it is JSON or a form, so that it has a schema.
    """

    media_type: str = ""
    value: Any = None
    is_value: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """
    One exchange.

    Args:
        observed: Its path, method and kind of answer.
        query: Parameters without credentials, in order; a value as JSON has it.
        headers: Names of further headers, which no client adds by itself.
        sent: The request's body.
        status: Of the answer.
        answer: Its body.
    """

    observed: Observed
    query: tuple[tuple[str, Any], ...]
    headers: tuple[str, ...]
    sent: Content
    status: int
    answer: Content


def read_messages(
    exchanges: Sequence[ProviderExchange], placeholders: Placeholders
) -> tuple[list[Message], dict[str, str]]:
    """
    The messages of exchanges, and the member in which one of them has a value that identifies something, by the value.

    Args:
        exchanges: Of one API.
        placeholders: Learns first from all of them.

    Raises:
        RecordingError: A body is no UTF-8.
    """
    credentials = credential_header_names(exchanges) | {"authorization", "cookie", "proxy-authorization"}
    bodies = [_bodies(each.exchange) for each in exchanges]
    members: dict[str, str] = {}
    for each, (sent, answer) in zip(exchanges, bodies, strict=True):
        for message in (each.exchange.request, each.exchange.response):
            placeholders.learn_headers(message.headers, credentials)
        found = [*_leaves(sent), *_leaves(answer)]
        query = parse_qsl(each.query, keep_blank_values=True)
        placeholders.learn([*found, *(Leaf("", (name,), value) for name, value in query)])
        for leaf in found:
            if leaf.names and identifies(leaf.names, leaf.value):
                members.setdefault(str(leaf.value), leaf.names[-1])
    reader = _Reader(placeholders, credentials)
    return [reader.message(each, *body) for each, body in zip(exchanges, bodies, strict=True)], members


def _bodies(exchange: RecordedExchange) -> tuple[Body, Body]:
    return (
        body_of(exchange.request, f"The request of exchange {exchange.number}"),
        body_of(exchange.response, f"The response of exchange {exchange.number}"),
    )


def _leaves(body: Body) -> Iterator[Leaf]:
    if body.kind == "json":
        yield from leaves(body.value)
    elif body.kind == "form":
        yield from (Leaf("", (name,), value) for name, value in body.value)
    elif body.kind == "text":
        yield Leaf("", (), body.value)


class _Reader:
    def __init__(self, placeholders: Placeholders, credentials: frozenset[str] | set[str]) -> None:
        self._placeholders = placeholders
        self._credentials = credentials

    def message(self, each: ProviderExchange, sent: Body, answer: Body) -> Message:
        exchange = each.exchange
        segments = tuple(unquote(segment) for segment in each.path.split("/")[1:])
        shown = self._content(answer, exchange.response.media_type)
        return Message(
            observed=Observed(exchange.method, segments, (exchange.status // 100, _kind(shown)), exchange.status),
            query=tuple(self._query(each.query)),
            headers=tuple(self._further_headers(exchange)),
            sent=self._content(sent, exchange.request.media_type),
            status=exchange.status,
            answer=shown,
        )

    def _content(self, body: Body, media_type: str) -> Content:
        match body.kind:
            case "none":
                return Content()
            case "json":
                kind = media_type if media_type.endswith(("/json", "+json")) else JSON
                return Content(kind, self._placeholders.json(body.value), is_value=True)
            case "form":
                pairs: dict[str, Any] = {}
                for name, value in body.value:
                    pairs[self._placeholders.text(name)] = self._placeholders.value((name,), value)
                return Content(media_type, pairs, is_value=True)
            case "text":
                return Content(media_type or "text/plain", self._placeholders.text(body.value)[:LONGEST_TEXT])
        return Content(media_type or "application/octet-stream")

    def _query(self, query: str) -> Iterator[tuple[str, Any]]:
        for name, value in parse_qsl(query, keep_blank_values=True):
            if not is_credential_parameter(name, value) and self._placeholders.text(name) == name:
                shown = self._placeholders.value((name,), value)
                yield name, _typed(shown) if isinstance(shown, str) else shown

    def _further_headers(self, exchange: RecordedExchange) -> Iterator[str]:
        """Headers that are the API's own: no client sends them by itself, and they are no credentials."""
        for name, _ in exchange.request.headers:
            lower = name.lower()
            if lower.startswith("x-") and lower not in self._credentials:
                yield name


def _kind(content: Content) -> object:
    """What distinguishes an answer from those of other operations: the names of its members, else its media type."""
    if isinstance(content.value, dict):
        return frozenset(content.value)
    return ("list" if isinstance(content.value, list) else content.media_type,)


def _typed(text: str) -> Any:
    """The text of a parameter as the value that it writes."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdecimal() and text.isascii() and (text == "0" or text[0] != "0") else text
