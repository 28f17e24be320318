"""
Several server processes behind one socket and one PostgreSQL database.

The parent binds the socket, prepares the state, and starts one child a worker, which inherits the socket. It answers
no request itself. A worker that ends is replaced by a new one while the others go on; when a signal comes, all end.
"""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory

from flowproof.errors import ConfigurationError

from .console import log_to_stderr
from .endpoints import Endpoints, open_endpoints
from .foreground import announce, end_by_signal, make_announcement, make_gateway, ready_file
from .options import ServeOptions

__all__ = ["supervise"]

logger = logging.getLogger("flowproof.server")

POLL_S = 0.1
STOP_TIMEOUT_S = 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0  # before a worker is replaced that has ended soon after its start
SOON_S = 10.0
OPTION_VARIABLES = ("FLOWPROOF_TOKEN", "FLOWPROOF_SERVE_")  # a worker has its options on its command line


def supervise(options: ServeOptions) -> None:
    """
    Serve with several processes until SIGINT or SIGTERM.

    Raises:
        ConfigurationError: The run is set up wrong, or a worker did not start.
    """
    log_to_stderr(options.log_format)
    end_by_signal()
    with ExitStack() as stack:
        gateway = make_gateway(options)
        endpoints = stack.enter_context(open_endpoints(options, gateway.mock.hosts))
        announcement = make_announcement(gateway, endpoints, options)
        gateway.mock.store.close()
        stack.enter_context(ready_file(options))
        metrics = stack.enter_context(TemporaryDirectory(prefix="flowproof-metrics-"))
        options = replace(options, metrics_folder=Path(metrics))
        workers = stack.enter_context(_workers(options, endpoints))
        announce(options, announcement)
        while True:
            for each in workers:
                each.replace_if_ended()
            time.sleep(POLL_S)


@dataclass(slots=True)
class Worker:
    """
    One of the processes, and whoever takes its place.

    Args:
        options: Of the server.
        endpoints: The sockets that all share.
        index: Of the worker, from 0.
        process: The present one.
        started_s: When it was started, by a monotonic clock.
        pause_s: Before the next one is started, where the present one ends soon.
        ended_s: When it was found to have ended; None while it runs.
    """

    options: ServeOptions
    endpoints: Endpoints
    index: int
    process: subprocess.Popen[bytes]
    started_s: float
    pause_s: float = FIRST_PAUSE_S
    ended_s: float | None = None

    def replace_if_ended(self) -> None:
        """Start a new process where this one has ended: at once, or after a pause that doubles where it ends soon."""
        code, now_s = self.process.poll(), time.monotonic()
        if code is None:
            return
        if self.ended_s is None:
            self.ended_s = now_s
            self.pause_s = min(2 * self.pause_s, LONGEST_PAUSE_S) if self._has_ended_soon else 0.0
            logger.error("worker %d ended with exit code %d and is replaced", self.index + 1, code)
        if now_s - self.ended_s >= self.pause_s:
            _close_pipes(self.process)
            self.pause_s, self.ended_s = max(self.pause_s, FIRST_PAUSE_S), None
            self.process, self.started_s = _start(self.options, self.endpoints, self.index), now_s

    @property
    def _has_ended_soon(self) -> bool:
        return self.ended_s is not None and self.ended_s - self.started_s < SOON_S


@contextmanager
def _workers(options: ServeOptions, endpoints: Endpoints) -> Iterator[list[Worker]]:
    workers: list[Worker] = []
    try:
        workers.extend(
            Worker(options, endpoints, index, _start(options, endpoints, index), time.monotonic())
            for index in range(options.workers)
        )
        for each in workers:
            _wait_until_ready(each.process)
        yield workers
    finally:
        _stop([each.process for each in workers])


def _start(options: ServeOptions, endpoints: Endpoints, index: int) -> subprocess.Popen[bytes]:
    """Each worker draws from its own seed, else two of them would give two workspaces the same id."""
    seed = SystemRandom().getrandbits(63) if options.seed is None else options.seed * options.workers + index
    own = replace(options, workers=1, clock=None, seed=seed, ready_file=None, env=None, listen_fd=endpoints.handles())
    others = {name: value for name, value in os.environ.items() if not name.startswith(OPTION_VARIABLES)}
    # other users see a command line, but no environment
    secrets = {"FLOWPROOF_TOKEN": options.token or "", "FLOWPROOF_SERVE_STATE": options.state}
    return subprocess.Popen(
        [sys.executable, "-m", "flowproof", *own.to_arguments()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**others, **secrets},
        pass_fds=[each.socket.fileno() for each in endpoints.listeners],
        process_group=0,
    )


def _wait_until_ready(worker: subprocess.Popen[bytes]) -> None:
    stdout = worker.stdout
    if stdout is None or not any(line.startswith(b"ready ") for line in stdout):
        raise ConfigurationError("A worker did not start.", "Its log is above.")


def _stop(workers: list[subprocess.Popen[bytes]]) -> None:
    for each in workers:
        each.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT_S
    for each in workers:
        try:
            each.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            each.kill()
            each.wait()
        _close_pipes(each)


def _close_pipes(worker: subprocess.Popen[bytes]) -> None:
    for stream in (worker.stdin, worker.stdout):
        if stream is not None:
            stream.close()
