"""
Writes down what happens to each test as the events of a run, redacted before they reach the disk.

Each process of a run appends to the same file. Loaded only where that is asked for.
"""

import inspect
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from msgspec import structs

from flowproof.certify.events import (
    Event,
    Exchanged,
    FindingRecord,
    Planned,
    Request,
    Response,
    TestFinished,
)
from flowproof.certify.redaction import Redactor, Secret, body_of, secrets_of
from flowproof.certify.stream import append, events_of
from flowproof.exchange import Exchange
from flowproof.target import Site

from .item_info import needs_control, providers_of, requirements_of
from .recording import Seen
from .session_state import SessionState
from .verdicts import judge

__all__ = ["EventWriter"]

FIRST, LAST, MOST_FAULTY = 3, 7, 5
LONGEST_DETAILS = 20_000
EXAMPLES = 25
FIRST_WORKER = "gw0"


class Evidence:
    """Of the exchanges of a test those that are kept: the first, the last, and the first of those with findings."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[tuple[int, Seen]] = []
        self._faulty: list[tuple[int, Seen]] = []
        self._last: deque[tuple[int, Seen]] = deque(maxlen=LAST)

    def add(self, seen: Seen) -> None:
        """One more."""
        self.count += 1
        if len(self._first) < FIRST:
            self._first.append((self.count, seen))
            return
        if seen.findings and len(self._faulty) < MOST_FAULTY:
            self._faulty.append((self.count, seen))
        self._last.append((self.count, seen))

    def kept(self) -> Iterator[Seen]:
        """In their order."""
        by_number = dict([*self._first, *self._faulty, *self._last])
        return (by_number[number] for number in sorted(by_number))


class EventWriter:
    """
    Tells a run's file what happens.

    Properties try the same examples in each run, so that a run that broke off goes on as it began.

    Args:
        file: Of the events; what has its verdict there is not repeated.
        state: The session's memory.
        worker: Which worker of xdist this process is; None where it is none.
    """

    def __init__(self, file: Path, state: SessionState, worker: str | None) -> None:
        self._file = file
        self._state = state
        self._plans = worker in (None, FIRST_WORKER)
        self._names: dict[str, str] = {}
        self._done: set[str] = set()
        self._evidence = Evidence()
        self._raised: list[BaseException] = []
        self._said: list[str] = []
        self._duration_s = 0.0
        token = state.options.token
        self._known = [Secret("FLOWPROOF_TOKEN", token)] if token else []
        if state.options.target is not None:
            self._known += _secrets(state.places.find(each).site for each in state.places.urls)
        self._redactor = Redactor(self._known)
        if file.exists():
            self._read(events_of(file))
        settings.register_profile(
            "flowproof",
            max_examples=EXAMPLES,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
            derandomize=True,
            database=None,
            print_blob=False,
        )
        settings.load_profile("flowproof")

    def _read(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, TestFinished):
                (self._done.discard if event.verdict == "ERROR" else self._done.add)(event.test)

    def shown(self, nodeid: str) -> str:
        """A test's name as events have it."""
        return self._names.get(nodeid, self._redactor.name(nodeid))

    def tell(self, *events: Event) -> None:
        """Write events down, redacted."""
        append(self._file, *map(self._redactor.event, events))

    def saw(self, seen: Seen) -> None:
        """An exchange of the current test."""
        self._evidence.add(seen)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Name the tests, each its own way, and leave out those that have their verdict."""
        taken: Counter[str] = Counter()
        for item in items:
            name = self._redactor.name(item.nodeid)
            taken[name] += 1
            self._names[item.nodeid] = name if taken[name] == 1 else f"{name} #{taken[name]}"
        done = [item for item in items if self.shown(item.nodeid) in self._done]
        if done:
            config.hook.pytest_deselected(items=done)
            items[:] = [item for item in items if self.shown(item.nodeid) not in self._done]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What is about to be done, told by one process for all."""
        if not self._plans:
            return
        self.tell(
            *(
                Planned(self.shown(item.nodeid), _sentence(item), requirements_of(item), needs_control(item))
                for item in session.items
            )
        )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """A test from its beginning to its end; one that is broken off has no verdict."""
        self._evidence, self._raised, self._said, self._duration_s = Evidence(), [], [], 0.0
        result = yield
        self._finish(item)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Set-up, call or tear-down has ended."""
        report = yield
        self._duration_s += call.duration
        if call.excinfo is not None:
            self._raised.append(call.excinfo.value)
        if report.failed:
            sections = [f"{title}\n{text}" for title, text in report.sections if title.startswith("flowproof")]
            self._said += [report.longreprtext, *sections]
        return report

    def _finish(self, item: pytest.Item) -> None:
        recorder = self._state.recorder
        findings = recorder.report() if recorder is not None else None
        omitted = recorder.guard.omitted if recorder is not None and recorder.guard is not None else ""
        lost = recorder.lost if recorder is not None and self._is_elsewhere(item) else ""
        verdict, why = judge(self._raised, findings=findings, omitted=omitted, lost=lost)
        said = "\n\n".join([*self._said, *([findings] if findings and not self._said else [])])
        test = self.shown(item.nodeid)
        finished = TestFinished(
            test=test,
            at=datetime.now(UTC),
            duration_ms=round(self._duration_s * 1000, 1),
            verdict=verdict,
            why=why,
            details=_cut(said) if verdict in ("FAIL", "ERROR") else "",
            exchanges=self._evidence.count,
        )
        redactor = self._redactor_of_test()
        happened: list[Event] = [*self._exchanged(test), finished]
        # The name is redacted already, and has to be the one that was planned.
        append(self._file, *(structs.replace(redactor.event(each), test=test) for each in happened))

    def _is_elsewhere(self, item: pytest.Item) -> bool:
        return not providers_of(item).isdisjoint(self._state.places.urls)

    def _redactor_of_test(self) -> Redactor:
        """On a mock each workspace has credentials of its own."""
        sites = [site for workspace in self._state.workspaces for site in workspace.sites.values()]
        return Redactor([*self._known, *_secrets(sites)]) if sites else self._redactor

    def _exchanged(self, test: str) -> Iterator[Exchanged]:
        run_store = self._state.run_store
        for seen in self._evidence.kept():
            number = run_store.next("exchange") if run_store is not None else self._evidence.count
            yield _exchanged(f"x-{number}", test, self._operation(seen), seen)

    def _operation(self, seen: Seen) -> str | None:
        match = (
            self._state.recording().contract(seen.provider).operations.find(seen.exchange.method, seen.exchange.path)
        )
        return match.operation.id if match else None


def _exchanged(name: str, test: str, operation: str | None, seen: Seen) -> Exchanged:
    exchange: Exchange = seen.exchange
    request = Request(
        headers=exchange.request_headers,
        body=body_of(exchange.request_body),
        method=exchange.method,
        url=seen.url,
        path=exchange.path,
        query=exchange.query,
    )
    response = Response(headers=exchange.response_headers, body=body_of(exchange.response_body), status=exchange.status)
    findings = tuple(FindingRecord(**asdict(each)) for each in seen.findings)
    return Exchanged(name, test, seen.at, round(seen.duration_ms, 1), operation, request, response, findings)


def _secrets(sites: Iterable[Site]) -> list[Secret]:
    return [secret for site in sites for secret in secrets_of(site)]


def _sentence(item: pytest.Item) -> str:
    """The first paragraph of a test's docstring."""
    text = inspect.getdoc(getattr(item, "function", None)) or item.name
    return " ".join(text.partition("\n\n")[0].split())


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_DETAILS else f"{text[:LONGEST_DETAILS]}\n…"
