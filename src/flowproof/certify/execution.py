"""
Runs a provider's suite with pytest in a separate process, until its end or an interrupt.

Knows neither events nor verdicts.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired
from typing import IO

from flowproof.target.profile import MOCK

from .environment import suite_environment
from .run_configuration import RunConfiguration

__all__ = ["execute"]

POLL_S = 0.1


class _Interruptions:
    """Counts the signals that ask the run to end."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, *_: object) -> None:
        self.count += 1


@contextmanager
def _interruptions() -> Iterator[_Interruptions]:
    """Count interrupts instead of ending this process; only the main thread of a process can do that."""
    interruptions = _Interruptions()
    if threading.current_thread() is not threading.main_thread():
        yield interruptions
        return
    before = {each: signal.signal(each, interruptions.note) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interruptions
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def execute(
    configuration: RunConfiguration,
    scratch: Path,
    environment: Mapping[str, str],
    output: IO[bytes],
    *,
    watch: Callable[[], None],
) -> tuple[int, bool]:
    """
    Run a suite.

    pytest has a process group of its own, so that an interrupt from the keyboard reaches it only from here. The first
    interrupt asks it to end and to remove what it has created; the second one kills it.

    Args:
        configuration: What to run.
        scratch: An empty working folder, in which pytest leaves its coverage.
        environment: The caller's.
        output: Receives what pytest prints.
        watch: Called repeatedly while pytest runs, and once when it has ended.

    Returns:
        The exit code of pytest, and whether it was interrupted.
    """
    with _interruptions() as interruptions:
        process = Popen(
            _command(configuration, scratch),
            cwd=scratch,
            env=_environment(environment, scratch),
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        handled = 0
        try:
            while process.poll() is None:
                watch()
                if interruptions.count > handled:
                    _end(process, signal.SIGINT if handled == 0 else signal.SIGKILL)
                    handled = interruptions.count
                with suppress(TimeoutExpired):
                    process.wait(POLL_S)
        finally:
            if process.poll() is None:
                _end(process, signal.SIGKILL)
                process.wait()
        watch()
        return process.returncode, interruptions.count > 0


def _end(process: Popen[bytes], how: signal.Signals) -> None:
    """Interrupt pytest, which ends its workers itself, or kill all processes of the group."""
    with suppress(ProcessLookupError):
        if how is signal.SIGINT:
            process.send_signal(how)
        else:
            os.killpg(process.pid, how)


def _command(configuration: RunConfiguration, scratch: Path) -> list[str]:
    chosen = [f"--flowproof-requirement={each}" for each in configuration.requirements]
    many = ["-p", "xdist.plugin", "-n", str(configuration.jobs)] if configuration.jobs > 1 else []
    return [
        *(sys.executable, "-m", "pytest", "-q", "--tb=short", "--color=no"),
        *("-p", "flowproof.plugin", "-p", "no:cacheprovider", "--import-mode=importlib"),
        *("-p", "no:unraisableexception"),  # it scans the whole memory at the end for a warning that is not shown
        *("-c", os.devnull, f"--rootdir={configuration.suite.parent}", f"--confcutdir={configuration.suite}"),
        f"--flowproof-target={MOCK if configuration.target is None else configuration.target.resolve()}",
        f"--flowproof-events={configuration.events.resolve()}",
        f"--flowproof-coverage={scratch / 'coverage.json'}",
        f"--flowproof-providers={configuration.provider}",
        *(*chosen, *many, *(["-k", configuration.keyword] if configuration.keyword else [])),
        str(configuration.suite),
    ]


def _environment(environment: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """The caller's environment, without variables that would change the run or load other plugins."""
    ours = {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "HYPOTHESIS_NO_PLUGINS": "1",
        "PYTHONSAFEPATH": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(_storage(environment, scratch)),
    }
    return {**suite_environment(environment), **ours}


def _storage(environment: Mapping[str, str], scratch: Path) -> Path:
    """
    The folder for Hypothesis's tables of characters, which take two seconds to compute: the caller's, or one in the
    user's cache directory. No examples are kept.
    """
    if chosen := environment.get("HYPOTHESIS_STORAGE_DIRECTORY"):
        return Path(chosen).resolve()
    if caches := environment.get("XDG_CACHE_HOME"):
        return Path(caches) / "flowproof" / "hypothesis"
    if home := environment.get("HOME"):
        return Path(home) / ".cache" / "flowproof" / "hypothesis"
    return scratch / "hypothesis"
