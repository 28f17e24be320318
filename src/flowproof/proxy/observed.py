"""One observed request among the exchanges of a mock server: placed there, hit by its fault plans, in its journal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from flowproof.conformance import Finding
from flowproof.exchange import Exchange, Headers
from flowproof.kernel.faults.effects import MalformedJson, Reset, SlowBody, Status, TruncatedBody, delay
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.mock import Arrival
from flowproof.kernel.refusals import FaultInjected, Refusal
from flowproof.kernel.serving import Gateway
from flowproof.kernel.serving.response_writer import malformed

from .encodings import decoded
from .observer import Answer, Decision, Outcome, Request

__all__ = ["Judgement", "ObservedRequest", "answer_of"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What is to be said of an exchange.

    Args:
        findings: What differs from the contract.
        note: A sentence for whoever asks why.
        requirement: Id of the requirement that the request violates, where that is certain.
    """

    findings: tuple[Finding, ...] = ()
    note: str = ""
    requirement: str | None = None


@dataclass(frozen=True, slots=True)
class ObservedRequest:
    """
    A request that a proxy has got.

    Args:
        gateway: Of the server that has the journal and the fault plans.
        request: Its head.
        arrival: Its place there.
    """

    gateway: Gateway
    request: Request
    arrival: Arrival

    @classmethod
    def place(cls, gateway: Gateway, provider: str, path: str, request: Request) -> Self | WireResponse:
        """
        Count a request, and find its operation and the fault plans that hit it.

        Args:
            gateway: Of the server that has the journal.
            provider: Slug.
            path: Below the provider's base URL.
            request: The head of the request.

        Returns:
            The request in its place; or the response where it names a workspace that there is not.
        """
        headers = tuple((name.lower(), value) for name, value in request.headers)
        wire = WireRequest(request.method, f"/{provider}{path}", request.query, headers, b"")
        placed = gateway.with_mock(lambda mock: mock.observation.place(wire))
        return placed if isinstance(placed, WireResponse) else cls(gateway, request, placed)

    @property
    def path(self) -> str:
        """Below the provider's base URL."""
        return self.arrival.request.path

    @property
    def injected_status(self) -> FaultInjected | None:
        """The refusal of a fault plan that answers in the provider's place."""
        effect = next((plan.effect for plan, _ in self.arrival.faults if isinstance(plan.effect, Status)), None)
        if effect is None:
            return None
        finding = Finding("response.status", "", "the provider's own answer", "a fault plan")
        return FaultInjected([finding], status=effect.status, retry_after_s=effect.retry_after_s)

    def refused(self, refusal: Refusal, *notice: tuple[str, str]) -> Answer:
        """A refusal in the provider's own words, with headers of ours."""
        rendered = self.gateway.with_mock(lambda mock: mock.observation.render(self.arrival, refusal))
        return answer_of(rendered, *notice)

    def decision(self, done: Callable[[Outcome], None], **others: Any) -> Decision:
        """
        A decision with the faults of the plans that hit the request.

        Args:
            done: As of the decision.
            others: Its further fields.
        """
        wait_s, before = delay((plan.effect, rng) for plan, rng in self.arrival.faults)
        effects: Sequence[Any] = [plan.effect for plan, _ in self.arrival.faults]
        reset = before or _first(effects, Reset)
        cut, slow = _first(effects, TruncatedBody), _first(effects, SlowBody)
        return Decision(
            wait_s=wait_s,
            reset=reset.moment if reset is not None else "",
            is_reset_by_close=reset is not None and reset.how == "fin",
            change_body=malformed if _first(effects, MalformedJson) is not None else None,
            cut_body=cut.part if cut is not None else None,
            trickle=(slow.seconds, slow.pieces) if slow is not None else None,
            done=done,
            **others,
        )

    def exchange(self, outcome: Outcome) -> Exchange:
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

    def record(
        self, exchange: Exchange, judged: Judgement, headers: Headers, *, scheme: str, secrets: frozenset[str]
    ) -> None:
        """
        Write an exchange into the journal.

        Args:
            exchange: As it was.
            judged: What is to be said of it.
            headers: Of the request as it was sent on.
            scheme: Of the address that it was sent to.
            secrets: That the journal does not show.
        """
        answer = WireResponse(exchange.status, exchange.response_body, exchange.response_headers, judged.requirement)
        request = self.request
        wire = WireRequest(request.method, request.path, request.query, headers, exchange.request_body, scheme)
        self.gateway.with_mock(
            lambda mock: mock.observation.record(self.arrival, wire, answer, judged.findings, judged.note, secrets)
        )


def answer_of(response: WireResponse, *notice: tuple[str, str]) -> Answer:
    """A response of a mock as an answer of the proxy, with headers of ours."""
    return Answer(response.status, (*response.headers, *notice), response.body)


def _first(effects: Sequence[Any], kind: type[Any]) -> Any:
    return next((each for each in effects if isinstance(each, kind)), None)
