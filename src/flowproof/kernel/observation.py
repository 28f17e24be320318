"""Exchanges of a client with the provider itself, which a proxy forwards: placed and recorded as a mock's own are."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from flowproof.conformance import Finding

from .http.request import WireRequest
from .http.response import WireResponse
from .placement import Arrival, Placement
from .recorder import Recorder
from .refusals import Refusal
from .workspaces import Workspace, Workspaces

__all__ = ["Observation"]

Process: TypeAlias = Callable[[Arrival, Workspace, datetime], Any]
Render: TypeAlias = Callable[[Arrival, Refusal], WireResponse]


class _Accepted(Exception):
    """A request would be accepted: what it did is rolled back."""


class Observation:
    """
    What a proxy needs of a mock.

    Args:
        placement: Of the mock.
        recorder: Of the mock.
        workspaces: Of the mock.
        process: Takes a request through the provider's stations.
        render: A refusal in the provider's own words.
    """

    def __init__(
        self, placement: Placement, recorder: Recorder, workspaces: Workspaces, process: Process, render: Render
    ) -> None:
        self._placement = placement
        self._recorder = recorder
        self._workspaces = workspaces
        self._process = process
        self.render = render

    def place(self, wire: WireRequest) -> Arrival | WireResponse:
        """Place a request that is forwarded: count it, and find its operation and the fault plans that hit it."""
        with self._workspaces.store.transaction():
            return self._placement.place(wire)

    def foresee_refusal(self, arrival: Arrival, body: bytes) -> tuple[Refusal, WireResponse] | None:
        """
        How the mock would refuse a request; nothing of it is kept.

        Args:
            arrival: What :meth:`place` returned.
            body: Of the request.

        Returns:
            The refusal and the response to it; None where the request would be accepted.
        """
        request = replace(arrival.request, wire=arrival.request.wire._replace(body=body))
        try:
            with self._workspaces.store.transaction():
                workspace = self._workspaces.claim(arrival.workspace.id)
                if workspace is None:
                    return None
                self._process(arrival._replace(request=request, faults=()), workspace, workspace.clock.now())
                raise _Accepted
        except _Accepted:
            return None
        except Refusal as refusal:
            return refusal, self.render(arrival, refusal)

    def record(
        self,
        arrival: Arrival,
        wire: WireRequest,
        answer: WireResponse,
        findings: Sequence[Finding],
        note: str,
        secrets: frozenset[str],
    ) -> None:
        """
        Record an exchange.

        Args:
            arrival: What :meth:`place` returned.
            wire: The request as it was forwarded.
            answer: As it came back; its status is 0 where there was none.
            findings: What differs from the contract.
            note: Why there was no answer, or why the request was refused.
            secrets: That no journal shows, beside those of the workspace.
        """
        with self._workspaces.store.transaction():
            workspace = self._workspaces.claim(arrival.workspace.id)
            if workspace is not None:
                self._recorder.record_observed(arrival, workspace, wire, answer, findings, note, secrets)
