"""
Writes down what happens to each test as the events of a run, redacted before they reach the disk.

Each process of a run appends to the same file. Loaded only where that is asked for.
"""

import inspect
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
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
from flowproof.errors import ConfigurationError
from flowproof.exchange import Exchange
from flowproof.target import Site

from .evidence import ContractViolated
from .item_info import WithoutControl, needs_control, providers_of, requirements_of
from .recording import RecordedExchange
from .session_state import SessionState
from .verdicts import judge

__all__ = ["EventWriter"]

FIRST, LAST, MOST_FAULTY = 3, 7, 5
LONGEST_DETAILS = 20_000
EXAMPLES = 25
FIRST_WORKER = "gw0"


class Evidence:
    """
    Of the exchanges of a test those that are kept: the first, the last, and the first of those with findings.

    One with the target is always kept, since there is no PASS without it.
    """

    def __init__(self) -> None:
        self.count = 0
        self._first: list[tuple[int, RecordedExchange]] = []
        self._faulty: list[tuple[int, RecordedExchange]] = []
        self._last: deque[tuple[int, RecordedExchange]] = deque(maxlen=LAST)
        self._with_target: list[tuple[int, RecordedExchange]] = []

    def add(self, recorded: RecordedExchange) -> None:
        """Count an exchange, and keep it if it is one of those."""
        self.count += 1
        if recorded.is_evidence and not self._with_target:
            self._with_target.append((self.count, recorded))
        if len(self._first) < FIRST:
            self._first.append((self.count, recorded))
            return
        if recorded.findings and len(self._faulty) < MOST_FAULTY:
            self._faulty.append((self.count, recorded))
        self._last.append((self.count, recorded))

    def kept(self) -> Iterator[RecordedExchange]:
        by_number = dict([*self._first, *self._with_target, *self._faulty, *self._last])
        return (by_number[number] for number in sorted(by_number))


class EventWriter:
    """
    Writes what happens into a run's file.

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
        self._details: list[str] = []
        self._duration_s = 0.0
        token = state.options.token
        self._known = [Secret("FLOWPROOF_TOKEN", token)] if token else []
        self._known += _secrets(_remote_sites(state))
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

    def name_of(self, item: pytest.Item) -> str:
        """A test's name as events have it: redacted, and its own."""
        return self._names.get(item.nodeid, self._redactor.name(item.nodeid))

    def tell(self, *events: Event) -> None:
        """Write events, redacted."""
        append(self._file, *map(self._redactor.event, events))

    def record(self, recorded: RecordedExchange) -> None:
        self._evidence.add(recorded)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Give each test a name of its own, and leave out those that have their verdict."""
        taken: Counter[str] = Counter()
        for item in items:
            name = self._redactor.name(item.nodeid)
            taken[name] += 1
            self._names[item.nodeid] = name if taken[name] == 1 else f"{name} #{taken[name]}"
        done = [item for item in items if self.name_of(item) in self._done]
        if done:
            config.hook.pytest_deselected(items=done)
            items[:] = [item for item in items if self.name_of(item) not in self._done]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write which tests the run is about to do; one process does so for all."""
        if not self._plans:
            return
        self.tell(
            *(
                Planned(self.name_of(item), _sentence(item), requirements_of(item), needs_control(item))
                for item in session.items
            )
        )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """A test from its beginning to its end; one that is broken off has no verdict."""
        self._evidence, self._raised, self._details, self._duration_s = Evidence(), [], [], 0.0
        result = yield
        self._finish(item)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        self._duration_s += call.duration
        if call.excinfo is not None:
            self._raised.append(call.excinfo.value)
        if report.failed:
            sections = [f"{title}\n{text}" for title, text in report.sections if title.startswith("flowproof")]
            self._details += [report.longreprtext, *sections]
        return report

    def _finish(self, item: pytest.Item) -> None:
        recorder = self._state.recorder
        findings = recorder.report() if recorder is not None else None
        omitted = recorder.omitted if recorder is not None else ""
        is_remote = recorder is not None and self._is_remote(item)
        lost, unanswered = (recorder.lost, recorder.unanswered) if recorder is not None and is_remote else ("", "")
        verdict, why = judge(self._raised, findings=findings, omitted=omitted, lost=lost, unanswered=unanswered)
        details = "\n\n".join([*self._details, *([findings] if findings and not self._details else [])])
        test = self.name_of(item)
        finished = TestFinished(
            test=test,
            at=datetime.now(UTC),
            duration_ms=round(self._duration_s * 1000, 1),
            verdict=verdict,
            why=why,
            details=_cut(details) if verdict in ("FAIL", "ERROR") else "",
            exchanges=self._evidence.count,
            violated=self._violated(item) if verdict == "FAIL" else (),
            lacks_control=verdict == "SKIP" and any(isinstance(each, WithoutControl) for each in self._raised),
        )
        redactor = self._redactor_of_test()
        events: list[Event] = [*self._exchanged(test), finished]
        # The name is redacted already, and has to be the one that was planned.
        append(self._file, *(structs.replace(redactor.event(each), test=test) for each in events))

    def _violated(self, item: pytest.Item) -> tuple[str, ...]:
        """
        The requirements that a failed test has shown to be violated; none where it is those that it is marked with.

        What the contract names at the places of the findings, and its own too where something else failed as well.
        """
        recorder = self._state.recorder
        found = recorder.violated if recorder is not None else ()
        named = [each for each in found if each is not None]
        is_otherwise = None in found or not all(isinstance(each, ContractViolated) for each in self._raised)
        return tuple(dict.fromkeys((*named, *(requirements_of(item) if is_otherwise else ())))) if named else ()

    def _is_remote(self, item: pytest.Item) -> bool:
        return not providers_of(item, self._state.kits).isdisjoint(self._state.remote.urls)

    def _redactor_of_test(self) -> Redactor:
        """On a mock each workspace has credentials of its own."""
        sites = [site for workspace in self._state.workspaces for site in workspace.sites.values()]
        return Redactor([*self._known, *_secrets(sites)]) if sites else self._redactor

    def _exchanged(self, test: str) -> Iterator[Exchanged]:
        run_store = self._state.run_store
        for each in self._evidence.kept():
            number = run_store.next("exchange") if run_store is not None else self._evidence.count
            yield _exchanged(f"x-{number}", test, each)


def _exchanged(name: str, test: str, recorded: RecordedExchange) -> Exchanged:
    exchange: Exchange = recorded.exchange
    match = recorded.contract.operations.find(exchange.method, exchange.path)
    request = Request(
        headers=exchange.request_headers,
        body=body_of(exchange.request_body),
        method=exchange.method,
        url=recorded.url,
        path=exchange.path,
        query=exchange.query,
    )
    response = Response(headers=exchange.response_headers, body=body_of(exchange.response_body), status=exchange.status)
    findings = tuple(FindingRecord(**asdict(each)) for each in recorded.findings)
    operation, duration_ms = match.operation.id if match else None, round(recorded.duration_ms, 1)
    return Exchanged(name, test, recorded.at, duration_ms, operation, request, response, findings)


def _remote_sites(state: SessionState) -> Iterator[Site]:
    """The sites that are not mocked; one whose credentials are missing has no secret."""
    for provider in state.remote.urls:
        with suppress(ConfigurationError):
            yield state.remote.entry(provider).site


def _secrets(sites: Iterable[Site]) -> list[Secret]:
    return [secret for site in sites for secret in secrets_of(site)]


def _sentence(item: pytest.Item) -> str:
    """The first paragraph of a test's docstring."""
    text = inspect.getdoc(getattr(item, "function", None)) or item.name
    return " ".join(text.partition("\n\n")[0].split())


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_DETAILS else f"{text[:LONGEST_DETAILS]}\n…"
