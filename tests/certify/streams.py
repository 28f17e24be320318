"""Handmade streams of events."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from flowproof.certify import CertificationReport, ReportInputs, build_report
from flowproof.certify.events import (
    CleanedUp,
    Created,
    Event,
    Exchanged,
    FindingRecord,
    Planned,
    Request,
    Response,
    RunFinished,
    RunStarted,
    TargetInfo,
    TestFinished,
    Verdict,
)
from flowproof.certify.redaction import body_of
from flowproof.certify.report import ChecklistRow, Coverage, KnownDeviation, StatedRequirement

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
SANDBOX = TargetInfo("Acme's sandbox", "sandbox", "https://sandbox.acme.example/api")
MOCK = TargetInfo("mock", "mock", "http://127.0.0.1:4010/acme")
Standing = Literal["documented", "observed", "inferred"]
JSON = (("Content-Type", "application/json"),)


@dataclass
class Stream:
    """Builds a run event by event."""

    target: TargetInfo = SANDBOX
    selection: str = ""
    started: Mapping[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    now: datetime = NOON
    _exchanged: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.start()

    def start(self, *, resumed: bool = False) -> None:
        """Start or resume the run."""
        self.events.append(
            RunStarted(
                run="run-1",
                at=self.now,
                provider="acme",
                target=self.target,
                suite_version="1.2.3",
                suite_digest="ab" * 32,
                versions={"python": "3.11.9", "pytest": "9.0.0"},
                permissions=("submitOrder: at most 5 times",),
                resumed=resumed,
                profile_digest="ef" * 32,
                selection=self.selection,
                controlled=self.target == MOCK,
                **self.started,
            )
        )

    def plan(self, test: str, *requirements: str, needs_control: bool = False) -> str:
        """Plan a test."""
        name = f"acme/test_orders.py::{test}"
        self.events.append(Planned(name, f"The sentence of {test}.", requirements, needs_control))
        return name

    def exchange(
        self,
        test: str,
        *,
        sent: bytes = b'{"sku": "A-1"}',
        answered: bytes = b'{"id": "o-1"}',
        status: int = 200,
        query: str = "",
        sent_headers: Iterable[tuple[str, str]] = JSON,
        answered_headers: Iterable[tuple[str, str]] = JSON,
        findings: Sequence[FindingRecord] = (),
        path: str = "/orders",
    ) -> Exchanged:
        """Add an exchange of a test."""
        self.now += timedelta(milliseconds=20)
        self._exchanged[test] += 1
        url = f"{self.target.url}{path}{'?' if query else ''}{query}"
        made = Exchanged(
            id=f"x-{self._exchanged.total()}",
            test=test,
            at=self.now,
            duration_ms=12.5,
            operation="submitOrder",
            request=Request(tuple(sent_headers), body_of(sent), "POST", url, path, query),
            response=Response(tuple(answered_headers), body_of(answered), status),
            findings=tuple(findings),
        )
        self.events.append(made)
        return made

    def finish(
        self, test: str, verdict: Verdict = "PASS", why: str = "", details: str = "", violated: tuple[str, ...] = ()
    ) -> None:
        """End a test."""
        self.now += timedelta(seconds=1)
        self.events.append(TestFinished(test, self.now, 1000.0, verdict, why, details, self._exchanged[test], violated))

    def run(self, test: str, *requirements: str, verdict: Verdict = "PASS", why: str = "", **more: bool) -> str:
        """Add a whole test with one exchange."""
        name = self.plan(test, *requirements, **more)
        self.exchange(name)
        self.finish(name, verdict, why, f"E   {why}" if why else "")
        return name

    def create(self, test: str, what: str, *, cleaned: bool | None = None, how: str = "") -> None:
        """Create a resource, and clean it up unless `cleaned` is None."""
        number = sum(isinstance(each, Created) for each in self.events) + 1
        self.events.append(Created(f"c-{number}", test, "submitOrder", what, "12.50 EUR"))
        if cleaned is not None:
            self.events.append(CleanedUp(f"c-{number}", cleaned, how))

    def end(self) -> list[Event]:
        """End the run."""
        self.events.append(RunFinished(self.now, {"answers": {"submitOrder 200": ["acme/test_orders.py::a"]}}))
        return self.events


def stated(
    requirement: str,
    *,
    standing: Standing = "documented",
    text: str = "",
) -> StatedRequirement:
    """A requirement of the contract."""
    sentence = text or f"The text of {requirement}."
    return StatedRequirement(requirement, sentence, "the document, chapter 3", standing, "provider", line=7)


def inputs(*requirements: StatedRequirement, deviations: Sequence[KnownDeviation] = ()) -> ReportInputs:
    """The inputs of a report."""
    return ReportInputs(
        title="Acme",
        contract_digest="cd" * 32,
        requirements=requirements or (stated("acme.order.sku"),),
        deviations=tuple(deviations),
        checklist=(
            ChecklistRow("catalog", "The catalog is read.", "Partner", 1.5, "done", ("passed: test orders",)),
            ChecklistRow("talk", "Somebody has talked.", "Both", 0.5, "unprovable", (), ("a person has to attest it",)),
        ),
        coverage=(Coverage("operations", ("submitOrder",), ("cancelOrder",)),),
    )


def deviation(requirement: str, *, expires: date = date(2026, 12, 31)) -> KnownDeviation:
    """A known deviation."""
    return KnownDeviation(requirement, "Ada Obi", "fixed in their next release", expires)


def passed(target: TargetInfo = SANDBOX) -> list[Event]:
    """A run in which everything passed."""
    stream = Stream(target)
    name = stream.run("test_sku", "acme.order.sku")
    stream.create(name, "order o-1", cleaned=True, how="cancelOrder answered 200")
    return stream.end()


def report_of(
    events: Iterable[Event], *requirements: StatedRequirement, deviations: Sequence[KnownDeviation] = ()
) -> CertificationReport:
    """The report of a run."""
    return build_report(events, inputs(*requirements, deviations=deviations))
