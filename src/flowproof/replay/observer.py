"""Answers requests from a recording: the observer of a proxy, behind which is nothing, or what answers the rest."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock

from flowproof.conformance import Finding
from flowproof.exchange import Exchange, header
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.serving import Gateway
from flowproof.proxy import Answer, Decision, Outcome, Upstream
from flowproof.proxy import Request as Head
from flowproof.proxy.observed import Judgement, ObservedRequest, answer_of
from flowproof.recording import Leaf, RecordedExchange, leaves
from flowproof.redaction.known_secrets import SHORTEST_SECRET
from flowproof.redaction.sensitive_names import is_secret_name

from .matching import Miss, Replay, Request
from .provider import SLUG

__all__ = ["ReplayObserver"]

NOTICE = "Flowproof-Replay"
MISSED = 404
JSON = ("Content-Type", "application/json")
# What belongs to one connection, or to the form in which the bytes were sent.
OF_CONNECTION = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "date",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "server",
        "te",  # codespell:ignore te
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
GOT = {"missing": ("what was recorded", "nothing"), "added": ("nothing", "more than was recorded")}
ANOTHER = ("what was recorded", "something else")


@dataclass(slots=True)
class ReplayObserver:
    """
    Finds the answer of each request.

    Args:
        replay: The answers.
        gateway: Of the server that has the journal and the fault plans; it serves the recording's provider alone.
        fall_through: Where requests go that were not recorded; None where these are answered with 404.
        largest_body: How many bytes of a body the journal gets to see.
    """

    replay: Replay
    gateway: Gateway
    fall_through: Upstream | None = None
    largest_body: int = 1024 * 1024
    _lock: Lock = field(default_factory=Lock)

    def decide(self, request: Head) -> Decision:
        """Answer a request once its body has come, unless a fault plan does."""
        placed = ObservedRequest.place(self.gateway, SLUG, request.path, request)
        if isinstance(placed, WireResponse):
            answer = answer_of(placed, (NOTICE, "no such workspace"))
            return Decision(answer=lambda _: answer)
        answering = _Answering(self, placed)
        base = self.fall_through.base_path if self.fall_through is not None else ""
        return placed.decision(answering.record, answer=answering.answer, target=f"{base}{request.target}")

    def find(self, request: Request) -> RecordedExchange | Miss:
        """The exchange of a request, or what is nearest to it; requests may arrive at once."""
        with self._lock:
            found = self.replay.find(request)
        return found if found is not None else self.replay.nearest(request)


@dataclass(slots=True)
class _Answering:
    """One request on its way to its answer."""

    observer: ReplayObserver
    observed: ObservedRequest
    judged: Judgement = field(default_factory=Judgement)

    def answer(self, body: bytes) -> Answer | None:
        injected = self.observed.injected_status
        if injected is not None:
            return self.observed.refused(injected, (NOTICE, "answered by a fault plan"))
        head = self.observed.request
        request = Request.read(head.method, head.target, header(head.headers, "content-type"), body)
        found = self.observer.find(request)
        if isinstance(found, RecordedExchange):
            by = f"exchange {found.number}"
            self.judged = Judgement(note=f"Answered as {by} of the recording was.")
            return _recorded(found, by)
        if self.observer.fall_through is not None:
            where = self.observer.fall_through.authority
            self.judged = Judgement(note=f"{request.method} {request.path} was not recorded: {where} answered.")
            return None
        self.judged = Judgement(tuple(_findings(found, request)), _explained(found, request))
        return _missed(found, request)

    def record(self, outcome: Outcome) -> None:
        exchange, judged = self.observed.exchange(outcome), self.judged
        if outcome.network_error or outcome.client_error:
            text = outcome.network_error or outcome.client_error
            judged = Judgement(note=f"{judged.note} {text[:1].upper()}{text[1:]}.".strip())
        self.observed.record(exchange, judged, exchange.request_headers, scheme="http", secrets=_secrets(exchange))


def _secrets(exchange: Exchange) -> frozenset[str]:
    """What stands behind names of secrets; nobody has said which names this provider has for them."""
    sent, answered = exchange.request_headers, exchange.response_headers
    request = Request.read("", f"?{exchange.query}", header(sent, "content-type"), exchange.request_body)
    response = Request.read("", "", header(answered, "content-type"), exchange.response_body)
    found = [Leaf("", (name,), value) for name, value in request.query]
    for body in (request.body, response.body):
        is_form = isinstance(body, list) and all(isinstance(each, list) and len(each) == 2 for each in body)
        found += [Leaf("", (str(each[0]),), each[1]) for each in body] if is_form else leaves(body)
    return frozenset(
        str(each.value)
        for each in found
        if any(map(is_secret_name, each.names)) and len(str(each.value)) >= SHORTEST_SECRET
    )


def _recorded(exchange: RecordedExchange, by: str) -> Answer:
    kept = ((name, value) for name, value in exchange.response.headers if name.lower() not in OF_CONNECTION)
    lacks = "; body not recorded" if exchange.response.body is None else ""
    return Answer(exchange.status, (*kept, (NOTICE, f"{by}{lacks}")), exchange.response.body or b"")


def _missed(miss: Miss, request: Request) -> Answer:
    """A request that was not recorded, the nearest that was, and where both differ; without values of either."""
    differences = [{"kind": kind, "where": where} for kind, where in miss.differences]
    nearest = {"exchange": miss.number, "method": miss.method, "path": miss.path, "differences": differences}
    text = f"{request.method} {request.path} was not recorded."
    body = json.dumps({"error": text, "nearest": nearest if miss.number else None})
    return Answer(MISSED, (JSON, (NOTICE, "miss")), body.encode())


def _findings(miss: Miss, request: Request) -> Iterator[Finding]:
    """The differences from the nearest request as findings, without values of either."""
    for kind, where in miss.differences:
        place, slash, below = where.partition("/")
        expected, got = GOT.get(kind, ANOTHER)
        if where in {"method", "path"}:
            expected, got = getattr(miss, where), getattr(request, where)
        yield Finding(f"request.{place}", f"{slash}{below}", expected, got, keyword=kind)


def _explained(miss: Miss, request: Request) -> str:
    text = f"{request.method} {request.path} was not recorded."
    return f"{text} The nearest is exchange {miss.number}: {miss.method} {miss.path}." if miss.number else text
