"""Which recorded exchange a request is, and which is the nearest where it is none. Knows no socket."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from flowproof.drift.comparison import ObservedResponse, compare
from flowproof.drift.folding import EITHER
from flowproof.recording import Leaf, Placeholders, RecordedExchange, Recording, leaves
from flowproof.redaction.parameters import is_form

__all__ = ["Miss", "Replay", "Request"]

MOST_COMPARED = 500  # recorded requests that a miss is compared with, those of its method and path first
WEIGHT_OF_PATH = 10  # differences in the body that one in the path is worth


class Request(NamedTuple):
    """
    A request, as far as it decides which answer it gets. Headers do not: they carry credentials and names of programs.

    Args:
        method: Upper case.
        path: Percent-encoded, as sent.
        query: Names and values, sorted.
        body: JSON value, pairs of a form or text; empty text where there is none.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: Any

    @classmethod
    def read(cls, method: str, target: str, content_type: str | None, body: bytes) -> "Request":
        """
        A request as it came.

        Args:
            method: HTTP method.
            target: Path with query, or a whole URL.
            content_type: Header of that name.
            body: Its bytes.
        """
        parts = urlsplit(target)
        query = tuple(sorted(parse_qsl(parts.query, keep_blank_values=True)))
        return cls(method.upper(), parts.path or "/", query, _value(body, content_type))

    def key(self, *, is_folded: bool = False) -> str:
        """What two equal requests have in common; folded, without times, ids and tokens in query and body."""
        rest = json.dumps([self.query, self.body], sort_keys=True)
        return f"{self.method} {self.path} {_folded(rest) if is_folded else rest}"


@dataclass(frozen=True, slots=True)
class Miss:
    """
    What is nearest to a request that was not recorded. It has placeholders for secrets and personal data.

    Args:
        method: Of the nearest; empty where nothing was recorded.
        path: Of the nearest.
        number: Its place in the recording's file.
        differences: A kind and a place each, such as `value` in `body/order/quantity`.
    """

    method: str
    path: str
    number: int
    differences: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Replay:
    """
    The answers of recordings. A request that was recorded several times has its answers in turn, then the last again.

    Args:
        recordings: In order.
    """

    recordings: Sequence[Recording]
    _exact: dict[str, list[RecordedExchange]] = field(default_factory=lambda: defaultdict(list))
    _folded: dict[str, list[RecordedExchange]] = field(default_factory=lambda: defaultdict(list))
    _requests: list[tuple[Request, RecordedExchange]] = field(default_factory=list)
    _placeholders: Placeholders = field(default_factory=Placeholders)
    _times: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for recording in self.recordings:
            for each in recording.exchanges:
                content_type = each.request.header("content-type")
                request = Request.read(each.method, each.url, content_type, each.request.body or b"")
                self._exact[request.key()].append(each)
                self._folded[request.key(is_folded=True)].append(each)
                self._requests.append((request, each))
                self._learn(request, each)

    @property
    def count(self) -> int:
        """How many exchanges there are."""
        return len(self._requests)

    @property
    def requests(self) -> Iterator[tuple[str, str]]:
        """The recorded requests: method and path."""
        yield from (each[:2] for each, _ in self._requests)

    def find(self, request: Request) -> RecordedExchange | None:
        """The exchange of a request: of the same one, else of one that differs in times, ids and tokens alone."""
        exact, folded = request.key(), request.key(is_folded=True)
        for found, key in ((self._exact.get(exact), exact), (self._folded.get(folded), folded)):
            if found:
                number = self._times[key]
                self._times[key] += 1
                return found[min(number, len(found) - 1)]
        return None

    def nearest(self, request: Request) -> Miss:
        """The recorded request that differs least from one that was not recorded."""
        same_place = [each for each in self._requests if (each[0].method, each[0].path) == request[:2]]
        others = same_place or self._requests
        ranked = ((_distance(request, recorded), at) for at, (recorded, _) in enumerate(others[:MOST_COMPARED]))
        best = min(ranked, default=None)
        if best is None:
            return Miss("", "", 0, ())
        recorded, exchange = others[best[1]]
        found = ((kind, self._placeholders.text(where)) for kind, where in _differences(request, recorded))
        return Miss(recorded.method, self._shown(recorded.path), exchange.number, tuple(found))

    def _learn(self, request: Request, exchange: RecordedExchange) -> None:
        """Find the secrets and personal data that no answer to a miss may show."""
        for message in (exchange.request, exchange.response):
            self._placeholders.learn_headers(message.headers, ())
            self._placeholders.learn(leaves(_value(message.body or b"", message.header("content-type"))))
        self._placeholders.learn(Leaf("", (name,), value) for name, value in request.query)

    def _shown(self, path: str) -> str:
        """A path with placeholders."""
        return "/".join(quote(self._placeholders.value((), unquote(each))) for each in path.split("/"))


def _distance(request: Request, recorded: Request) -> float:
    likeness = SequenceMatcher(None, request.path, recorded.path, autojunk=False).ratio()
    is_other = request.method != recorded.method
    differences = sum(where.startswith(("query", "body")) for _, where in _differences(request, recorded))
    return WEIGHT_OF_PATH * (1 - likeness + is_other) + differences


def _differences(request: Request, recorded: Request) -> Iterator[tuple[str, str]]:
    """Kinds and places, seen from the recorded request."""
    if request.method != recorded.method:
        yield "value", "method"
    if request.path != recorded.path:
        yield "value", "path"
    for place, mine, other in (
        ("query/", dict(recorded.query), dict(request.query)),
        ("body", recorded.body, request.body),
    ):
        shown = (ObservedResponse(200, "", frozenset(), each) for each in (mine, other))
        for each in compare(*shown):
            yield each.kind, f"{place}{each.where.removeprefix('/')}" if place == "query/" else f"{place}{each.where}"


def _value(body: bytes, content_type: str | None) -> Any:
    text = body.decode("utf-8", "surrogateescape")
    if is_form(content_type):
        return sorted([list(pair) for pair in parse_qsl(text, keep_blank_values=True)])
    try:
        return json.loads(text) if text else ""
    except (ValueError, RecursionError):
        return text


def _folded(text: str) -> str:
    return EITHER.sub(lambda found: f"<{found.lastgroup}>", text)
