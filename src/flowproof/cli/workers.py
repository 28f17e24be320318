"""
Several server processes behind one socket and one state file.

The parent binds the socket, prepares the state, and starts one child a worker, which inherits the socket. It answers
no request itself. When one worker ends, or a signal comes, all end.
"""

import os
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

from .foreground import announce, end_by_signal, make_announcement, make_gateway, reachable_url, ready_file
from .options import ServeOptions

__all__ = ["supervise"]

POLL_S = 0.1
STOP_TIMEOUT_S = 10.0
TOKEN_VARIABLES = frozenset({"FLOWPROOF_TOKEN", "FLOWPROOF_SERVE_TOKEN"})


def supervise(options: ServeOptions) -> None:
    """
    Serve with several processes until SIGINT or SIGTERM.

    Raises:
        ConfigurationError: The run is set up wrong, or a worker did not start.
    """
    end_by_signal()
    with ExitStack() as stack:
        gateway = make_gateway(options)
        listening = stack.enter_context(listen(options.host, options.port))
        url = reachable_url(options.host, listening.getsockname()[1])
        announcement = make_announcement(gateway, url, options)
        gateway.mock.store.close()
        stack.enter_context(ready_file(options))
        workers = stack.enter_context(_workers(options, listening))
        announce(options, announcement)
        while all(each.poll() is None for each in workers):
            time.sleep(POLL_S)
        raise ConfigurationError("A worker ended by itself, so all were stopped.", "Its log is above.")


@contextmanager
def _workers(options: ServeOptions, listening: socket.socket) -> Iterator[Sequence[subprocess.Popen[bytes]]]:
    workers: list[subprocess.Popen[bytes]] = []
    try:
        workers.extend(_start(options, listening, index) for index in range(options.workers))
        for each in workers:
            _wait_until_ready(each)
        yield workers
    finally:
        _stop(workers)


def _start(options: ServeOptions, listening: socket.socket, index: int) -> subprocess.Popen[bytes]:
    """Each worker draws from its own seed, else two of them would give two workspaces the same id."""
    seed = SystemRandom().getrandbits(63) if options.seed is None else options.seed * options.workers + index
    own = replace(options, workers=1, clock=None, seed=seed, ready_file=None, env=None, listen_fd=listening.fileno())
    others = {name: value for name, value in os.environ.items() if name not in TOKEN_VARIABLES}
    return subprocess.Popen(
        [sys.executable, "-m", "flowproof", *own.to_arguments()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**others, "FLOWPROOF_TOKEN": options.token or ""},  # other users see a command line, no environment
        pass_fds=[listening.fileno()],
        process_group=0,
    )


def _wait_until_ready(worker: subprocess.Popen[bytes]) -> None:
    stdout = worker.stdout
    if stdout is None or not any(line.startswith(b"ready ") for line in stdout):
        raise ConfigurationError("A worker did not start.", "Its log is above.")


def _stop(workers: Sequence[subprocess.Popen[bytes]]) -> None:
    for each in workers:
        each.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT_S
    for each in workers:
        try:
            each.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            each.kill()
            each.wait()
        for stream in (each.stdin, each.stdout):
            if stream is not None:
                stream.close()
