"""The plugin's hooks: options, markers, cases as parameters, findings as failures, refusals in the report."""

from collections.abc import Generator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from flowproof.errors import FlowproofError

from . import fixtures
from .clients import client_fixtures
from .collection_checks import CollectionChecks
from .evidence import ContractViolated, require_evidence
from .interference import explain_interference
from .item_info import WithoutControl, needs_control, requirements_of, skip_without_control
from .light_install import LightInstall
from .options import add_options
from .quiet_hypothesis import QuietHypothesis
from .remote_targets import MOCK
from .session_state import state_of

if TYPE_CHECKING:
    from flowproof.target import Workspace

__all__ = [
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_generate_tests",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
]

MOST_REFUSALS = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "requirement(*ids): the requirements of a provider that the test proves, such as acme.order.get."
    )
    config.addinivalue_line(
        "markers", "needs_control(purpose): why a test can run only where there is a control API, as its skip says it."
    )
    state = state_of(config)
    described = bool(config.option.showfixtures or config.option.show_fixtures_per_test)
    config.pluginmanager.register(client_fixtures(state, taken=fixtures.__all__, described=described))
    worker_input = getattr(config, "workerinput", None)  # xdist's, in a worker
    if state.options.events is not None or state.options.target not in (None, MOCK):
        from .run_store_plugin import RunStorePlugin  # noqa: PLC0415 (only where something is counted)

        shared = RunStorePlugin(state, worker_input)
        state.run_store = shared.run_store
        state.make_gate = shared.make_guard if state.remote.urls else None
        config.pluginmanager.register(shared)
    config.pluginmanager.register(CollectionChecks(state))
    config.pluginmanager.register(LightInstall())
    config.pluginmanager.register(QuietHypothesis())
    if state.options.coverage is not None:
        from .coverage import CoverageWriter  # noqa: PLC0415 (only a run that asks for it)

        coverage = CoverageWriter(state.options.coverage)
        state.listeners.append(coverage.record)
        config.pluginmanager.register(coverage)
    if state.options.events is not None:
        from .event_writer import EventWriter  # noqa: PLC0415 (only a run that asks for it)

        writer = EventWriter(state.options.events, state, worker_input and worker_input["workerid"])
        state.events = writer
        state.listeners.append(writer.record)
        config.pluginmanager.register(writer)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the requirements that were asked for."""
    requirements = state_of(config).options.requirements
    if not requirements:
        return
    chosen = [item for item in items if any(_is_below(each, requirements) for each in requirements_of(item))]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def _is_below(requirement: str, chosen: Sequence[str]) -> bool:
    return any(requirement == each or requirement.startswith(f"{each}.") for each in chosen)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a documented case, marked with the case's requirements."""
    if "replay_case" not in metafunc.fixturenames:
        return
    from flowproof.cases import read_cases  # noqa: PLC0415 (only a suite with cases needs it)

    kits = state_of(metafunc.config).kits
    provider = kits.of_folder(metafunc.definition.path.parent)
    cases = read_cases(provider, kits.find(provider).fixtures_folder()) if provider is not None else ()
    parameters = [pytest.param(case, id=case.id, marks=pytest.mark.requirement(*case.requirements)) for case in cases]
    metafunc.parametrize("documented_case", parameters)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    state = state_of(item.config)
    state.begin(item)
    # A JUnit file's own class name lacks the folder where pytest's root directory is the suite's.
    stated = [("module", f"{item.path.parent.name}.{item.path.stem}")]
    stated += [("requirement", each) for each in requirements_of(item)]
    item.user_properties.extend(each for each in stated if each not in item.user_properties)  # once, if it is retried
    if state.remote.is_named and needs_control(item):
        skip_without_control(state)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test whose exchanges differ from their contracts fails; one that fails anyway says so too; so does silence."""
    state = state_of(item.config)
    try:
        result = yield
    except BaseException:
        if state.recorder is not None and (found := state.recorder.report()):
            item.add_report_section("call", "flowproof: contract", found)
        raise
    recorder = state.recorder
    if recorder is not None and (found := recorder.report()):
        raise ContractViolated(found, pytrace=False)
    require_evidence(state, item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a failure stands what its workspaces refused last, and why. What the target lacks is a skip."""
    skip = _skip_of(call.excinfo.value) if call.excinfo is not None else None
    if skip is not None:
        call.excinfo = pytest.CallInfo.from_call(partial(_raise, skip), call.when).excinfo
    report = yield
    if report.failed and call.when in ("setup", "call"):
        state = state_of(item.config)
        if call.excinfo is not None and (hint := explain_interference(call.excinfo.value)):
            report.sections.append(("flowproof: another tool of this session", hint))
        report.sections.extend(
            (f"flowproof: refused in workspace {workspace.id}", shown)
            for workspace in state.workspaces[-2:]
            if (shown := _refusals(workspace))
        )
    return report


def _skip_of(error: BaseException) -> BaseException | None:
    """The skip for what the target lacks; None for any other error."""
    if not isinstance(error, FlowproofError):
        return None
    from flowproof.target import ControlMissing, PreconditionMissing  # noqa: PLC0415 (brings requests)

    if isinstance(error, ControlMissing):
        return WithoutControl(str(error))
    return pytest.skip.Exception(str(error)) if isinstance(error, PreconditionMissing) else None


def _raise(error: BaseException) -> NoReturn:
    raise error


def _refusals(workspace: "Workspace") -> str:
    """The last refused exchanges of a workspace; nothing where it is gone or its server does not answer."""
    from flowproof.target import ControlRefused  # noqa: PLC0415 (whoever has a workspace has loaded it)

    try:
        entries = workspace.journal.entries(limit=MOST_REFUSALS, refused=True)
    except ControlRefused:
        return ""
    return "\n".join(line for entry in entries for line in _lines(entry))


def _lines(entry: Mapping[str, Any]) -> Generator[str]:
    request, response = entry["request"], entry["response"]
    yield f"{entry['id']} {request['method']} {request['path']} answered {response['status']} [{entry['requirement']}]"
    for finding in entry["findings"]:
        place = f"{finding['where']}{'#' + finding['pointer'] if finding['pointer'] else ''}"
        yield f"  {place}: expected {finding['expected']}, got {finding['got']}"
    yield from (f"  {line}" for line in (entry.get("explanation") or "").splitlines())
