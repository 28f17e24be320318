"""
Starts Python programs as forks of a process that has already imported everything.

For tests of what a program does, not of how it starts: the imports of a certification or a server take a second, a fork
takes milliseconds. A fork gets what `python -m MODULE` gets from outside: arguments, environment, working directory,
streams, a session of its own. It does not get what Python reads before it starts, such as PYTHONWARNINGS.
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

# Nothing of the plugin: pytest rewrites its assertions when it loads it, and warns where it was imported before.
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
NUMBER_SIZE = 15  # bytes of a number on the socket
TIMEOUT_S = 300.0


@dataclass
class ForkedProcess:
    """A started program, with the methods of `subprocess.Popen` that tests use."""

    pid: int
    args: Sequence[str]
    returncode: int | None
    _status: socket.socket

    def poll(self) -> int | None:
        """Exit code; None while it runs."""
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """
        Wait for the exit code.

        Raises:
            subprocess.TimeoutExpired: It has not ended after that many seconds.
        """
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._status.settimeout(timeout)
            try:
                self.returncode = int(self._status.recv(NUMBER_SIZE))
            except (BlockingIOError, TimeoutError):
                return None
            self._status.close()
        return self.returncode


class ForkServer:
    """
    Starts programs as forks.

    Args:
        folder: Working directory of the process that is forked; an empty one.
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
        """End the process that is forked."""
        self._channel.close()
        self._process.wait(TIMEOUT_S)

    def start(
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
        Start `python -m MODULE …`, with the arguments of `subprocess.Popen`.

        Args:
            args: This interpreter, `-m`, a module, its arguments.
            cwd: Working directory.
            env: The whole environment.
            stdout: An open file.
            stderr: An open file.
            stdin: `subprocess.DEVNULL` only.
            start_new_session: Whether it leads a session of its own.
        """
        assert (*args[:2], stdin) == (sys.executable, "-m", subprocess.DEVNULL)
        job = {"args": args[2:], "cwd": str(cwd), "env": dict(env), "session": start_new_session}
        status, status_writer = socket.socketpair()
        with ExitStack() as stack:
            job_file = stack.enter_context(tempfile.TemporaryFile())
            job_file.write(json.dumps(job).encode())
            job_file.seek(0)
            no_input = stack.enter_context(Path(os.devnull).open("rb"))
            files = (job_file, stack.enter_context(status_writer), no_input, stdout, stderr)
            socket.send_fds(self._channel, [b"!"], [each.fileno() for each in files])
        pid = status.recv(NUMBER_SIZE)
        assert pid, "the fork server has ended: its stderr says why"
        return ForkedProcess(int(pid), args, None, status)

    def pytest(
        self, *arguments: str, cwd: Path, env: Mapping[str, str] | None = None, timeout_s: float = TIMEOUT_S
    ) -> subprocess.CompletedProcess[str]:
        """
        Run a pytest session to its end, with our plugin alone.

        Args:
            arguments: Arguments of pytest.
            cwd: Working directory.
            env: Variables beside those of this process; PYTEST_* and FLOWPROOF_* of this process are left out.
            timeout_s: Seconds until the session is killed.
        """
        command = (sys.executable, "-m", "pytest", "-p", "flowproof.plugin", "-p", "no:cacheprovider", *arguments)
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "FLOWPROOF_"))
        }
        variables = {**inherited, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **(env or {})}
        return self.run(command, cwd=cwd, env=variables, timeout_s=timeout_s)

    def run(
        self, args: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout_s: float = TIMEOUT_S
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, with its output."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self.start(args, cwd=cwd, env=env, stdout=out, stderr=err)
            try:
                code = process.wait(timeout_s)
            finally:
                process.kill()
            return subprocess.CompletedProcess(args, code, _all_of(out), _all_of(err))

    def run_script(self, source: str, *arguments: str, times: int, folder: Path) -> list[str]:
        """
        Run a script in several processes at once; returns what each prints.

        Args:
            source: The script.
            arguments: Its arguments; the number of the process follows them.
            times: Number of processes.
            folder: Working directory.
        """
        (folder / "script.py").write_text(source, encoding="utf-8")
        with ExitStack() as stack:
            processes = []
            for number in range(times):
                out = stack.enter_context(tempfile.TemporaryFile())
                command = (sys.executable, "-m", "script", *arguments, str(number))
                processes.append((self.start(command, cwd=folder, env=os.environ, stdout=out, stderr=out), out))
            codes = [each.wait(TIMEOUT_S) for each, _ in processes]
            outputs = [_all_of(out) for _, out in processes]
        assert codes == [0] * times, outputs
        return outputs


def _all_of(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode()


def _serve(channel: socket.socket) -> None:
    """Fork for each job, until the channel is closed."""
    from flowproof.mutation.first_example import draw_first_example

    for each in LOADED:
        import_module(each)
    draw_first_example()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors are not waited for
    while True:
        message, (job, status, *streams), _, _ = _received(channel)
        if not message:
            return
        if os.fork() == 0:
            channel.close()
            _supervise(job, socket.socket(fileno=status), streams)
            return
        for descriptor in (job, status, *streams):
            os.close(descriptor)


def _received(channel: socket.socket) -> tuple[bytes, Sequence[int], int, Any]:
    message, descriptors, flags, address = socket.recv_fds(channel, 1, 2 + STREAMS)
    return message, descriptors or (-1, -1), flags, address


def _supervise(job: int, status: socket.socket, streams: Sequence[int]) -> None:
    """Fork once more: the new process becomes the program, this one waits for its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        status.close()
        _become(job, streams)
        return
    for each in (job, *streams):
        os.close(each)
    _wait_for(pid, status)


def _wait_for(pid: int, status: socket.socket) -> NoReturn:
    try:
        status.sendall(str(pid).ljust(NUMBER_SIZE).encode())
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        status.sendall(str(code).ljust(NUMBER_SIZE).encode())
    finally:
        os._exit(0)


def _become(job_file: int, streams: Sequence[int]) -> None:
    with os.fdopen(job_file) as file:
        job = json.load(file)
    if job["session"]:
        os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    if not os.environ.get("PYTHONSAFEPATH"):
        sys.path.insert(0, job["cwd"])
    sys.argv = job["args"]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
