"""What each test saw of the unbroken mock: operations, statuses, places of bodies, refusals. Recorded in the server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from flowproof.conformance.places import Steps, places_of

from .mutant import Canned

__all__ = ["Reference", "Seen", "record"]

Answered = tuple[str, int]


@dataclass(slots=True)
class Seen:
    """
    What one test saw.

    Args:
        seconds: How long it took.
        answers: Operations with the statuses that they answered.
        places: The same with a place that the body had.
        cited: Requirements for which the mock refused.
        findings: Requirements with the keywords of findings.
        failure: What it said, where it failed on the unbroken mock.
    """

    seconds: float = 0.0
    answers: set[Answered] = field(default_factory=set)
    places: set[tuple[str, int, Steps]] = field(default_factory=set)
    cited: set[tuple[str, str, int]] = field(default_factory=set)
    findings: set[tuple[str, str]] = field(default_factory=set)
    failure: str = ""


@dataclass(slots=True)
class Reference:
    """
    The run on the unbroken mock.

    Args:
        tests: By node id.
        samples: An answer of each operation and status.
    """

    tests: dict[str, Seen] = field(default_factory=dict)
    samples: dict[Answered, Canned] = field(default_factory=dict)

    def add(self, other: "Reference") -> None:
        """Take in what another process has recorded."""
        self.tests.update(other.tests)
        self.samples = {**other.samples, **self.samples}

    def success_of(self, operation: str) -> Canned | None:
        """What an operation answers when all is well."""
        return next(
            (answer for (name, status), answer in self.samples.items() if name == operation and status < 300), None
        )

    def tests_that(self, saw: Callable[[Seen], bool]) -> list[str]:
        """Node ids of the tests that saw something, the quickest first; none that fails anyway."""
        found = [(seen.seconds, node) for node, seen in self.tests.items() if not seen.failure and saw(seen)]
        return [node for _, node in sorted(found)]

    def failures(self) -> Mapping[str, str]:
        """Tests that fail on the unbroken mock, with what they said."""
        return {node: seen.failure for node, seen in self.tests.items() if seen.failure}


def record(reference: Reference, current: Callable[[], str], slug: str) -> None:
    """
    Have every answer of this process's mocks recorded.

    Args:
        reference: Where to.
        current: Node id of the test that runs.
        slug: The provider whose answers are recorded.
    """
    from flowproof.kernel.http.response import WireResponse  # noqa: PLC0415 (only in a process that serves)
    from flowproof.kernel.mock import Arrival, Mock  # noqa: PLC0415
    from flowproof.kernel.refusals import Refusal  # noqa: PLC0415
    from flowproof.kernel.workspaces import Workspace  # noqa: PLC0415

    # (below `handle` and `answer`, by which requests come without a fault plan and with one)
    answered_as_ever, refuse_as_ever = Mock._process_or_refuse, Mock._refuse

    def answered(mock: Mock, arrival: Arrival, workspace: Workspace) -> WireResponse:
        given = answered_as_ever(mock, arrival, workspace)
        if arrival.match is not None and arrival.app.provider.slug == slug:
            name = arrival.match.operation.id
            seen = reference.tests.setdefault(current(), Seen())
            seen.answers.add((name, given.status))
            seen.places.update((name, given.status, steps) for steps in _places(given.body))
            if given.requirement:
                seen.cited.add((given.requirement, name, given.status))
            headers = tuple(each for each in given.headers if each[0] not in ("Date", "Flowproof-Exchange"))
            reference.samples.setdefault((name, given.status), Canned(given.status, given.body, headers))
        elif given.requirement and arrival.app.provider.slug == slug:
            reference.tests.setdefault(current(), Seen()).cited.add((given.requirement, "", given.status))
        return given

    def refuse(mock: Mock, arrival: Arrival, workspace: Workspace, now: datetime, refusal: Refusal) -> WireResponse:
        if arrival.app.provider.slug == slug:
            found = ((each.requirement, each.keyword) for each in refusal.findings if each.requirement)
            reference.tests.setdefault(current(), Seen()).findings.update(found)
        return refuse_as_ever(mock, arrival, workspace, now, refusal)

    setattr(Mock, "_process_or_refuse", answered)  # noqa: B010 (this process alone, on purpose)
    setattr(Mock, "_refuse", refuse)  # noqa: B010
    _record_world(reference, current, slug)


def _record_world(reference: Reference, current: Callable[[], str], slug: str) -> None:
    """What a task judges later is in no refusal."""
    from flowproof.kernel.provider_context import ProviderContext  # noqa: PLC0415 (only in a process that serves)

    findings_as_ever = ProviderContext.findings

    def findings(context: ProviderContext, schema_file: str, value: Any, where: str = "request.body") -> Any:
        found = findings_as_ever(context, schema_file, value, where)
        if found and context.contract.slug == slug:
            seen = reference.tests.setdefault(current(), Seen())
            seen.findings.update((each.requirement, each.keyword) for each in found if each.requirement)
        return found

    setattr(ProviderContext, "findings", findings)  # noqa: B010 (this process alone, on purpose)


def _places(body: bytes) -> set[Steps]:
    try:
        return set(places_of(orjson.loads(body)))
    except orjson.JSONDecodeError:
        return set()
