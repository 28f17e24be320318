"""
The pytest plugin that runs mutants: it collects a suite once, and forks a process for each mutant.

pytest loads it only when ``flowproof.mutation.run`` asks for it. What it finds goes to a pipe, one JSON text a line.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies

from .forks import Died, in_processes
from .mutant import Mutant, Outcome, Verdict
from .mutant_installer import MutantInstaller
from .plan import Plan, make_plan, tests_for
from .reference import Reference, Seen, record

__all__ = ["pytest_addoption", "pytest_configure"]

EXAMPLES = 8
SESSION_TIMEOUT_S = 7200.0
REFERENCE_TIMEOUT_S = 600.0
MUTANT_TIMEOUT_S = 120.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutants-orders", metavar="JSON", help="What flowproof.mutation.run asks for.")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Few examples, always the same, and no time for shrinking: a mutant dies of its first failure."""
    settings.register_profile(
        "mutants",
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        report_multiple_bugs=False,
    )
    settings.load_profile("mutants")
    orders = config.getoption("mutants_orders")
    if orders:
        config.pluginmanager.register(MutantSession(**json.loads(orders)))


Items = Mapping[str, pytest.Item]


class MutantSession:
    """
    Runs in place of pytest's own loop over the tests.

    Args:
        provider: Slug.
        requirement: As of :func:`flowproof.mutation.plan.make_plan`.
        sample: The same.
        jobs: How many processes at once.
        fd: Where outcomes are written.
    """

    def __init__(self, provider: str, requirement: str | None, sample: int | None, jobs: int, fd: int) -> None:
        self.provider = provider
        self.requirement = requirement
        self.sample = sample
        self.jobs = jobs
        self.fd = fd
        self.failure = ("", "")
        self.current = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """First the unbroken mock, then the mutants."""
        if session.testsfailed:
            self._tell("error", what="the suite cannot be collected")
            return True
        _preload(self.provider)
        _draw()
        items = {item.nodeid: item for item in session.items}
        reference = Reference()
        started = time.perf_counter()
        for _, part in in_processes(self._reference_tasks(items), jobs=self.jobs, timeout_s=REFERENCE_TIMEOUT_S):
            if isinstance(part, Died):
                self._tell("error", what=f"the run on the unbroken mock: {part.why}")
                return True
            reference.add(part)
        took_s = time.perf_counter() - started
        ((_, done),) = in_processes(
            [lambda: self._unpatched(reference, items, took_s)], jobs=1, timeout_s=SESSION_TIMEOUT_S
        )
        if isinstance(done, Died):
            self._tell("error", what=done.why)
            return True
        plan, operations = done
        self._run([each for each in plan.mutants if each.patch], plan, operations, reference, items)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the first failure."""
        if report.failed and not self.failure[0]:
            self.failure = (report.nodeid, _said(report))

    def _reference_tasks(self, items: Items) -> Iterator[Callable[[], Reference]]:
        nodes = list(items)
        for part in range(self.jobs):
            yield lambda part=part: self._recorded([items[each] for each in nodes[part :: self.jobs]])  # type: ignore[misc] # (a default that is there for its value)

    def _recorded(self, items: Sequence[pytest.Item]) -> Reference:
        """In a child: the tests on the unbroken mock."""
        reference = Reference()
        record(reference, lambda: self.current, self.provider)
        for item, following in _pairs(items):
            self.current = item.nodeid
            self.failure = ("", "")
            seen = reference.tests.setdefault(item.nodeid, Seen())
            started = time.perf_counter()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            seen.seconds = time.perf_counter() - started
            seen.failure = self.failure[1]
        return reference

    def _unpatched(
        self, reference: Reference, items: Items, took_s: float
    ) -> tuple[Plan, Mapping[str, tuple[str, ...]]]:
        """In a child, since it imports the provider, which a patched mutant must import broken: plan, run the rest."""
        from flowproof.kernel import assembly  # noqa: PLC0415 (loaded already)
        from flowproof.providers import find_providers  # noqa: PLC0415

        (provider,) = find_providers([self.provider])
        gateway = assembly.build_gateway([provider], assembly.Settings(entropy=0))
        contract = gateway.mock.apps[self.provider].contract
        package = provider.routes.import_name.rpartition(".")[0]
        plan = make_plan(contract, package, reference, requirement=self.requirement, sample=self.sample)
        operations = {each.id: each.operations for each in contract.requirements.values()}
        self._tell_plan(plan, reference, took_s)
        # Each child serves from its own copy of this gateway, which saves it the building of one.
        setattr(assembly, "build_gateway", lambda *_: gateway)  # noqa: B010 (this process alone, on purpose)
        gc.freeze()
        self._run([each for each in plan.mutants if not each.patch], plan, operations, reference, items)
        return plan, operations

    def _run(
        self,
        mutants: Sequence[Mutant],
        plan: Plan,
        operations: Mapping[str, tuple[str, ...]],
        reference: Reference,
        items: Items,
    ) -> None:
        marked = _marked(items.values())
        chosen = [tests_for(each, reference, marked, operations.get(each.requirement or "", ())) for each in mutants]
        asked = [index for index, nodes in enumerate(chosen) if nodes]
        for index, nodes in enumerate(chosen):
            if not nodes:
                self._tell_outcome(_lived(mutants[index], "survived", "no test of the suite asks for it", 0), plan)
        tasks = (self._task(mutants[index], [items[each] for each in chosen[index]]) for index in asked)
        for number, gave in in_processes(tasks, jobs=self.jobs, timeout_s=MUTANT_TIMEOUT_S):
            outcome = _of_dead(mutants[asked[number]], gave) if isinstance(gave, Died) else gave
            self._tell_outcome(outcome, plan)

    def _task(self, mutant: Mutant, items: Sequence[pytest.Item]) -> Callable[[], Outcome]:
        return lambda: self._against(mutant, items)

    def _against(self, mutant: Mutant, items: Sequence[pytest.Item]) -> Outcome:
        """In a child: the tests on the broken mock, until one fails."""
        started, ran = time.perf_counter(), 0
        installer = MutantInstaller(mutant)
        installer.install()
        for item, following in _pairs(items):
            ran += 1
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failure[0]:
                break
        seconds = round(time.perf_counter() - started, 3)
        test, why = self.failure
        if test:
            return Outcome(*_named(mutant), "killed", test, why, ran, seconds)
        if mutant.patch is not None and mutant.patch.module not in sys.modules:
            return _lived(mutant, "broken", f"{mutant.patch.module} was never imported", ran, seconds)
        if mutant.patch is None and not installer.changed:
            return _lived(mutant, "equal", "no answer differed from the unbroken mock's", ran, seconds)
        return _lived(mutant, "survived", f"{ran} tests that can see it hold", ran, seconds)

    def _tell_plan(self, plan: Plan, reference: Reference, took_s: float) -> None:
        self._tell(
            "plan",
            mutants=len(plan.mutants),
            without=list(plan.without),
            excused=plan.excused,
            tests=len(reference.tests),
            failures=dict(reference.failures()),
            seconds=round(took_s, 3),
        )

    def _tell_outcome(self, outcome: Outcome, plan: Plan) -> None:
        requirement = outcome.requirement or ""
        known = {"excused": plan.excused.get(requirement, ""), "standing": plan.standings.get(requirement, "")}
        self._tell("outcome", **{**outcome.to_json(), **known})

    def _tell(self, event: str, **values: Any) -> None:
        data = json.dumps({"event": event, **values}).encode() + b"\n"
        while data:
            data = data[os.write(self.fd, data) :]


def _preload(slug: str) -> None:
    """What every child needs, but no provider: that is what a mutant may have to import broken."""
    import requests  # noqa: F401, PLC0415 (all of this is for the children's sake)
    import uvicorn.loops.auto  # noqa: F401, PLC0415

    from flowproof import providers  # noqa: F401, PLC0415
    from flowproof.conformance import explanation, load_contract  # noqa: F401, PLC0415
    from flowproof.errors import ContractError  # noqa: PLC0415
    from flowproof.kernel import assembly, serving  # noqa: F401, PLC0415
    from flowproof.kernel.control import app  # noqa: PLC0415
    from flowproof.plugin import connections, recording  # noqa: F401, PLC0415

    control = app.control_contract()
    setattr(app, "control_contract", lambda: control)  # noqa: B010 (read once for all children, which only read it)
    with suppress(ContractError):  # (a provider of another distribution has its contract there)
        contract = load_contract(slug)
        for module in (assembly, recording):
            setattr(module, "load_contract", lambda wanted, *_: contract if wanted == slug else load_contract(wanted))  # noqa: B010


def _draw() -> None:
    """What Hypothesis reads and makes for the first property of a process, it then has for those of all children."""

    @settings(max_examples=1)
    @given(strategies.text())
    def nothing(_: str) -> None:
        """Holds."""

    nothing()


def _pairs(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=False)  # (none at all where there are no items)


def _marked(items: Any) -> dict[str, Any]:
    found: dict[str, set[str]] = {}
    for item in items:
        for mark in item.iter_markers("requirement"):
            for requirement in mark.args:
                found.setdefault(requirement, set()).add(item.nodeid)
    return found


def _named(mutant: Mutant) -> tuple[str, str, str, str, str | None]:
    return mutant.id, mutant.family, mutant.kind, mutant.says, mutant.requirement


def _lived(mutant: Mutant, verdict: Verdict, why: str, ran: int, seconds: float = 0.0) -> Outcome:
    return Outcome(*_named(mutant), verdict, "", why, ran, seconds)


def _of_dead(mutant: Mutant, dead: Died) -> Outcome:
    """A mutant that hangs is noticed; one whose process fails is the author's fault."""
    return _lived(mutant, "killed" if dead.why.startswith("no end") else "broken", dead.why, 0)


def _said(report: pytest.TestReport) -> str:
    """The first line of a failure."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr)
    lines = [line for line in str(text).splitlines() if line.strip()]
    return " ".join(lines[:2])[:300]
