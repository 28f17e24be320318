"""A server of our own in a process of its own, on loopback, with its log and its processor time."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["Served"]

START_S = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


class Served:
    """
    A server that is started at the beginning of a block and ended with it.

    Args:
        state: A state file, or ``memory``.
        arguments: Further arguments of ``flowproof serve``.
    """

    def __init__(self, *arguments: str, state: str = "memory") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="flowproof-attack-")
        self._arguments = [*arguments, "--state", state, "--port", "0", "--journal", "50"]
        self._log = Path(self._folder.name) / "log"
        self._ready: Mapping[str, Any] = {}

    def __enter__(self) -> Self:
        file = Path(self._folder.name) / "ready"
        command = [sys.executable, "-m", "flowproof", "serve", *self._arguments, "--ready-file", str(file)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while not file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start: {self._log.read_text()[-2000:]}")
            time.sleep(0.02)
        self._ready = json.loads(file.read_text())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        return str(self._ready["url"])

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    @property
    def providers(self) -> Mapping[str, Any]:
        """By slug, with base URL and credentials."""
        providers: Mapping[str, Any] = self._ready["providers"]
        return providers

    def kill(self) -> None:
        """End the process at once, as if the machine had lost its power."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def cpu_s(self) -> float:
        """The processor time that the server has used, in seconds."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mib(self) -> float:
        """The memory that the server takes, in MiB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def tracebacks(self) -> list[str]:
        """The last lines of each traceback in the log."""
        lines = self._log.read_text(errors="replace").splitlines()
        begun = [at for at, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")]
        return ["; ".join(lines[max(0, at - 1) : at + 30])[:3000] for at in begun[:20]]
