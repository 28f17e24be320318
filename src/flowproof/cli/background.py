"""Starts a server in a process of its own and returns when it answers."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import click

from flowproof.errors import ConfigurationError

from .group import Misconfigured
from .options import ServeOptions
from .pidfile import PidFile, default_pid_file

__all__ = ["environment", "start"]

PATIENCE_S = 30.0
POLL_S = 0.01


def start(options: ServeOptions) -> None:
    """
    Start a detached server, wait until it answers, and show what it says.

    Raises:
        ConfigurationError: It did not start.
    """
    remembered = PidFile(options.pid_file or default_pid_file())
    options = replace(options, pid_file=remembered.path.absolute())
    log = remembered.path.absolute().with_suffix(".log")
    if remembered.is_running():
        remembered.hold()  # refuses, saying which server that is
    with _opened(log) as stream:
        child = subprocess.Popen(
            [sys.executable, "-m", "flowproof", *options.to_arguments()],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=environment(options),
            start_new_session=True,
        )
    try:
        _await(child, remembered, log)
    except BaseException:
        with suppress(ProcessLookupError):
            child.terminate()
        raise
    child.returncode = 0  # it is on its own now: no warning that it still runs
    click.echo(_up_to_ready(log))
    click.echo(f"pid {child.pid}, log {log}")
    stop = "flowproof stop" if remembered.path == default_pid_file() else f"flowproof stop --pid-file {remembered.path}"
    click.echo(f"end it with: {stop}")


def environment(options: ServeOptions) -> dict[str, str]:
    """What a child process gets: ours, with the token where nobody else sees it."""
    others = {
        name: value for name, value in os.environ.items() if name not in {"FLOWPROOF_TOKEN", "FLOWPROOF_SERVE_TOKEN"}
    }
    return {**others, "FLOWPROOF_TOKEN": options.token or ""}


def _await(child: subprocess.Popen[bytes], remembered: PidFile, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        content = remembered.content()
        if content.get("pid") == child.pid and "url" in content:
            return
        if child.poll() is not None:
            raise Misconfigured(_last_line(log).removeprefix("flowproof: "))
        time.sleep(POLL_S)
    raise ConfigurationError(f"The server did not answer within {PATIENCE_S:g} s.", f"Look at {log}.")


def _opened(log: Path) -> BinaryIO:
    """The child's log, readable for this user only: it begins with credentials."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    except OSError as error:
        raise ConfigurationError(f"{log} cannot be written: {error.strerror}.", "Name another --pid-file.") from error


def _up_to_ready(log: Path) -> str:
    said, ready, rest = log.read_text(encoding="utf-8", errors="replace").rpartition("\nready ")
    return f"{said}{ready}{rest.splitlines()[0]}" if ready else said


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), f"The server did not start. Look at {log}.")
