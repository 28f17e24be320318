"""What a client was seen to do: a journal's exchanges as typed values. Knows no provider and no verdict."""

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

__all__ = ["Journal", "Message", "Mistake", "Observed"]

# As a signature's diagnosis writes it: "  mistake        base_missing: the path is signed without /api".
MISTAKE = re.compile(r"^\s+mistake\s+([a-z0-9_]+): (.+)$", re.MULTILINE)
LOSES_THE_ANSWER = frozenset({"reset", "truncated_body", "malformed_json"})


class Mistake(NamedTuple):
    """One usual mistake that explains a refused signature: its code, such as `base_missing`, and a sentence."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """
    A request or a response, secrets scrubbed.

    Args:
        headers: Names and values in their order.
        body: Its bytes, or the first 64 KiB of them.
        is_whole: Whether that is all of it.

    `json` is the value of the body; None where it is no JSON, or was cut off.
    """

    headers: Headers
    body: bytes = b""
    is_whole: bool = True
    json: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Read once: watchers ask for it again and again.
        object.__setattr__(self, "json", _value(self.body) if self.is_whole else None)

    def header(self, name: str) -> str | None:
        """Value of the first header of that name, whatever its case, or None."""
        return header(self.headers, name)

    @property
    def form(self) -> Mapping[str, str]:
        """The members of a form; of a name that stands twice the last."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


def _value(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class Observed:
    """
    One exchange of a journal.

    Args:
        id: Such as `default-17`.
        number: Its place in the workspace: the order in which requests came in.
        at: When it was answered, on the workspace's clock.
        operation: The `operationId`; `webhook:` with the event where the provider called; empty where there is none.
        method: Of HTTP.
        path: Below the provider's base URL, percent-encoded as sent.
        query: Without the question mark.
        parameters: Those of path and query, decoded; of a name that stands twice the last.
        request: What was sent.
        status: Of the answer; 0 where there was none.
        response: What was answered.
        requirement: Of the requirement that the answer cites, the id.
        findings: In what it differs from contract and rules.
        faults: The plans that hit it, as the control API shows them.
        explanation: Why it was refused, for people.
        direction: `in` for a request of the client, `out` for a webhook to it.
    """

    id: str
    number: int
    at: datetime
    operation: str
    method: str
    path: str
    query: str
    request: Message
    status: int
    response: Message
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    requirement: str | None = None
    findings: tuple[Finding, ...] = ()
    faults: tuple[Mapping[str, Any], ...] = ()
    explanation: str = ""
    direction: Literal["in", "out"] = "in"

    def __str__(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def json(self) -> Any:
        """The JSON value of the request's body; None where it is none."""
        return self.request.json

    @property
    def is_accepted(self) -> bool:
        """Whether the request was answered, and not with an error."""
        return self.direction == "in" and 0 < self.status < 400

    @property
    def is_made_to_fail(self) -> bool:
        """Whether a fault plan chose the status, so that the answer says nothing of the request."""
        return any(plan.get("fault") == "status" for plan in self.faults)

    @property
    def is_lost(self) -> bool:
        """Whether a fault kept the answer from being read: the client cannot know what became of its request."""
        return any(plan.get("fault") in LOSES_THE_ANSWER for plan in self.faults)

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """The mistakes by which the diagnosis explains a refused signature."""
        return tuple(Mistake(code, text) for code, text in MISTAKE.findall(self.explanation))

    @property
    def cited(self) -> frozenset[str]:
        """The requirements that the answer and its findings cite."""
        return frozenset(each for each in (self.requirement, *(one.requirement for one in self.findings)) if each)


@dataclass(frozen=True, slots=True)
class Journal:
    """
    The exchanges of a client with one provider, in the order in which the requests came in.

    Every method gives a journal again: `journal.after(lost).of("pay").accepted()`.

    Args:
        exchanges: In their order.
        missing: How many of the workspace's earlier exchanges it no longer has.
    """

    exchanges: tuple[Observed, ...]
    missing: int = 0

    def __iter__(self) -> Iterator[Observed]:
        return iter(self.exchanges)

    def __len__(self) -> int:
        return len(self.exchanges)

    def of(self, *operations: str) -> "Journal":
        """Those of these operations; a webhook's is `webhook:` with its event."""
        return self._only(each for each in self if each.operation in operations)

    def requests(self) -> "Journal":
        """Those that the client began."""
        return self._only(each for each in self if each.direction == "in")

    def webhooks(self) -> "Journal":
        """Those that the provider began."""
        return self._only(each for each in self if each.direction == "out")

    def accepted(self) -> "Journal":
        """The client's requests that were answered, and not with an error."""
        return self._only(each for each in self if each.is_accepted)

    def lost(self) -> "Journal":
        """Those whose answer did not reach the client."""
        return self._only(each for each in self if each.is_lost)

    def citing(self, requirement: str) -> "Journal":
        """Those whose answer or findings cite a requirement."""
        return self._only(each for each in self if requirement in each.cited)

    def after(self, exchange: Observed) -> "Journal":
        """Those that came after an exchange."""
        return self._only(each for each in self if each.number > exchange.number)

    def before(self, exchange: Observed) -> "Journal":
        """Those that came before an exchange."""
        return self._only(each for each in self if each.number < exchange.number)

    def between(self, first: Observed, last: Observed) -> "Journal":
        """Those that came after one exchange and before another."""
        return self.after(first).before(last)

    def _only(self, exchanges: Iterator[Observed]) -> "Journal":
        return Journal(tuple(exchanges), self.missing)
