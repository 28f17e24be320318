"""
Observes a provider's sandbox through a proxy: what its profile permits passes, and each exchange is checked and kept.

The journal is that of a mock server beside the proxy, so the control API, `flowproof journal`, `explain` and `conduct`
show an observed exchange as they show a mock's.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from flowproof.certify.guard import NotPermitted, Passage
from flowproof.conformance import Contract, Finding, check
from flowproof.exchange import Exchange, Headers
from flowproof.kernel.faults.effects import MalformedJson, Reset, SlowBody, Status, TruncatedBody, delay
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.mock import Arrival
from flowproof.kernel.refusals import FaultInjected
from flowproof.kernel.serving import Gateway
from flowproof.kernel.serving.response_writer import malformed

from .encodings import decoded
from .likeness import Likeness, compare_refusals
from .observer import Answer, Decision, Outcome, Request
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
        wire = self._wire(request)
        placed = self.gateway.with_mock(lambda mock: mock.observation.place(wire))
        if isinstance(placed, WireResponse):
            return Decision(answer=_as_answer(placed, "no such workspace"))
        observed = _Observed(self, request, placed, ExitStack())
        status = next((plan.effect for plan, _ in placed.faults if isinstance(plan.effect, Status)), None)
        if status is not None:
            finding = Finding("response.status", "", "the provider's own answer", "a fault plan")
            refusal = FaultInjected([finding], status=status.status, retry_after_s=status.retry_after_s)
            return observed.answered(refusal, "answered by a fault plan")
        try:
            observed.pass_gate()
        except NotPermitted as error:
            finding = Finding("request", "", "what the profile permits", str(error))
            return observed.answered(FaultInjected([finding], status=FORBIDDEN), f"not permitted: {error}")
        return observed.forwarded()

    def _wire(self, request: Request) -> WireRequest:
        """The request as a mock of the provider would get it."""
        headers = tuple((name.lower(), value) for name, value in request.headers)
        return WireRequest(request.method, f"/{self.provider}{self.path_of(request)}", request.query, headers, b"")

    def path_of(self, request: Request) -> str:
        """The path below the provider's base URL; the whole path of a request that is not below it."""
        base = self.upstream.base_path
        below = request.path.removeprefix(base)
        return below if request.path.startswith(base) and below.startswith("/") else request.path


@dataclass(frozen=True, slots=True)
class _Observed:
    """One exchange under observation."""

    observer: SandboxObserver
    request: Request
    arrival: Arrival
    held: ExitStack
    passages: list[Passage] = field(default_factory=list)

    @property
    def path(self) -> str:
        return self.arrival.request.path

    def pass_gate(self) -> None:
        """
        Raises:
            NotPermitted: The profile does not permit the request.
        """
        passing = self.observer.gate.passing(self.observer.provider, self.request.method, self.path)
        self.passages.append(self.held.enter_context(passing))

    def answered(self, refusal: FaultInjected, why: str) -> Decision:
        """A refusal in the provider's own words, with a header that says whose it is."""
        response = self.observer.gateway.with_mock(lambda mock: mock.observation.render(self.arrival, refusal))
        note = f"The proxy answered, and nothing was sent to the provider: {why}."
        return Decision(answer=_as_answer(response, why), done=partial(self._record, note=note))

    def forwarded(self) -> Decision:
        """Forward the request, with the faults of the plans that hit it."""
        wait_s, before = delay((plan.effect, rng) for plan, rng in self.arrival.faults)
        effects: Sequence[Any] = [plan.effect for plan, _ in self.arrival.faults]
        reset = before or _first(effects, Reset)
        cut, slow = _first(effects, TruncatedBody), _first(effects, SlowBody)
        return Decision(
            wait_s=wait_s,
            headers=self._signed if self.observer.sign is not None else None,
            reset=reset.moment if reset is not None else "",
            is_reset_by_close=reset is not None and reset.how == "fin",
            change_body=malformed if _first(effects, MalformedJson) is not None else None,
            cut_body=cut.part if cut is not None else None,
            trickle=(slow.seconds, slow.pieces) if slow is not None else None,
            done=self._record,
        )

    def _signed(self, body: bytes) -> Headers:
        request = self.request
        if self.observer.sign is None:
            return ()
        return self.observer.sign(request.method, self.path, request.query, request.headers, body)

    def _record(self, outcome: Outcome, note: str = "") -> None:
        exchange = self._exchange(outcome)
        for each in self.passages:
            each.exchange = exchange if outcome.from_upstream and not outcome.network_error and outcome.status else None
        self.held.close()
        findings, why = self._judged(exchange, outcome)
        likeness = self._likeness(exchange, outcome) if outcome.from_upstream and exchange.status >= 400 else None
        requirement = likeness.requirement if likeness is not None else None
        why = likeness.text if likeness is not None and likeness.text else why
        answer = WireResponse(outcome.status, exchange.response_body, outcome.headers, requirement)
        wire = self._recorded_wire(exchange)
        secrets = self.observer.secrets
        self.observer.gateway.with_mock(
            lambda mock: mock.observation.record(self.arrival, wire, answer, findings, note or why, secrets)
        )

    def _exchange(self, outcome: Outcome) -> Exchange:
        """The exchange with the bodies behind their content encodings, as far as these are known."""
        request = self.request
        sent = decoded(request.headers, outcome.request_body)
        received = decoded(outcome.headers, outcome.response_body)
        return Exchange(
            method=request.method,
            path=self.path,
            query=request.query,
            request_headers=request.headers,
            request_body=outcome.request_body if sent is None else sent,
            status=outcome.status,
            response_headers=outcome.headers,
            response_body=outcome.response_body if received is None else received,
        )

    def _recorded_wire(self, exchange: Exchange) -> WireRequest:
        upstream = self.observer.upstream
        headers = tuple(
            (name, upstream.authority if name.lower() == "host" else value) for name, value in exchange.request_headers
        )
        request = self.request
        return WireRequest(request.method, request.path, request.query, headers, exchange.request_body, upstream.scheme)

    def _judged(self, exchange: Exchange, outcome: Outcome) -> tuple[tuple[Finding, ...], str]:
        """What differs from the contract, and a sentence for whoever asks why."""
        if outcome.network_error:
            return (), f"{outcome.network_error[:1].upper()}{outcome.network_error[1:]}. {NETWORK}"
        if outcome.client_error:
            return (), f"{outcome.client_error[:1].upper()}{outcome.client_error[1:]}."
        if not outcome.from_upstream or not outcome.status:
            return (), "A fault plan broke the connection before the request was sent on." if not outcome.status else ""
        if outcome.is_cut:
            limit = self.observer.largest_body
            return (), f"A body has more than {limit} bytes: it was forwarded whole, and not checked."
        findings = check(self.observer.contract, exchange)
        return findings, "" if exchange.status < 400 or self.arrival.match is None else self._refused(exchange)

    def _likeness(self, exchange: Exchange, outcome: Outcome) -> Likeness | None:
        """How the mock refuses the same request, where it does so with the same status."""
        if outcome.is_cut or self.arrival.match is None:
            return None
        foreseen = self.observer.gateway.with_mock(
            lambda mock: mock.observation.foresee_refusal(self.arrival, exchange.request_body)
        )
        return None if foreseen is None else compare_refusals(*foreseen, exchange)

    def _refused(self, exchange: Exchange) -> str:
        """What the contract finds in a request that the provider refused."""
        found = request_findings(self.observer.contract, exchange)
        if not found:
            return "The provider refused it; by the contract alone the request is valid."
        return f"The provider refused it. By the contract: {'; '.join(map(str, found))}."


def request_findings(contract: Contract, exchange: Exchange) -> tuple[Finding, ...]:
    """What a contract finds in a request, whatever the response."""
    accepted = Exchange(
        exchange.method, exchange.path, exchange.query, exchange.request_headers, exchange.request_body, 200, (), b""
    )
    return tuple(each for each in check(contract, accepted) if each.where.startswith("request"))


def _first(effects: Sequence[Any], kind: type[Any]) -> Any:
    return next((each for each in effects if isinstance(each, kind)), None)


def _as_answer(response: WireResponse, why: str) -> Answer:
    headers = tuple(each for each in response.headers if each[0].lower() != "content-length")
    return Answer(response.status, (*headers, (NOTICE, why)), response.body)
