"""
Runs a provider's suite on a target, with pytest in a separate process whose events are the only record of the run.

An interrupted run leaves its events and can be resumed from them.
"""

import fcntl
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from uuid import uuid4

from msgspec import structs

from flowproof.conformance import load_contract
from flowproof.conformance.effects import Effect, read_effects
from flowproof.errors import ConfigurationError
from flowproof.plurals import counted
from flowproof.target.permitted import permitted_sentences
from flowproof.target.profile import MOCK, Deviation, Permission, Profile, read_profile

from .budget import Budget, read_spent
from .events import Connection, Event, Planned, RunFinished, RunStarted, TargetInfo, TestFinished, read_events
from .execution import execute
from .redaction import Redactor, secrets_of
from .run_configuration import RunConfiguration
from .run_store import RunStore
from .stream import append, events_of, repair, seal_of, sealed_size
from .suite import changed_files, suite_digest, versions
from .suite_tests import defined_tests
from .target_kind import examine_target
from .untold import untold_events

__all__ = ["RunConfiguration", "RunResult", "run"]

TAIL_LINES = 12
NO_TESTS = 5  # pytest's exit code
ENDED = frozenset({0, 1, NO_TESTS})
CRASHED = "its process ended before it did"


@dataclass(frozen=True, slots=True)
class RunResult:
    """
    The result of a run.

    Args:
        events: With those of earlier parts.
        finished: Whether it reached its end; False if it was interrupted.
        deviations: Known deviations of this provider, from the profile.
    """

    events: tuple[Event, ...]
    finished: bool
    deviations: tuple[Deviation, ...]


@dataclass(frozen=True, slots=True)
class _Target:
    """The target of a run, read from the profile and checked."""

    info: TargetInfo
    permissions: tuple[str, ...]
    digest: str
    deviations: tuple[Deviation, ...]
    redactor: Redactor
    connection: Connection

    @classmethod
    def of(cls, configuration: RunConfiguration, environment: Mapping[str, str]) -> "_Target":
        if configuration.target is None:
            info = TargetInfo(MOCK, "mock", "")
            return cls(info, Permission(everything=True).sentences(), "", (), Redactor([]), Connection())
        profile, digest = _profile(configuration.target, configuration, environment)
        entry = profile.entry(configuration.provider)
        kind, connection = examine_target(entry.site.url, environment)
        info = TargetInfo(profile.name, kind, entry.site.url)
        secrets = [each for other in profile.entries.values() for each in secrets_of(other.site)]
        deviations = tuple(
            each for each in profile.deviations if each.requirement.startswith(f"{configuration.provider}.")
        )
        permitted = permitted_sentences(entry.permission, entry.pace, _effects(configuration))
        return cls(info, permitted, digest, deviations, Redactor(secrets), connection)


def run(
    configuration: RunConfiguration,
    environment: Mapping[str, str],
    *,
    on_event: Callable[[Event], None] = lambda _: None,
) -> RunResult:
    """
    Run or resume a suite until its end or an interrupt (SIGINT, SIGTERM).

    Args:
        configuration: What to run.
        environment: Such as `os.environ`; it has the credentials.
        on_event: Called with each event, first with those of earlier parts.

    Raises:
        ConfigurationError: The configuration does not fit the target, the existing events, or this installation.
    """
    if configuration.jobs > 1 and find_spec("xdist") is None:
        raise ConfigurationError("More than one process needs pytest-xdist.", "Install it, or leave --jobs out.")
    target = _Target.of(configuration, environment)
    with _locked(configuration):
        started = _start_event(configuration, target)
        append(configuration.events, target.redactor.event(started))
        tail = _Tail(configuration.events, on_event)
        with tempfile.TemporaryDirectory(prefix="flowproof-") as scratch, tempfile.TemporaryFile() as output:
            code, interrupted = execute(configuration, Path(scratch), environment, output, watch=tail.read)
            _keep_coverage(configuration, Path(scratch) / "coverage.json")
            if not interrupted:
                _check(configuration, code, output, target.redactor, tail)
                _finish(configuration, target, tail)
        return RunResult(tuple(tail.events), not interrupted, target.deviations)


def _profile(file: Path, configuration: RunConfiguration, environment: Mapping[str, str]) -> tuple[Profile, str]:
    try:
        content = file.read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The profile {file} cannot be read: {error}.", "Name another file.") from error
    profile = read_profile(text, environment, defaults=configuration.profile_defaults)
    return profile, sha256(content).hexdigest()


def _effects(configuration: RunConfiguration) -> Mapping[str, Effect]:
    return read_effects(load_contract(configuration.provider, configuration.contract).document)


@contextmanager
def _locked(configuration: RunConfiguration) -> Iterator[None]:
    """Lock the folder against other runs; it is created where it is missing."""
    try:
        configuration.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{configuration.folder} cannot be made: {error.strerror}.", "Name another folder."
        ) from error
    with (configuration.folder / ".running").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigurationError(
                f"Another run is at work in {configuration.folder}.", "Wait for its end, or name another folder."
            ) from error
        try:
            yield
        finally:
            (configuration.folder / ".running").unlink(missing_ok=True)


def _start_event(configuration: RunConfiguration, target: _Target) -> RunStarted:
    """The first event of the run or of its next part; the files of another run are removed."""
    started = RunStarted(
        run=uuid4().hex,
        at=datetime.now(UTC),
        provider=configuration.provider,
        target=target.info,
        suite_version=version("flowproof"),
        suite_digest=suite_digest(configuration.suite, configuration.contract, configuration.fixtures),
        versions=dict(versions()),
        permissions=target.permissions,
        profile_digest=target.digest,
        selection=configuration.selection(),
        suite_tests=defined_tests(configuration.suite),
        controlled=configuration.target is None,
        operator=configuration.operator,
        connection=target.connection,
        changed_files=changed_files(configuration.suite),
    )
    if configuration.resume and configuration.events.exists():
        repair(configuration.events)
        return _resumed(configuration, target, started)
    if configuration.run_store.exists():
        _refuse_leftovers(configuration)
    for each in (configuration.events, configuration.coverage, seal_of(configuration.events)):
        each.unlink(missing_ok=True)
    return started


def _refuse_leftovers(configuration: RunConfiguration) -> None:
    """Refuse to replace a run that has left resources on its target."""
    run_store = RunStore(configuration.run_store)
    left = len(run_store.not_cleaned())
    if left:
        run_store.close()
        raise ConfigurationError(
            f"An earlier run in {configuration.folder} has left {counted(left, 'thing')} on its target.",
            "Go on with it by --resume, which undoes them where it can, or name another folder.",
        )
    run_store.remove()


def _resumed(configuration: RunConfiguration, target: _Target, started: RunStarted) -> RunStarted:
    events = list(events_of(configuration.events))
    earlier = next((each for each in reversed(events) if isinstance(each, RunStarted)), None)
    if earlier is None:
        return started
    planned = target.redactor.event(started)
    differs = [
        what
        for what, name in (
            ("the provider", "provider"),
            ("the target", "target"),
            ("the profile's content", "profile_digest"),
            ("the suite, contract or fixtures", "suite_digest"),
            ("the choice of tests", "selection"),
            ("the installed files", "changed_files"),
            ("who runs it", "operator"),
            ("how the target is reached", "connection"),
        )
        if getattr(earlier, name) != getattr(planned, name)
    ]
    if differs:
        raise ConfigurationError(
            f"The run in {configuration.folder} cannot go on: {', '.join(differs)} changed since.",
            "Put that back, or begin a new run in another folder.",
        )
    _restore_counters(configuration, events)
    return structs.replace(started, run=earlier.run, resumed=True)


def _restore_counters(configuration: RunConfiguration, events: Sequence[Event]) -> None:
    """Let the permitted numbers of calls hold for all parts of a run, also where an earlier one came to its end."""
    finished = next((each for each in reversed(events) if isinstance(each, RunFinished)), None)
    if finished is None or configuration.run_store.exists():
        return
    run_store = RunStore(configuration.run_store)
    budget = None if finished.spent is None else read_spent(finished.spent)
    run_store.restore(configuration.provider, finished.calls, budget)
    run_store.close()


class _Tail:
    """
    Reads the events of a file as they are appended.

    Args:
        file: Of the events.
        on_event: Called with each event.
    """

    def __init__(self, file: Path, on_event: Callable[[Event], None]) -> None:
        self._file = file
        self._on_event = on_event
        self._offset = 0
        self.events: list[Event] = []
        self.read()
        self.before = len(self.events)

    def read(self) -> None:
        """Read the new lines, as far as they are sealed."""
        with self._file.open("rb") as stream:
            stream.seek(self._offset)
            whole = stream.read(max(0, sealed_size(self._file) - self._offset)).splitlines(keepends=True)
        self._offset += sum(map(len, whole))
        for event in read_events(whole):
            self.events.append(event)
            self._on_event(event)

    def unfinished(self) -> list[str]:
        """The planned tests that have not ended."""
        open_tests: dict[str, None] = {}
        for event in self.events:
            if isinstance(event, Planned):
                open_tests[event.test] = None
            elif isinstance(event, TestFinished):
                open_tests.pop(event.test, None)
        return list(open_tests)


def _check(configuration: RunConfiguration, code: int, output: IO[bytes], redactor: Redactor, tail: _Tail) -> None:
    """
    Check that the suite was run.

    Raises:
        ConfigurationError: pytest could not start, or found no test.
    """
    planned = any(isinstance(each, Planned) for each in tail.events)
    if code in ENDED and planned:
        return
    if code == NO_TESTS:
        raise ConfigurationError(
            f"No test of {configuration.provider} fits {configuration.selection() or 'the suite folder'}.",
            "Choose others.",
        )
    if any(isinstance(each, Planned) for each in tail.events[tail.before :]):
        return  # pytest started, so the tests show what it did not do
    output.seek(0)
    lines = redactor.text(output.read().decode(errors="replace")).strip().splitlines()
    shown = " / ".join(each.strip() for each in lines[-TAIL_LINES:] if each.strip())
    raise ConfigurationError(
        f"The suite of {configuration.provider} could not be run (exit code {code}): {shown}",
        "Fix that, and run again.",
    )


def _finish(configuration: RunConfiguration, target: _Target, tail: _Tail) -> None:
    """Append the last events after pytest has ended."""
    now = datetime.now(UTC)
    for test in tail.unfinished():
        append(configuration.events, TestFinished(test, now, 0.0, "ERROR", CRASHED))
    run_store = RunStore(configuration.run_store)
    for event in untold_events(run_store, tail.events):
        append(configuration.events, target.redactor.event(event))
    spent = run_store.spent(configuration.provider)
    finished = RunFinished(
        at=now,
        coverage=_coverage(configuration.coverage, configuration.provider),
        calls=run_store.calls(configuration.provider),
        spent=_spent(configuration, spent),
    )
    append(configuration.events, target.redactor.event(finished))
    tail.read()
    configuration.coverage.unlink(missing_ok=True)
    if run_store.not_cleaned():
        run_store.close()
    else:
        run_store.remove()


def _spent(configuration: RunConfiguration, budget: Budget | None) -> str | None:
    """What a run has cost; None where nothing says what a call costs."""
    is_known = configuration.target is not None and any(each.spends for each in _effects(configuration).values())
    return str(budget if budget is not None else Budget()) if budget is not None or is_known else None


def _keep_coverage(configuration: RunConfiguration, file: Path) -> None:
    """Add the coverage of this part to that of earlier ones."""
    if not file.exists():
        return
    found = _coverage(configuration.coverage, configuration.provider)
    for kind, names in _coverage(file, configuration.provider).items():
        for name, tests in names.items():
            known = found.setdefault(kind, {})
            known[name] = sorted({*known.get(name, ()), *tests})
    configuration.coverage.write_text(json.dumps({"providers": {configuration.provider: found}}), encoding="utf-8")


def _coverage(file: Path, provider: str) -> dict[str, dict[str, list[str]]]:
    if not file.exists():
        return {}
    read: dict[str, dict[str, dict[str, list[str]]]] = json.loads(file.read_text(encoding="utf-8"))["providers"]
    return read.get(provider, {})
