"""
One running server, remembered in a file that it keeps locked while it lives.

The lock, not the number in it, says whether the server runs: the operating system lets go of it however a process
ends, so that a number that another process has got meanwhile is never believed.
"""

import fcntl
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowproof.errors import ConfigurationError

__all__ = ["PidFile", "default_pid_file"]

POLL_S = 0.02


def default_pid_file() -> Path:
    """Where a server in the background is remembered, unless told otherwise: in this user's own directory for state."""
    state = os.environ.get("XDG_STATE_HOME")
    try:
        return Path(state) / "flowproof" / "serve.pid" if state else Path.home() / ".local/state/flowproof/serve.pid"
    except RuntimeError as error:
        raise ConfigurationError("This user has no home directory.", "Name a --pid-file.") from error


@dataclass
class PidFile:
    """
    Remembers one server.

    Args:
        path: The file.
    """

    path: Path
    _held: int | None = None

    def hold(self) -> None:
        """
        Remember this process, until it ends or lets go.

        Raises:
            ConfigurationError: Another one is running, or the file cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = self._locked(create=True)
        except OSError as error:
            raise ConfigurationError(
                f"{self.path} cannot be written: {error.strerror}.", "Name another --pid-file."
            ) from error
        if handle is None:
            there = self.content()
            raise ConfigurationError(
                f"A server is already running{_at(there)} (pid {there.get('pid', 'not yet known')}, {self.path}).",
                "Stop it with flowproof stop, or name another --pid-file.",
            )
        self._must_be_ours(handle)
        self._held = handle
        self.tell({})

    def tell(self, more: dict[str, Any]) -> None:
        """Write this process and more into the file."""
        if self._held is not None:
            os.ftruncate(self._held, 0)
            os.pwrite(self._held, json.dumps({"pid": os.getpid(), **more}).encode(), 0)

    def let_go(self) -> None:
        """Forget this process."""
        if self._held is not None:
            self.path.unlink(missing_ok=True)
            os.close(self._held)
            self._held = None

    def content(self) -> dict[str, Any]:
        """What the file says; nothing where it is missing or half written."""
        try:
            value = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def is_running(self) -> bool:
        """Whether the server that is remembered lives. A file that was left behind is removed."""
        try:
            handle = self._locked(create=False)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise ConfigurationError(
                f"{self.path} cannot be opened: {error.strerror}.", "Name another --pid-file."
            ) from error
        if handle is None:
            return True
        self._must_be_ours(handle)
        self.path.unlink(missing_ok=True)
        os.close(handle)
        return False

    def stop(self, *, timeout_s: float) -> bool:
        """Ask the server to end, and wait for it; False when it still lives after that time."""
        deadline = time.monotonic() + timeout_s
        asked = False
        while self.is_running():
            pid = self.content().get("pid")
            if not asked and isinstance(pid, int) and pid > 1:
                _ask_to_end(pid)
                asked = True
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    def _must_be_ours(self, handle: int) -> None:
        """A file with anything else in it was named by mistake; it is neither overwritten nor removed."""
        if os.fstat(handle).st_size and "pid" not in self.content():
            os.close(handle)
            raise ConfigurationError(f"{self.path} is no pid file of Flowproof.", "Name another --pid-file.")

    def _locked(self, *, create: bool) -> int | None:
        """The file, open and locked, or None where another process has it."""
        while True:
            handle = os.open(self.path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return None
            if _is_the_same(handle, self.path):
                return handle
            os.close(handle)  # it was removed between opening and locking


def _ask_to_end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return  # it has just ended
    except PermissionError as error:
        raise ConfigurationError(
            f"Process {pid} belongs to another user.", "Stop the server as the user who started it."
        ) from error


def _is_the_same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _at(content: dict[str, Any]) -> str:
    return f" on {content['url']}" if "url" in content else ""
