"""
Observes a provider's sandbox through a proxy: what its profile permits passes, and each exchange is checked and kept.

The journal is that of a mock server beside the proxy, so the control API, `flowproof journal`, `explain` and `conduct`
show an observed exchange as they show a mock's.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from flowproof.certify.guard import NotPermitted, Passage
from flowproof.conformance import Contract, Finding, Match, check, check_sent_request
from flowproof.exchange import Exchange, Headers
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.refusals import FaultInjected
from flowproof.kernel.serving import Gateway

from .failures import described, failed, report
from .likeness import Likeness, compare_refusals
from .observed import Judgement, ObservedRequest, answer_of
from .observer import Decision, Outcome, Request
from .upstream import Upstream

__all__ = ["Gate", "SandboxObserver"]

NOTICE = "Flowproof-Proxy"
FORBIDDEN = 403
NETWORK = "This is neither the client's fault nor a difference from the contract."


class Gate(Protocol):
    """Keeps what a profile permits."""

    def passing(self, provider: str, method: str, path: str) -> AbstractContextManager[Passage]:
        """
        Let a request pass, when it is its turn.

        Raises:
            NotPermitted: It may not pass.
        """


@dataclass(slots=True)
class SandboxObserver:
    """
    Watches the exchanges of clients with one provider.

    Args:
        gateway: Of a server that serves this provider alone; it has the journal and the fault plans.
        provider: Slug.
        contract: Of the provider.
        upstream: Its sandbox.
        gate: What the profile permits.
        secrets: Of the profile, which no journal shows.
        sign: Makes the headers that authenticate a request, from its method, path, query, headers and body; None
            where the client's own are passed on.
        largest_body: How many bytes of a body are checked and kept.
    """

    gateway: Gateway
    provider: str
    contract: Contract
    upstream: Upstream
    gate: Gate
    secrets: frozenset[str] = field(repr=False)
    sign: Callable[[str, str, str, Headers, bytes], Headers] | None = None
    largest_body: int = 1024 * 1024

    def decide(self, request: Request) -> Decision:
        """Let a request pass where the profile permits it and no fault plan answers in the provider's place."""
        try:
            return self._decided(request)
        except Exception as error:  # noqa: BLE001 (what may leave is not known: nothing does)
            report(error, "The permission", request, "Nothing was sent to the provider.")
            answer = failed("The proxy has sent nothing on: the log says why.", (NOTICE, "failed: nothing was sent"))
            return Decision(answer=lambda _: answer)

    def _decided(self, request: Request) -> Decision:
        placed = ObservedRequest.place(self.gateway, self.provider, self.path_of(request), request)
        if isinstance(placed, WireResponse):
            answer = answer_of(placed, (NOTICE, "no such workspace"))
            return Decision(answer=lambda _: answer)
        passing = _Passing(self, placed, ExitStack())
        if placed.injected_status is not None:
            return passing.answered(placed.injected_status, "answered by a fault plan")
        try:
            passing.pass_gate()
        except NotPermitted as error:
            finding = Finding("request", "", "what the profile permits", str(error))
            return passing.answered(FaultInjected([finding], status=FORBIDDEN), f"not permitted: {error}")
        return passing.forwarded()

    def path_of(self, request: Request) -> str:
        """The path below the provider's base URL; the whole path of a request that is not below it."""
        base = self.upstream.base_path
        below = request.path.removeprefix(base)
        return below if request.path.startswith(base) and below.startswith("/") else request.path


@dataclass(frozen=True, slots=True)
class _Passing:
    """One request at the gate, and behind it."""

    observer: SandboxObserver
    observed: ObservedRequest
    held: ExitStack
    passages: list[Passage] = field(default_factory=list)

    def pass_gate(self) -> None:
        """
        Raises:
            NotPermitted: The profile does not permit the request.
        """
        passing = self.observer.gate.passing(self.observer.provider, self.observed.request.method, self.observed.path)
        self.passages.append(self.held.enter_context(passing))

    def answered(self, refusal: FaultInjected, why: str) -> Decision:
        """A refusal in the provider's own words, with a header that says whose it is."""
        answer = self.observed.refused(refusal, (NOTICE, why))
        note = f"The proxy answered, and nothing was sent to the provider: {why}."
        return Decision(answer=lambda _: answer, done=partial(self._record, note=note))

    def forwarded(self) -> Decision:
        """Forward the request, with the faults of the plans that hit it."""
        return self.observed.decision(self._record, headers=self._signed if self.observer.sign is not None else None)

    def _signed(self, body: bytes) -> Headers:
        request = self.observed.request
        if self.observer.sign is None:
            return ()
        return self.observer.sign(request.method, self.observed.path, request.query, request.headers, body)

    def _record(self, outcome: Outcome, note: str = "") -> None:
        with self.held:
            exchange = self.observed.exchange(outcome)
            is_whole = outcome.from_upstream and not outcome.network_error and outcome.status
            for each in self.passages:
                each.exchange = exchange if is_whole else None
        judged = self._judged_in_any_case(exchange, outcome)
        upstream = self.observer.upstream
        sent = tuple(
            (name, upstream.authority if name.lower() == "host" else value) for name, value in exchange.request_headers
        )
        self.observed.record(
            exchange,
            replace(judged, note=note or judged.note),
            sent,
            scheme=upstream.scheme,
            secrets=self.observer.secrets,
        )

    def _judged_in_any_case(self, exchange: Exchange, outcome: Outcome) -> Judgement:
        try:
            return self._judged(exchange, outcome)
        except Exception as error:  # noqa: BLE001 (a provider of another distribution may fail in any way)
            report(error, "The judgement", self.observed.request, "The client got its answer; it was not checked.")
            return Judgement(note=f"It was not checked: the judgement failed with {described(error)}.")

    def _judged(self, exchange: Exchange, outcome: Outcome) -> Judgement:
        if outcome.network_error:
            return Judgement(note=f"{_sentence(outcome.network_error)} {NETWORK}")
        if outcome.client_error:
            return Judgement(note=_sentence(outcome.client_error))
        if not outcome.status:
            return Judgement(note="A fault plan broke the connection before the request was sent on.")
        if not outcome.from_upstream:
            return Judgement()
        if outcome.is_cut:
            limit = self.observer.largest_body
            return Judgement(note=f"A body has more than {limit} bytes: it was forwarded whole, and not checked.")
        findings, match = check(self.observer.contract, exchange), self.observed.arrival.match
        if exchange.status < 400 or match is None:
            return Judgement(findings)
        likeness = self._likeness(exchange)
        if likeness is not None:
            return Judgement(findings, likeness.text, likeness.requirement)
        return Judgement(findings, self._refused(exchange, match))

    def _likeness(self, exchange: Exchange) -> Likeness | None:
        """How the mock refuses the same request, where it does so with the same status."""
        foreseen = self.observer.gateway.with_mock(
            lambda mock: mock.observation.foresee_refusal(self.observed.arrival, exchange.request_body)
        )
        return None if foreseen is None else compare_refusals(*foreseen, exchange)

    def _refused(self, exchange: Exchange, match: Match) -> str:
        """What the contract finds in a request that the provider refused."""
        is_judged = not match.operation.deferred
        found = check_sent_request(self.observer.contract, match, exchange) if is_judged else ()
        if not found:
            return "The provider refused it; by the contract alone the request is valid."
        return f"The provider refused it. By the contract: {'; '.join(map(str, found))}."


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
