"""What each test observes of the unbroken mock: operations, statuses, places of bodies, refusals, and what it sends."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from flowproof.conformance import Finding
from flowproof.conformance.places import Steps, places_of
from flowproof.kernel.hooks import Inputs, MockHooks
from flowproof.kernel.http.request import ProviderRequest
from flowproof.kernel.http.response import WireResponse

from .inputs import Place, header_texts, input_texts, strings
from .mutant import OWN_HEADERS, CannedResponse

__all__ = ["ObservationRecorder", "Observations", "Reached", "ReferenceRun", "has_later_index", "keyword_of"]

Reached = tuple[str, int]
"""An operation and the status of its response."""

KEPT_TEXTS = 100  # of each place
LONGEST_TEXT = 400
SHORTEST_ECHO = 2
NO_REQUEST = ("", "", "", "")
LATER_INDEX = re.compile(r"/[1-9][0-9]*(/|$)")


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
        requested: Requirements with a finding in a request of the provider, not of the control API.
        indexed: Requirements with a finding at the second or a later entry of a list.
        sent: Operations with the places of texts in their requests.
        failure: Its message, where it failed on the unbroken mock.
    """

    seconds: float = 0.0
    responses: set[Reached] = field(default_factory=set)
    places: set[tuple[str, int, Steps]] = field(default_factory=set)
    cited: set[tuple[str, str, int]] = field(default_factory=set)
    findings: set[tuple[str, str]] = field(default_factory=set)
    requested: set[str] = field(default_factory=set)
    indexed: set[str] = field(default_factory=set)
    sent: set[tuple[str, Place]] = field(default_factory=set)
    failure: str = ""


@dataclass(slots=True)
class ReferenceRun:
    """
    The run of a suite on the unbroken mock.

    Args:
        tests: By node id.
        samples: A response of each operation and status.
        texts: Texts at each place of the requests that were accepted, by operation; true for one that no response had
            before, so that the client may have made it up.
        lengths: How long the list at a place of a response was, by operation and status.
        echoed: Texts that the client may have made up, and that a response of an operation and status has.
        changing: Operations and statuses whose same request got two responses in one workspace.
    """

    tests: dict[str, Observations] = field(default_factory=dict)
    samples: dict[Reached, CannedResponse] = field(default_factory=dict)
    texts: dict[tuple[str, Place], dict[str, bool]] = field(default_factory=dict)
    lengths: dict[tuple[str, int, Steps], set[int]] = field(default_factory=dict)
    echoed: dict[Reached, set[str]] = field(default_factory=dict)
    changing: set[Reached] = field(default_factory=set)

    def add(self, other: "ReferenceRun") -> None:
        """Take in what another process has recorded."""
        self.tests.update(other.tests)
        self.samples = {**other.samples, **self.samples}
        for place, texts in other.texts.items():
            self.texts.setdefault(place, {}).update(texts)
        for listed, lengths in other.lengths.items():
            self.lengths.setdefault(listed, set()).update(lengths)
        for reached, echoed in other.echoed.items():
            self.echoed.setdefault(reached, set()).update(echoed)
        self.changing |= other.changing

    def keep_text(self, operation: str, place: Place, text: str, *, is_own: bool) -> None:
        """Remember a text of a request that was accepted; no more than enough, and none that is very long."""
        kept = self.texts.setdefault((operation, place), {})
        if len(kept) < KEPT_TEXTS and len(text) <= LONGEST_TEXT:
            kept.setdefault(text, is_own)

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
        texts: Of the request that is answered next, each with whether the client may have made it up.
        heard: Texts that were sent so far; true for those that no response had before.
        given: Texts that responses had so far.
        bodies: The last response to each request line in a workspace.
    """

    slug: str
    run: ReferenceRun = field(default_factory=ReferenceRun)
    test: str = ""
    texts: list[tuple[Place, str, bool]] = field(default_factory=list)
    heard: dict[str, bool] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    bodies: dict[tuple[str, str, str, str], bytes] = field(default_factory=dict)
    line: tuple[str, str, str, str] = NO_REQUEST

    def install(self, hooks: MockHooks) -> None:
        """Watch a mock."""
        hooks.answer_filter = self._record_answer
        hooks.findings_filter = self._record_findings
        hooks.request_filter = self._record_request
        hooks.input_filter = self._record_inputs

    def observations(self) -> Observations:
        """Those of the test that runs."""
        return self.run.tests.setdefault(self.test, Observations())

    def _record_request(self, slug: str, operation: str | None, request: ProviderRequest) -> ProviderRequest:
        if slug == self.slug:
            self.texts, self.line = [], (request.mount, request.method, request.path, request.wire.query)
            self._record_texts(operation, header_texts(request))
        return request

    def _record_inputs(self, slug: str, inputs: Inputs) -> Inputs:
        if slug == self.slug:
            self._record_texts(inputs.match.operation.id, input_texts(inputs))
        return inputs

    def _record_texts(self, operation: str | None, texts: Iterator[tuple[Place, str]]) -> None:
        for place, text in texts:
            is_own = self.heard.setdefault(text, text not in self.given)
            self.texts.append((place, text, is_own))
            self.observations().sent.add((operation or "", place))

    def _record_answer(
        self, slug: str, operation: str | None, answer: WireResponse, findings: Sequence[Finding]
    ) -> WireResponse:
        if slug == self.slug and answer.status:  # (a reset leaves no status)
            self._record_response(operation, answer, findings)
        self.line = NO_REQUEST
        return answer

    def _record_response(self, operation: str | None, answer: WireResponse, findings: Sequence[Finding]) -> None:
        observed = self.observations()
        if answer.requirement:
            observed.cited.add((answer.requirement, operation or "", answer.status))
            self._record_findings(self.slug, findings)
        if operation:
            observed.responses.add((operation, answer.status))
            self._record_body(operation, answer)
            headers = tuple(each for each in answer.headers if each[0] not in OWN_HEADERS)
            sample = CannedResponse(answer.status, answer.body, headers)
            self.run.samples.setdefault((operation, answer.status), sample)

    def _record_body(self, operation: str, answer: WireResponse) -> None:
        observed, reached = self.observations(), (operation, answer.status)
        if answer.status < 400:
            for place, text, is_own in self.texts:
                self.run.keep_text(operation, place, text, is_own=is_own)
        try:
            value = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            return
        observed.places.update((*reached, steps) for steps in places_of(value))
        if answer.status < 400:
            texts = set(strings(value))
            self.given |= texts
            echoed = {each for each in texts if self.heard.get(each) and len(each) >= SHORTEST_ECHO}
            self.run.echoed.setdefault(reached, set()).update(echoed)
            if self.bodies.setdefault(self.line, answer.body) != answer.body:
                self.run.changing.add(reached)
        for steps, length in _lengths(value):
            self.run.lengths.setdefault((*reached, steps), set()).add(length)

    def _record_findings(self, slug: str, findings: Sequence[Any]) -> Sequence[Any]:
        if slug == self.slug:
            found = {(each.requirement, keyword_of(each)) for each in findings if each.requirement}
            self.observations().findings.update(found)
            if self.line != NO_REQUEST:
                self.observations().requested.update(requirement for requirement, _ in found)
            self.observations().indexed.update(
                each.requirement for each in findings if each.requirement and has_later_index(each)
            )
        return findings


def keyword_of(finding: Any) -> str:
    """The schema keyword of what a check found; a rule of a mock may name none."""
    keyword: str = getattr(finding, "keyword", "")
    return keyword


def has_later_index(finding: Any) -> bool:
    """Whether what a check found is at the second or a later entry of a list."""
    return LATER_INDEX.search(getattr(finding, "pointer", "")) is not None


def _lengths(value: Any, here: Steps = ()) -> Iterator[tuple[Steps, int]]:
    """The lists of a value by their place, with their lengths."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _lengths(each, (*here, name))
    elif isinstance(value, list):
        yield here, len(value)
        for each in value:
            yield from _lengths(each, (*here, "*"))
