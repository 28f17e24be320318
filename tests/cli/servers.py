"""Runs the real command as a process of its own, and ends it whatever happens."""

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess, Popen
from typing import IO, Any

TIMEOUT_S = 120.0


@dataclass
class Served:
    """A server in the foreground: its process, its files, and the content of its ready file."""

    process: Popen[bytes]
    folder: Path
    ready: dict[str, Any]

    @property
    def url(self) -> str:
        """Where it answers."""
        return str(self.ready["url"])

    @property
    def oneflow(self) -> Any:
        """Base URL and credentials of OneFlow."""
        return self.ready["providers"]["oneflow"]

    def output(self, stream: str = "out") -> str:
        """What it has written so far."""
        return (self.folder / f"{stream}.txt").read_text()

    def end(self, by: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        self.process.send_signal(by)
        return self.process.wait(TIMEOUT_S)


@contextmanager
def serving(folder: Path, *options: str, **variables: str) -> Iterator[Served]:
    """A server on a free port, ready."""
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    arguments = ["serve", "--port", "0", "--ready-file", str(ready), *options]
    with (folder / "out.txt").open("wb") as out, (folder / "err.txt").open("wb") as err:
        process = Popen(command(arguments), stdout=out, stderr=err, cwd=folder, env=clean(variables))
        try:
            yield Served(process, folder, _awaited(process, ready, folder))
        finally:
            process.kill()
            process.wait(TIMEOUT_S)


def flowproof(folder: Path, *arguments: str, timeout_s: float = TIMEOUT_S, **variables: str) -> CompletedProcess[str]:
    """One command, run to its end."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = Popen(command(arguments), stdout=out, stderr=err, cwd=folder, env=clean(variables))
        try:
            code = process.wait(timeout_s)
        finally:
            process.kill()
            process.wait(TIMEOUT_S)
        return CompletedProcess(process.args, code, _all_of(out), _all_of(err))


def _all_of(stream: IO[str]) -> str:
    stream.seek(0)
    return stream.read()


def command(arguments: Sequence[str]) -> list[str]:
    """The command line of this checkout's package."""
    return [sys.executable, "-m", "flowproof", *arguments]


def clean(variables: dict[str, str]) -> dict[str, str]:
    """An environment without anybody's settings."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("FLOWPROOF_")}
    return {**others, **variables}


def _awaited(process: Popen[bytes], ready: Path, folder: Path) -> dict[str, Any]:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if ready.exists():
            content: dict[str, Any] = json.loads(ready.read_text())
            return content
        time.sleep(0.01)
    raise AssertionError(f"the server did not start: {(folder / 'err.txt').read_text()}")


def awaited_text(served: Served, stream: str, text: str) -> str:
    """What a server has written, once a text is in it."""
    deadline = time.monotonic() + TIMEOUT_S
    while text not in served.output(stream) and time.monotonic() < deadline:
        time.sleep(0.01)
    return served.output(stream)
