"""
Several server processes behind one socket and one state file.

The parent binds the socket, prepares the state, and starts one child a worker, which inherits the socket. It answers
no request itself. When one worker ends, or a signal comes, all end.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from random import SystemRandom

from flowproof.errors import ConfigurationError
from flowproof.kernel.serving.server import listen

from .background import environment
from .foreground import announced, announcement, built, end_by_signal, reachable, ready_file, remembered
from .options import ServeOptions

__all__ = ["supervise"]

POLL_S = 0.1
PATIENCE_S = 10.0


def supervise(options: ServeOptions) -> None:
    """
    Serve with several processes until SIGINT or SIGTERM.

    Raises:
        ConfigurationError: The run is set up wrong, or a worker did not start.
    """
    end_by_signal()
    with ExitStack() as stack:
        pid_file = stack.enter_context(remembered(options))
        gateway = built(options)
        listening = stack.enter_context(listen(options.host, options.port))
        url = reachable(options.host, listening.getsockname()[1])
        news = announcement(gateway, url, options)
        gateway.mock.store.close()
        stack.enter_context(ready_file(options))
        workers = stack.enter_context(_workers(options, listening))
        announced(options, news, pid_file)
        while all(each.poll() is None for each in workers):
            time.sleep(POLL_S)
        raise ConfigurationError("A worker ended by itself, so all were stopped.", "Its last words stand above.")


@contextmanager
def _workers(options: ServeOptions, listening: socket.socket) -> Iterator[Sequence[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    try:
        started.extend(_started(options, listening, index) for index in range(options.workers))
        for each in started:
            _await_ready(each)
        yield started
    finally:
        _end(started)


def _started(options: ServeOptions, listening: socket.socket, index: int) -> subprocess.Popen[bytes]:
    """Each worker draws from its own seed, else two of them would give two workspaces the same id."""
    seed = SystemRandom().getrandbits(63) if options.seed is None else options.seed * options.workers + index
    own = replace(
        options, workers=1, clock=None, seed=seed, ready_file=None, pid_file=None, listen_fd=listening.fileno()
    )
    return subprocess.Popen(
        [sys.executable, "-m", "flowproof", *own.to_arguments()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(options),
        pass_fds=[listening.fileno()],
        process_group=0,
    )


def _await_ready(worker: subprocess.Popen[bytes]) -> None:
    said = worker.stdout
    if said is None or not any(line.startswith(b"ready ") for line in said):
        raise ConfigurationError("A worker did not start.", "Its last words stand above.")


def _end(workers: Sequence[subprocess.Popen[bytes]]) -> None:
    for each in workers:
        each.terminate()
    deadline = time.monotonic() + PATIENCE_S
    for each in workers:
        try:
            each.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            each.kill()
            each.wait()
        for stream in (each.stdin, each.stdout):
            if stream is not None:
                stream.close()
