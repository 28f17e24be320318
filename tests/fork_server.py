"""
Python programs that begin with everything imported: forks of a process that has imported it and done nothing else.

For tests of what a program does, not of how it begins: to import what a certification or a server needs takes a second,
a fork some milliseconds. What `python -m MODULE` takes from outside a fork takes too: arguments, environment, working
directory, streams, a session of its own. What Python reads before it begins, such as PYTHONWARNINGS, it does not.
"""

import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NoReturn

__all__ = ["ForkServer", "ForkedProcess"]

# Of the plugin nothing: pytest rewrites its assertions when it loads it, and says so where that is too late.
LOADED = (
    "flowproof.certify.judgement",
    "flowproof.certify.run_store",
    "flowproof.certify.stream",
    "flowproof.cli",
    "flowproof.clients.dots_eco",
    "flowproof.clients.flow1st",
    "flowproof.clients.integrations",
    "flowproof.clients.oneflow",
    "flowproof.clients.otter",
    "flowproof.conformance.explanation",
    "flowproof.inbox",
    "flowproof.kernel.assembly",
    "flowproof.kernel.control.app",
    "flowproof.kernel.serving",
    "flowproof.mocks.dots_eco",
    "flowproof.mocks.flow1st",
    "flowproof.mocks.integrations",
    "flowproof.mocks.oneflow",
    "flowproof.mocks.otter",
    "flowproof.target",
    "hypothesis.stateful",
    "pytest",
    "uvicorn.loops.auto",
)
STREAMS = 3
NUMBER = 15  # bytes of a number that is told
PATIENCE_S = 60.0


@dataclass
class ForkedProcess:
    """A program that was begun, to be watched and ended as one of `subprocess.Popen`."""

    pid: int
    args: Sequence[str]
    returncode: int | None
    _told: socket.socket

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """
        Its exit code, once it has ended.

        Raises:
            subprocess.TimeoutExpired: It has not, in that many seconds.
        """
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._told.settimeout(timeout)
            try:
                self.returncode = int(self._told.recv(NUMBER))
            except (BlockingIOError, TimeoutError):
                return None
            self._told.close()
        return self.returncode


class ForkServer:
    """
    Begins programs.

    Args:
        folder: Where the process that is forked stands; an empty one.
    """

    def __init__(self, folder: Path) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def close(self) -> None:
        """Begin nothing any more."""
        self._channel.close()
        self._process.wait(PATIENCE_S)

    def begin(
        self,
        args: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdout: IO[bytes],
        stderr: IO[bytes],
        stdin: int = subprocess.DEVNULL,
        start_new_session: bool = False,
    ) -> ForkedProcess:
        """
        Begin `python -m MODULE …`, as `subprocess.Popen` would.

        Args:
            args: The command: this interpreter, `-m`, a module, arguments.
            cwd: As of `subprocess.Popen`.
            env: The same.
            stdout: The same.
            stderr: The same.
            stdin: Nothing.
            start_new_session: As of `subprocess.Popen`.
        """
        assert (*args[:2], stdin) == (sys.executable, "-m", subprocess.DEVNULL)
        order = {"args": args[2:], "cwd": str(cwd), "env": dict(env), "session": start_new_session}
        told, tells = socket.socketpair()
        with ExitStack() as stack:
            written = stack.enter_context(tempfile.TemporaryFile())
            written.write(json.dumps(order).encode())
            written.seek(0)
            nothing = stack.enter_context(Path(os.devnull).open("rb"))
            handed = (written, stack.enter_context(tells), nothing, stdout, stderr)
            socket.send_fds(self._channel, [b"!"], [each.fileno() for each in handed])
        pid = told.recv(NUMBER)
        assert pid, "nothing is begun any more: what went wrong is on stderr"
        return ForkedProcess(int(pid), args, None, told)

    def pytest(
        self, *arguments: str, cwd: Path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """
        A session of pytest with our plugin and no other's, run to its end.

        Args:
            arguments: Of pytest.
            cwd: Where.
            env: Variables beside those of this process, of which nobody's settings for pytest or us are taken.
        """
        command = (sys.executable, "-m", "pytest", "-p", "flowproof.plugin", "-p", "no:cacheprovider", *arguments)
        mine = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "FLOWPROOF_"))}
        return self.run(command, cwd=cwd, env={**mine, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **(env or {})})

    def run(self, args: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """A program run to its end."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self.begin(args, cwd=cwd, env=env, stdout=out, stderr=err)
            try:
                code = process.wait(PATIENCE_S)
            finally:
                process.kill()
            return subprocess.CompletedProcess(args, code, _all_of(out), _all_of(err))

    def run_script(self, source: str, *arguments: str, times: int, folder: Path) -> list[str]:
        """
        What processes print that run the same script at once, each to its end.

        Args:
            source: The script.
            arguments: Its arguments, before its own number.
            times: How many processes.
            folder: Where they run.
        """
        (folder / "script.py").write_text(source, encoding="utf-8")
        with ExitStack() as stack:
            process = []
            for number in range(times):
                out = stack.enter_context(tempfile.TemporaryFile())
                command = (sys.executable, "-m", "script", *arguments, str(number))
                process.append((self.begin(command, cwd=folder, env=os.environ, stdout=out, stderr=out), out))
            codes = [each.wait(PATIENCE_S) for each, _ in process]
            said = [_all_of(out) for _, out in process]
        assert codes == [0] * times, said
        return said


def _all_of(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read().decode()


def _tend_all(channel: socket.socket) -> None:
    """In the process that is forked: a fork for each order, until nobody is left to give one."""
    from flowproof.mutation.first_example import draw_first_example

    for each in LOADED:
        import_module(each)
    draw_first_example()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever tends a program is not waited for
    while True:
        message, (order, tells, *streams), _, _ = _received(channel)
        if not message:
            return
        if os.fork() == 0:
            channel.close()
            _tend(order, socket.socket(fileno=tells), streams)
            return
        for handed in (order, tells, *streams):
            os.close(handed)


def _received(channel: socket.socket) -> tuple[bytes, Sequence[int], int, Any]:
    message, handed, flags, address = socket.recv_fds(channel, 1, 2 + STREAMS)
    return message, handed or (-1, -1), flags, address


def _tend(order: int, tells: socket.socket, streams: Sequence[int]) -> None:
    """In a fork: another one becomes the program, and this one waits for its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        tells.close()
        _become(order, streams)
        return
    for each in (order, *streams):
        os.close(each)
    _wait_for(pid, tells)


def _wait_for(pid: int, tells: socket.socket) -> NoReturn:
    try:
        tells.sendall(str(pid).ljust(NUMBER).encode())
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        tells.sendall(str(code).ljust(NUMBER).encode())
    finally:
        os._exit(0)


def _become(order: int, streams: Sequence[int]) -> None:
    with os.fdopen(order) as written:
        wanted = json.load(written)
    if wanted["session"]:
        os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(wanted["cwd"])
    os.environ.clear()
    os.environ.update(wanted["env"])
    if not os.environ.get("PYTHONSAFEPATH"):
        sys.path.insert(0, wanted["cwd"])
    sys.argv = wanted["args"]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _tend_all(socket.socket(fileno=int(sys.argv[1])))
