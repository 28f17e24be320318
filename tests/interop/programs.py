"""Programs of others: found, or the test is skipped; and packages of npm, installed once for each checkout."""

import atexit
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Timer

import pytest

__all__ = ["HERE", "ask", "install", "require", "run"]

HERE = Path(__file__).resolve().parent
DECIDING = ("package.json", "package-lock.json", ".npmrc")
INSTALL_TIMEOUT_S = 300
RUN_TIMEOUT_S = 60


def require(*names: str, always_in_ci: bool = False) -> None:
    """Skip the test if one of these programs is missing."""
    missing = [name for name in names if shutil.which(name) is None]
    if not missing:
        return
    reason = f"not on the PATH: {', '.join(missing)}"
    if always_in_ci and os.environ.get("CI"):
        pytest.fail(f"{reason}; in CI it has to be there")
    pytest.skip(reason)


def install(folder: Path = HERE) -> None:
    """Have ``npm ci`` install what a folder's lockfile says, unless it is there; of several processes only one does."""
    with (folder / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / "node_modules" / ".stamp"
        digest = hashlib.sha256(b"".join((folder / name).read_bytes() for name in DECIDING)).hexdigest()
        if stamp.exists() and stamp.read_text(encoding="ascii") == digest:
            return
        run(["npm", "ci", "--ignore-scripts"], folder=folder, timeout_s=INSTALL_TIMEOUT_S)
        stamp.write_text(digest, encoding="ascii")


def run(
    command: list[str],
    *,
    folder: Path = HERE,
    given: str = "",
    environment: Mapping[str, str] | None = None,
    timeout_s: float = RUN_TIMEOUT_S,
) -> str:
    """
    Run a program and return what it wrote to its standard output.

    Args:
        command: Program and arguments.
        folder: Where it runs.
        given: Its standard input.
        environment: All of it; None for this process's own.
        timeout_s: How long it may take.

    Raises:
        AssertionError: It ended with another code than 0; with what it said.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"{command[0]} ended with code {done.returncode}\n{done.stderr}{done.stdout}")
    return done.stdout


def ask(script: str, question: str) -> str:
    """
    The line that a Node script of this folder answers to a line.

    Each script has one process in a session, which loads its packages once.

    Raises:
        AssertionError: It ended instead, or said nothing for a minute; with what it said on its standard error.
    """
    return _conversation(script).ask(question)


@cache
def _conversation(script: str) -> "_Conversation":
    conversation = _Conversation(["node", script])
    atexit.register(conversation.close)
    return conversation


class _Conversation:
    """A program that answers each line with a line."""

    def __init__(self, command: list[str]) -> None:
        self._name = " ".join(command)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the program runs)
        self._process = subprocess.Popen(
            command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )

    def ask(self, question: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        impatience = Timer(RUN_TIMEOUT_S, self._process.kill)
        impatience.start()
        try:
            self._process.stdin.write(f"{question}\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        finally:
            impatience.cancel()
        if not answer:
            self._errors.seek(0)
            raise AssertionError(f"{self._name} ended\n{self._errors.read().decode(errors='replace')}")
        return answer

    def close(self) -> None:
        self._process.communicate()
        self._errors.close()
