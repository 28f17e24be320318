"""
A pytest session that runs mutants: it has collected a suite once, and forks a process for each mutant.

Its results go to a pipe, one JSON text a line.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from flowproof.conformance import Contract
from flowproof.errors import ContractError
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.hooks import MockHooks
from flowproof.kernel.serving import Gateway
from flowproof.plugin.session_state import state_of
from flowproof.plurals import counted
from flowproof.providers import find_providers

from .forked_tasks import TaskFailure, run_forked
from .general_installer import GeneralInstaller
from .inputs import strings
from .mutant import Family, Mutant, MutantResult, Verdict
from .mutant_installer import MutantInstaller
from .patch_mutants import install_patch, package_of
from .plan import Plan, make_plan, tests_for
from .preload import preload
from .reference import ObservationRecorder, ReferenceRun
from .scout import Scout, Sightings

__all__ = ["MutantSession"]

SESSION_TIMEOUT_S = 7200.0
REFERENCE_TIMEOUT_S = 600.0
MUTANT_TIMEOUT_S = 600.0  # (a slow machine must not look like a mutant that hangs)


Items = Mapping[str, pytest.Item]


class MutantSession:
    """
    Runs in place of pytest's own loop over the tests.

    Args:
        config: Of the session.
        provider: Slug.
        requirement: As of :func:`flowproof.mutation.plan.make_plan`.
        sample: The same.
        family: The same.
        jobs: How many processes at once.
        fd: Where results are written.
    """

    def __init__(
        self,
        config: pytest.Config,
        provider: str,
        requirement: str | None,
        sample: int | None,
        family: Family | None,
        jobs: int,
        fd: int,
    ) -> None:
        self.config = config
        self.provider = provider
        self.requirement = requirement
        self.sample = sample
        self.family = family
        self.jobs = jobs
        self.fd = fd
        self.contract: Contract | None = None
        self.gateway: Gateway | None = None
        self.install: Callable[[MockHooks], None] = lambda _: None
        self.failure = ("", "")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """First the unbroken mock, then the mutants."""
        if session.testsfailed:
            self._send("error", message="the suite cannot be collected")
            return True
        preload()
        state = state_of(self.config)
        state.make_gateway = self._make_gateway
        with suppress(ContractError):  # (a provider of another distribution has its contract there)
            self.contract = state.recording().contract(self.provider)
        items = {item.nodeid: item for item in session.items}
        reference = ReferenceRun()
        for _, part in run_forked(self._reference_tasks(items), jobs=self.jobs, timeout_s=REFERENCE_TIMEOUT_S):
            if isinstance(part, TaskFailure):
                self._send("error", message=f"the run on the unbroken mock: {part.reason}")
                return True
            reference.add(part)
        ((_, result),) = run_forked(
            [partial(self._run_unpatched, reference, items)], jobs=1, timeout_s=SESSION_TIMEOUT_S
        )
        if isinstance(result, TaskFailure):
            self._send("error", message=result.reason)
            return True
        plan, operations = result
        self._run([each for each in plan.mutants if each.patch], plan, operations, reference, items)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the first failure."""
        if report.failed and not self.failure[0]:
            self.failure = (report.nodeid, _message(report))

    def _make_gateway(self) -> Gateway:
        """The mock that the fixtures of this process serve. To build one imports its provider."""
        contracts = {self.provider: self.contract} if self.contract else {}
        gateway = self.gateway or build_gateway(
            find_providers([self.provider]), ServerSettings(entropy=0), contracts=contracts
        )
        self.install(gateway.mock.hooks)
        return gateway

    def _reference_tasks(self, items: Items) -> Iterator[Callable[[], ReferenceRun]]:
        nodes = list(items)
        for part in range(self.jobs):
            yield lambda part=part: self._observe([items[each] for each in nodes[part :: self.jobs]])  # type: ignore[misc] # (a default that is there for its value)

    def _observe(self, items: Sequence[pytest.Item]) -> ReferenceRun:
        """In a child: the tests on the unbroken mock."""
        recorder = ObservationRecorder(self.provider)
        self.install = recorder.install
        for item, following in _pairs(items):
            recorder.test, self.failure = item.nodeid, ("", "")
            observed = recorder.observations()
            started = time.perf_counter()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            observed.seconds = time.perf_counter() - started
            observed.failure = self.failure[1]
        return recorder.run

    def _run_unpatched(self, reference: ReferenceRun, items: Items) -> tuple[Plan, Mapping[str, tuple[str, ...]]]:
        """In a child, since it imports the provider: make the plan, and run the mutants that need no patch."""
        self.gateway = self._make_gateway()  # (each child serves its own copy of it)
        app = self.gateway.mock.apps[self.provider]
        package = package_of(app.provider.routes.import_name)
        plan = make_plan(
            app.contract,
            package,
            reference,
            set_up=frozenset(strings(app.provider.seed)),
            requirement=self.requirement,
            sample=self.sample,
            family=self.family,
        )
        operations = {each.id: each.operations for each in app.contract.requirements.values()}
        self._send_plan(plan, reference)
        gc.freeze()
        self._run([each for each in plan.mutants if not each.patch], plan, operations, reference, items)
        return plan, operations

    def _scout(self, mutants: Sequence[tuple[Mutant, Sequence[str]]], items: Items) -> Sightings:
        """Where general mutants change anything, by a second run of the tests that can see them."""
        by_test: dict[str, list[Mutant]] = {}
        for mutant, nodes in mutants:
            for node in nodes:
                by_test.setdefault(node, []).append(mutant)
        parts = [list(by_test)[part :: self.jobs] for part in range(self.jobs)]
        tasks = (partial(self._watch, Scout(by_test), [items[each] for each in part]) for part in parts)
        sightings = Sightings()
        for _, seen in run_forked(tasks, jobs=self.jobs, timeout_s=SESSION_TIMEOUT_S):
            if isinstance(seen, TaskFailure):
                raise RuntimeError(seen.reason)  # (a fault of this module's; the parent shows it)
            sightings.add(seen)
        return sightings

    def _watch(self, scout: Scout, items: Sequence[pytest.Item]) -> Sightings:
        """In a child: the tests on the unbroken mock, watched."""
        self.install = scout.install
        for item, following in _pairs(items):
            scout.begin(item.nodeid)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            scout.end(item.nodeid)
        return scout.sightings

    def _run(
        self,
        mutants: Sequence[Mutant],
        plan: Plan,
        operations: Mapping[str, tuple[str, ...]],
        reference: ReferenceRun,
        items: Items,
    ) -> None:
        marked = _marked(items.values())
        chosen = [tests_for(each, reference, marked, operations.get(each.requirement or "", ())) for each in mutants]
        watched = [each for each in zip(mutants, chosen, strict=True) if each[0].family == "general"]
        sightings = self._scout(watched, items) if watched else Sightings()
        chosen = [sightings.narrow(*each) for each in zip(mutants, chosen, strict=True)]
        to_run = [index for index, nodes in enumerate(chosen) if nodes]
        for mutant, nodes in zip(mutants, chosen, strict=True):
            if not nodes:
                self._send_result(_not_run(mutant, sightings), plan)
        tasks = (self._task(mutants[index], [items[each] for each in chosen[index]]) for index in to_run)
        for number, result in run_forked(tasks, jobs=self.jobs, timeout_s=MUTANT_TIMEOUT_S):
            failed = isinstance(result, TaskFailure)
            self._send_result(_of_failure(mutants[to_run[number]], result) if failed else result, plan)

    def _task(self, mutant: Mutant, items: Sequence[pytest.Item]) -> Callable[[], MutantResult]:
        return lambda: self._against(mutant, items)

    def _against(self, mutant: Mutant, items: Sequence[pytest.Item]) -> MutantResult:
        """In a child: the tests on the broken mock, until one fails."""
        started, ran = time.perf_counter(), 0
        installer = GeneralInstaller(mutant) if mutant.family == "general" else MutantInstaller(mutant)
        if mutant.patch is not None:
            install_patch(mutant.patch)
        else:
            self.install = installer.install
        for item, following in _pairs(items):
            ran += 1
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failure[0]:
                break
        result = self._judge(mutant, installer, ran)
        return replace(result, tests=ran, seconds=round(time.perf_counter() - started, 3))

    def _judge(self, mutant: Mutant, installer: MutantInstaller | GeneralInstaller, ran: int) -> MutantResult:
        test, message = self.failure
        if test:
            return _result(mutant, "killed", message, test)
        if mutant.patch is not None and mutant.patch.module not in sys.modules:
            return _result(mutant, "broken", f"{mutant.patch.module} was never imported")
        if mutant.patch is None and not installer.changed:
            return _result(mutant, "equal", "no answer differed from the unbroken mock's")
        return _result(mutant, "survived", f"{counted(ran, 'test')} that can see it {'holds' if ran == 1 else 'hold'}")

    def _send_plan(self, plan: Plan, reference: ReferenceRun) -> None:
        self._send(
            "plan",
            mutants=len(plan.mutants),
            without=list(plan.without),
            excused=plan.excused,
            tests=len(reference.tests),
            failures=dict(reference.failures()),
        )

    def _send_result(self, result: MutantResult, plan: Plan) -> None:
        requirement = result.requirement or ""
        known = {"excused": plan.excused.get(requirement, ""), "standing": plan.standings.get(requirement, "")}
        self._send("result", **{**result.to_json(), **known})

    def _send(self, event: str, **values: Any) -> None:
        data = json.dumps({"event": event, **values}).encode() + b"\n"
        while data:
            data = data[os.write(self.fd, data) :]


def _pairs(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=False)  # (none at all where there are no items)


def _marked(items: Any) -> dict[str, Any]:
    found: dict[str, set[str]] = {}
    for item in items:
        for mark in item.iter_markers("requirement"):
            for requirement in mark.args:
                found.setdefault(requirement, set()).add(item.nodeid)
    return found


def _result(mutant: Mutant, verdict: Verdict, why: str, test: str = "") -> MutantResult:
    return MutantResult(mutant.id, mutant.family, mutant.kind, mutant.says, mutant.requirement, verdict, test, why)


def _not_run(mutant: Mutant, sightings: Sightings) -> MutantResult:
    if mutant.family != "general":
        return _result(mutant, "survived", "no test of the suite asks for it")
    if mutant.id in sightings.reached:
        return _result(mutant, "equal", "no answer differed from the unbroken mock's")
    return _result(mutant, "survived", "no test comes to where it acts")


def _of_failure(mutant: Mutant, failure: TaskFailure) -> MutantResult:
    """A mutant that hangs is noticed; one whose process fails is the author's fault."""
    return _result(mutant, "killed" if failure.timed_out else "broken", failure.reason)


def _message(report: pytest.TestReport) -> str:
    """The first line of a failure."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr)
    lines = [line for line in str(text).splitlines() if line.strip()]
    return " ".join(lines[:2])[:300]
