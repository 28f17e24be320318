"""
Runs a provider's suite on a target: pytest in a process of its own, whose events are the only record of what happened.

A run that was broken off leaves its events, and goes on from them.
"""

import fcntl
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
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

from flowproof.errors import ConfigurationError
from flowproof.target.profile import MOCK, Deviation, Permission, Profile, ProfileEntry, read_profile

from .events import Event, Planned, RunFinished, RunStarted, TargetShown, TestFinished, read_events
from .execution import execute
from .kind import kind_of
from .redaction import Redactor, secrets_of
from .run_configuration import RunConfiguration
from .run_store import RunStore
from .stream import append, events_of, repair
from .suite import digest_of, versions

__all__ = ["Ended", "RunConfiguration", "run"]

TAIL_LINES = 12
NO_TESTS = 5  # pytest's exit code
ENDED = frozenset({0, 1, NO_TESTS})
CRASHED = "its process ended before it did"


@dataclass(frozen=True, slots=True)
class Ended:
    """
    How a run ended.

    Args:
        events: All of them, those of earlier parts too.
        finished: Whether it came to its end, or was broken off.
        deviations: What the profile knows not to hold of this provider.
    """

    events: tuple[Event, ...]
    finished: bool
    deviations: tuple[Deviation, ...]


@dataclass(frozen=True, slots=True)
class _Aim:
    """The target of an order, read and looked at."""

    shown: TargetShown
    permissions: tuple[str, ...]
    digest: str
    deviations: tuple[Deviation, ...]
    redactor: Redactor

    @classmethod
    def of(cls, configuration: RunConfiguration, environment: Mapping[str, str]) -> "_Aim":
        if configuration.target is None:
            shown = TargetShown(MOCK, "mock", "")
            return cls(shown, Permission(everything=True).sentences(), "", (), Redactor([]))
        profile, digest = _profile(configuration.target, configuration, environment)
        entry = profile.entry(configuration.provider)
        shown = TargetShown(profile.name, kind_of(entry.site.url), entry.site.url)
        secrets = [each for other in profile.entries.values() for each in secrets_of(other.site)]
        deviations = tuple(
            each for each in profile.deviations if each.requirement.startswith(f"{configuration.provider}.")
        )
        return cls(shown, _permissions(entry), digest, deviations, Redactor(secrets))


def run(
    configuration: RunConfiguration, environment: Mapping[str, str], *, told: Callable[[Event], None] = lambda _: None
) -> Ended:
    """
    Run a suite, or go on with it, until its end or until somebody interrupts it (SIGINT, SIGTERM).

    Args:
        order: What is to be run.
        environment: Such as `os.environ`; credentials come from it.
        told: Called with each event as it happens, and first with those of earlier parts.

    Raises:
        ConfigurationError: The order does not fit the target, the events that are there, or this installation.
    """
    if configuration.jobs > 1 and find_spec("xdist") is None:
        raise ConfigurationError("More than one process needs pytest-xdist.", "Install it, or leave --jobs out.")
    aim = _Aim.of(configuration, environment)
    with _alone(configuration):
        started = _begun(configuration, aim)
        append(configuration.events, aim.redactor.event(started))
        seen = _Tail(configuration.events, told)
        with tempfile.TemporaryDirectory(prefix="flowproof-") as scratch, tempfile.TemporaryFile() as said:
            code, interrupted = execute(configuration, Path(scratch), environment, said, watch=seen.read)
            _keep_coverage(configuration, Path(scratch) / "coverage.json")
            if not interrupted:
                _check(configuration, code, said, aim.redactor, seen)
                _end_with(configuration, aim, seen)
        return Ended(tuple(seen.events), not interrupted, aim.deviations)


def _profile(file: Path, configuration: RunConfiguration, environment: Mapping[str, str]) -> tuple[Profile, str]:
    try:
        content = file.read_bytes()
        text = content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The profile {file} cannot be read: {error}.", "Name another file.") from error
    profile = read_profile(text, environment, defaults=configuration.profile_defaults)
    return profile, sha256(content).hexdigest()


def _permissions(entry: ProfileEntry) -> tuple[str, ...]:
    rate = entry.pace.requests_per_second
    return (*entry.permission.sentences(), *([f"at most {rate:g} requests a second"] if rate is not None else []))


@contextmanager
def _alone(configuration: RunConfiguration) -> Iterator[None]:
    """Nobody else runs in the folder, which is made where it is missing."""
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


def _begun(configuration: RunConfiguration, aim: _Aim) -> RunStarted:
    """How the run, or its next part, begins; the files of another run are cleared away."""
    started = RunStarted(
        run=uuid4().hex,
        at=datetime.now(UTC),
        provider=configuration.provider,
        target=aim.shown,
        suite_version=version("flowproof"),
        suite_digest=digest_of(configuration.suite, configuration.contract, configuration.fixtures),
        versions=dict(versions()),
        permissions=aim.permissions,
        profile_digest=aim.digest,
        selection=configuration.selection(),
    )
    if configuration.resume and configuration.events.exists():
        repair(configuration.events)
        return _gone_on(configuration, aim, started)
    if configuration.run_store.exists():
        _refuse_leftovers(configuration)
    for each in (configuration.events, configuration.coverage):
        each.unlink(missing_ok=True)
    return started


def _refuse_leftovers(configuration: RunConfiguration) -> None:
    """A run that has left something on its target is gone on with, lest nobody knows of it any more."""
    run_store = RunStore(configuration.run_store)
    left = len(run_store.unsettled())
    if left:
        run_store.close()
        raise ConfigurationError(
            f"An earlier run in {configuration.folder} has left {left} thing{'s' if left > 1 else ''} on its target.",
            "Go on with it by --resume, which undoes them where it can, or name another folder.",
        )
    run_store.remove()


def _gone_on(configuration: RunConfiguration, aim: _Aim, started: RunStarted) -> RunStarted:
    earlier = next(
        (each for each in reversed(list(events_of(configuration.events))) if isinstance(each, RunStarted)), None
    )
    if earlier is None:
        return started
    wanted = aim.redactor.event(started)
    differs = [
        what
        for what, name in (
            ("the provider", "provider"),
            ("the target", "target"),
            ("the profile's content", "profile_digest"),
            ("the suite, contract or fixtures", "suite_digest"),
            ("the choice of tests", "selection"),
        )
        if getattr(earlier, name) != getattr(wanted, name)
    ]
    if differs:
        raise ConfigurationError(
            f"The run in {configuration.folder} cannot go on: {', '.join(differs)} changed since.",
            "Put that back, or begin a new run in another folder.",
        )
    return structs.replace(started, run=earlier.run, resumed=True)


class _Tail:
    """
    Reads a file's events as they come.

    Args:
        file: Whose.
        told: Called with each.
    """

    def __init__(self, file: Path, told: Callable[[Event], None]) -> None:
        self._file = file
        self._told = told
        self._offset = 0
        self.events: list[Event] = []
        self.read()
        self.before = len(self.events)

    def read(self) -> None:
        """What is new, as far as its lines are whole."""
        with self._file.open("rb") as stream:
            stream.seek(self._offset)
            whole = [line for line in stream if line.endswith(b"\n")]
        self._offset += sum(map(len, whole))
        for event in read_events(whole):
            self.events.append(event)
            self._told(event)

    def unfinished(self) -> list[str]:
        """Tests that are planned and have no end."""
        open_tests: dict[str, None] = {}
        for event in self.events:
            if isinstance(event, Planned):
                open_tests[event.test] = None
            elif isinstance(event, TestFinished):
                open_tests.pop(event.test, None)
        return list(open_tests)


def _check(configuration: RunConfiguration, code: int, said: IO[bytes], redactor: Redactor, seen: _Tail) -> None:
    """
    That the suite was run.

    Raises:
        ConfigurationError: pytest could not begin, or found nothing to do.
    """
    planned = any(isinstance(each, Planned) for each in seen.events)
    if code in ENDED and planned:
        return
    if code == NO_TESTS:
        raise ConfigurationError(
            f"No test of {configuration.provider} fits {configuration.selection() or 'the suite folder'}.",
            "Choose others.",
        )
    if any(isinstance(each, Planned) for each in seen.events[seen.before :]):
        return  # it began, so that what it left undone is told by its tests
    said.seek(0)
    lines = redactor.text(said.read().decode(errors="replace")).strip().splitlines()
    tail = " / ".join(each.strip() for each in lines[-TAIL_LINES:] if each.strip())
    raise ConfigurationError(
        f"The suite of {configuration.provider} could not be run (exit code {code}): {tail}",
        "Mend that, and run again.",
    )


def _end_with(configuration: RunConfiguration, aim: _Aim, seen: _Tail) -> None:
    """The last events, once nothing is left to run."""
    now = datetime.now(UTC)
    for test in seen.unfinished():
        append(configuration.events, TestFinished(test, now, 0.0, "ERROR", CRASHED))
    append(
        configuration.events,
        aim.redactor.event(RunFinished(now, _coverage(configuration.coverage, configuration.provider))),
    )
    seen.read()
    configuration.coverage.unlink(missing_ok=True)
    run_store = RunStore(configuration.run_store)
    if run_store.unsettled():
        run_store.close()
    else:
        run_store.remove()


def _keep_coverage(configuration: RunConfiguration, file: Path) -> None:
    """What this part exercised, beside what earlier ones did."""
    if not file.exists():
        return
    found = _coverage(configuration.coverage, configuration.provider)
    for kind, names in _coverage(file, configuration.provider).items():
        for name, tests in names.items():
            mine = found.setdefault(kind, {})
            mine[name] = sorted({*mine.get(name, ()), *tests})
    configuration.coverage.write_text(json.dumps({"providers": {configuration.provider: found}}), encoding="utf-8")


def _coverage(file: Path, provider: str) -> dict[str, dict[str, list[str]]]:
    if not file.exists():
        return {}
    read: dict[str, dict[str, dict[str, list[str]]]] = json.loads(file.read_text(encoding="utf-8"))["providers"]
    return read.get(provider, {})
