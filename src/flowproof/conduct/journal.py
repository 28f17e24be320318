"""The exchanges of a journal as typed values. Knows no provider and no verdict."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl

from flowproof.conformance import Finding
from flowproof.exchange import Headers, header

__all__ = ["Journal", "JournalExchange", "RecordedMessage", "SigningMistake"]

# The line of a signature's diagnosis: "  mistake        base_missing: the path is signed without /api".
MISTAKE = re.compile(r"^\s+mistake\s+([a-z0-9_]+): (.+)$", re.MULTILINE)
LOSES_THE_BODY = frozenset({"truncated_body", "malformed_json"})


class SigningMistake(NamedTuple):
    """A common mistake that explains a refused signature: its code, such as `base_missing`, and a sentence."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """
    A request or a response without secrets.

    Args:
        headers: Names and values in their order.
        body: Its bytes, or the first 64 KiB of them.
        is_whole: Whether that is the whole body.

    `json` is the value of the body; None where it is not JSON, or was cut off.
    """

    headers: Headers
    body: bytes = b""
    is_whole: bool = True
    json: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Parsed once, since many checks ask for it.
        object.__setattr__(self, "json", _value(self.body) if self.is_whole else None)

    def header(self, name: str) -> str | None:
        """Value of the first header of that name, whatever its case, or None."""
        return header(self.headers, name)

    @property
    def form(self) -> Mapping[str, str]:
        """The fields of a form; the last value of a name that occurs twice."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


def _value(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class JournalExchange:
    """
    One exchange of a journal.

    Args:
        id: Such as `default-17`.
        number: Its place in the workspace, in the order in which requests arrived.
        at: When it was answered, on the workspace's clock.
        operation: The `operationId`; `webhook:` with the event where the provider called; empty where there is none.
        method: HTTP method.
        path: Below the provider's base URL, percent-encoded as sent.
        query: Without the question mark.
        request: What was sent.
        status: Status of the response; 0 where there was none.
        response: What was answered.
        parameters: Those of path and query, decoded; the last value of a name that occurs twice.
        requirement: Id of the requirement that the response cites.
        findings: Differences from contract and rules.
        faults: The fault plans that hit it, as the control API shows them.
        explanation: Why it was refused, for people.
        direction: `in` for a request of the client, `out` for a webhook to it.
        clock: Mode of the workspace's clock; None in a journal of an earlier version, which does not name it.
    """

    id: str
    number: int
    at: datetime
    operation: str
    method: str
    path: str
    query: str
    request: RecordedMessage
    status: int
    response: RecordedMessage
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    requirement: str | None = None
    findings: tuple[Finding, ...] = ()
    faults: tuple[Mapping[str, Any], ...] = ()
    explanation: str = ""
    direction: Literal["in", "out"] = "in"
    clock: Literal["real", "frozen", "stepped"] | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def json(self) -> Any:
        """The JSON value of the request's body; None where it is not JSON."""
        return self.request.json

    def repeats(self, other: "JournalExchange") -> bool:
        """Whether both requests have the same method, path, query and body."""
        return (self.method, self.path, self.query, self.request.body) == (
            other.method,
            other.path,
            other.query,
            other.request.body,
        )

    @property
    def is_accepted(self) -> bool:
        """Whether the client's request was answered without an error."""
        return self.direction == "in" and 0 < self.status < 400

    @property
    def is_made_to_fail(self) -> bool:
        """Whether a fault plan chose the status, so that the response says nothing about the request."""
        return any(plan.get("fault") == "status" for plan in self.faults)

    @property
    def is_lost(self) -> bool:
        """
        Whether a fault made the response unreadable, so that the client cannot know the outcome of its request.

        A status of 400 to 499 says that the request was refused, whatever became of its body.
        """
        faults = {plan.get("fault") for plan in self.faults}
        return "reset" in faults or (not 400 <= self.status < 500 and not faults.isdisjoint(LOSES_THE_BODY))

    @property
    def is_held_back(self) -> bool:
        """Whether a fault made the response wait."""
        return any(plan.get("fault") == "latency" for plan in self.faults)

    @property
    def mistakes(self) -> tuple[SigningMistake, ...]:
        """The mistakes that explain a refused signature."""
        return tuple(SigningMistake(code, text) for code, text in MISTAKE.findall(self.explanation))

    @property
    def cited(self) -> frozenset[str]:
        """Ids of the requirements that the response and its findings cite."""
        return frozenset(each for each in (self.requirement, *(one.requirement for one in self.findings)) if each)


@dataclass(frozen=True, slots=True)
class Journal:
    """
    The exchanges of a client with one provider, in the order in which the requests arrived.

    Every method returns a journal, so that they can be chained: `journal.after(lost).of("pay").accepted()`.

    Args:
        exchanges: In order.
        missing: How many earlier exchanges of the workspace it no longer has.
    """

    exchanges: tuple[JournalExchange, ...]
    missing: int = 0

    def __iter__(self) -> Iterator[JournalExchange]:
        return iter(self.exchanges)

    def __len__(self) -> int:
        return len(self.exchanges)

    def of(self, *operations: str) -> "Journal":
        """The exchanges of these operations; a webhook's operation is `webhook:` with its event."""
        return self._only(each for each in self if each.operation in operations)

    def requests(self) -> "Journal":
        """The requests of the client."""
        return self._only(each for each in self if each.direction == "in")

    def webhooks(self) -> "Journal":
        """The webhooks of the provider."""
        return self._only(each for each in self if each.direction == "out")

    def accepted(self) -> "Journal":
        """The client's requests that were answered without an error."""
        return self._only(each for each in self if each.is_accepted)

    def lost(self) -> "Journal":
        """The exchanges whose response did not reach the client."""
        return self._only(each for each in self if each.is_lost)

    def citing(self, requirement: str) -> "Journal":
        """The exchanges whose response or findings cite a requirement."""
        return self._only(each for each in self if requirement in each.cited)

    def after(self, exchange: JournalExchange) -> "Journal":
        return self._only(each for each in self if each.number > exchange.number)

    def before(self, exchange: JournalExchange) -> "Journal":
        return self._only(each for each in self if each.number < exchange.number)

    def between(self, first: JournalExchange, last: JournalExchange) -> "Journal":
        return self.after(first).before(last)

    def _only(self, exchanges: Iterator[JournalExchange]) -> "Journal":
        return Journal(tuple(exchanges), self.missing)
