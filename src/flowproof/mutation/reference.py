"""What each test observes of the unbroken mock: operations, statuses, places of bodies, refusals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from flowproof.conformance import Finding
from flowproof.conformance.places import Steps, places_of
from flowproof.kernel.hooks import MockHooks
from flowproof.kernel.http.response import WireResponse

from .mutant import OWN_HEADERS, CannedResponse

__all__ = ["ObservationRecorder", "Observations", "ReferenceRun", "keyword_of"]

Reached = tuple[str, int]
"""An operation and the status of its response."""


@dataclass(slots=True)
class Observations:
    """
    What one test observed.

    Args:
        seconds: How long it took.
        responses: Operations with the statuses of their responses.
        places: The same with a place that the body had.
        cited: Requirements for which the mock refused, with operation and status.
        findings: Requirements with the keywords of findings.
        failure: Its message, where it failed on the unbroken mock.
    """

    seconds: float = 0.0
    responses: set[Reached] = field(default_factory=set)
    places: set[tuple[str, int, Steps]] = field(default_factory=set)
    cited: set[tuple[str, str, int]] = field(default_factory=set)
    findings: set[tuple[str, str]] = field(default_factory=set)
    failure: str = ""


@dataclass(slots=True)
class ReferenceRun:
    """
    The run of a suite on the unbroken mock.

    Args:
        tests: By node id.
        samples: A response of each operation and status.
    """

    tests: dict[str, Observations] = field(default_factory=dict)
    samples: dict[Reached, CannedResponse] = field(default_factory=dict)

    def add(self, other: "ReferenceRun") -> None:
        """Take in what another process has recorded."""
        self.tests.update(other.tests)
        self.samples = {**other.samples, **self.samples}

    def success_of(self, operation: str) -> CannedResponse | None:
        """A response of an operation that succeeded."""
        found = (sample for (name, status), sample in self.samples.items() if name == operation and status < 300)
        return next(found, None)

    def tests_that(self, observed: Callable[[Observations], bool]) -> list[str]:
        """Node ids of the tests that observed something, the quickest first; none that fails anyway."""
        found = [(each.seconds, node) for node, each in self.tests.items() if not each.failure and observed(each)]
        return [node for _, node in sorted(found)]

    def failures(self) -> Mapping[str, str]:
        """Tests that fail on the unbroken mock, with their messages."""
        return {node: each.failure for node, each in self.tests.items() if each.failure}


@dataclass(slots=True)
class ObservationRecorder:
    """
    Records what the tests of this process observe.

    Args:
        slug: The provider whose responses are recorded.
        run: Where they are recorded.
        test: Node id of the test that runs.
    """

    slug: str
    run: ReferenceRun = field(default_factory=ReferenceRun)
    test: str = ""

    def install(self, hooks: MockHooks) -> None:
        """Watch a mock."""
        hooks.answer_filter = self._record_answer
        hooks.findings_filter = self._record_findings

    def observations(self) -> Observations:
        """Those of the test that runs."""
        return self.run.tests.setdefault(self.test, Observations())

    def _record_answer(
        self, slug: str, operation: str | None, answer: WireResponse, findings: Sequence[Finding]
    ) -> WireResponse:
        if slug != self.slug or not answer.status:  # (a reset leaves no status)
            return answer
        observed = self.observations()
        if answer.requirement:
            observed.cited.add((answer.requirement, operation or "", answer.status))
            self._record_findings(self.slug, findings)
        if operation:
            observed.responses.add((operation, answer.status))
            observed.places.update((operation, answer.status, steps) for steps in _places(answer.body))
            headers = tuple(each for each in answer.headers if each[0] not in OWN_HEADERS)
            sample = CannedResponse(answer.status, answer.body, headers)
            self.run.samples.setdefault((operation, answer.status), sample)
        return answer

    def _record_findings(self, slug: str, findings: Sequence[Any]) -> Sequence[Any]:
        if slug == self.slug:
            found = ((each.requirement, keyword_of(each)) for each in findings if each.requirement)
            self.observations().findings.update(found)
        return findings


def keyword_of(finding: Any) -> str:
    """The schema keyword of what a check found; a rule of a mock may name none."""
    keyword: str = getattr(finding, "keyword", "")
    return keyword


def _places(body: bytes) -> set[Steps]:
    try:
        return set(places_of(orjson.loads(body)))
    except orjson.JSONDecodeError:
        return set()
