"""
Runs a provider's suite: pytest in a process of its own, watched until its end, or until somebody interrupts it.

Knows neither events nor verdicts: what pytest's plugin writes down is its caller's business.
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

from .run_configuration import RunConfiguration

__all__ = ["execute"]

POLL_S = 0.1
# What would divert the run from what was ordered.
DIVERTING = tuple(
    f"FLOWPROOF_{each}"
    for each in ("BASE_URL", "COVERAGE", "EVENTS", "PROVIDERS", "REQUIREMENT", "SERVER", "TARGET", "TRANSPORT")
)


class _Interruptions:
    """How often somebody asked the run to end."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, *_: object) -> None:
        """Once more."""
        self.count += 1


@contextmanager
def _interruptions() -> Iterator[_Interruptions]:
    """Interrupts are noted instead of ending this process; only a process's main thread can do that."""
    noted = _Interruptions()
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = {each: signal.signal(each, noted.note) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield noted
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def execute(
    configuration: RunConfiguration,
    scratch: Path,
    environment: Mapping[str, str],
    said: IO[bytes],
    *,
    watch: Callable[[], None],
) -> tuple[int, bool]:
    """
    Run the suite of an order.

    It is a group of its own, so that an interrupt from the keyboard reaches it once, from here. The first asks it to
    end, and to undo what it has created; the second ends it at once.

    Args:
        order: What is to be run.
        scratch: Where it runs: an empty folder, in which its coverage is found afterwards.
        environment: The caller's.
        said: What pytest prints goes there.
        watch: Called every now and then while it runs, and once when it has ended.

    Returns:
        The exit code of pytest, and whether it was interrupted.
    """
    with _interruptions() as interruptions:
        process = Popen(
            _command(configuration, scratch),
            cwd=scratch,
            env=_environment(environment, scratch),
            stdin=DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        heard = 0
        try:
            while process.poll() is None:
                watch()
                if interruptions.count > heard:
                    _end(process, signal.SIGINT if heard == 0 else signal.SIGKILL)
                    heard = interruptions.count
                with suppress(TimeoutExpired):
                    process.wait(POLL_S)
        finally:
            if process.poll() is None:
                _end(process, signal.SIGKILL)
                process.wait()
        watch()
        return process.returncode, interruptions.count > 0


def _end(process: Popen[bytes], how: signal.Signals) -> None:
    """An interrupt is for pytest, which ends its workers in order; a kill is for all of them."""
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
        *("-p", "no:unraisableexception"),  # which looks through the whole memory at the end, for a warning nobody sees
        *("-c", os.devnull, f"--rootdir={configuration.suite.parent}", f"--confcutdir={configuration.suite}"),
        f"--flowproof-target={MOCK if configuration.target is None else configuration.target.resolve()}",
        f"--flowproof-events={configuration.events.resolve()}",
        f"--flowproof-coverage={scratch / 'coverage.json'}",
        f"--flowproof-providers={configuration.provider}",
        *(*chosen, *many, *(["-k", configuration.keyword] if configuration.keyword else [])),
        str(configuration.suite),
    ]


def _environment(environment: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """The caller's, without what would have another run another way, or other plugins than ours."""
    kept = {
        name: value for name, value in environment.items() if not name.startswith("PYTEST_") and name not in DIVERTING
    }
    ours = {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "HYPOTHESIS_NO_PLUGINS": "1",
        "PYTHONSAFEPATH": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(_storage(environment, scratch)),
    }
    return {**kept, **ours}


def _storage(environment: Mapping[str, str], scratch: Path) -> Path:
    """
    Where Hypothesis keeps its tables of characters, which take it two seconds to make: from run to run in this user's
    own directory for such things, or where the caller has them. No example is kept.
    """
    if chosen := environment.get("HYPOTHESIS_STORAGE_DIRECTORY"):
        return Path(chosen).resolve()
    if caches := environment.get("XDG_CACHE_HOME"):
        return Path(caches) / "flowproof" / "hypothesis"
    if home := environment.get("HOME"):
        return Path(home) / ".cache" / "flowproof" / "hypothesis"
    return scratch / "hypothesis"
