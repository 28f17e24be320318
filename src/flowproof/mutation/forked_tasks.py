"""Functions in forks of this process, several at once, and what they return. POSIX only."""

import os
import pickle
import selectors
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

__all__ = ["TaskFailure", "run_forked"]

PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """
    A task that returned nothing.

    Args:
        reason: A traceback, or how its process ended.
        timed_out: Whether it was killed because it took too long.
    """

    reason: str
    timed_out: bool = False


@dataclass(slots=True)
class _Child:
    index: int
    pid: int
    fd: int
    ends_at: float
    received: bytearray


def run_forked(tasks: Iterable[Callable[[], Any]], *, jobs: int, timeout_s: float) -> Iterator[tuple[int, Any]]:
    """
    Run each task in a fork of this process.

    Args:
        tasks: What to run; what they return must be picklable.
        jobs: How many at once.
        timeout_s: How long each may take; after that its process is killed.

    Returns:
        The number of each task with what it returned, or with a :class:`TaskFailure`, in the order in which they end.
    """
    waiting, running = iter(enumerate(tasks)), dict[int, _Child]()
    selector = selectors.DefaultSelector()
    try:
        while True:
            while len(running) < jobs and (following := next(waiting, None)) is not None:
                child = _fork(*following, timeout_s)
                running[child.fd] = child
                selector.register(child.fd, selectors.EVENT_READ)
            if not running:
                return
            for fd in _readable(selector, running):
                child = running[fd]
                piece = os.read(fd, PIECE)
                child.received += piece
                if not piece:
                    selector.unregister(fd)
                    yield child.index, _result(running.pop(fd))
            for child in [each for each in running.values() if time.monotonic() > each.ends_at]:
                os.kill(child.pid, signal.SIGKILL)
                selector.unregister(child.fd)
                _result(running.pop(child.fd))
                yield child.index, TaskFailure(f"no end within {timeout_s:g} s", timed_out=True)
    finally:
        for child in running.values():
            os.kill(child.pid, signal.SIGKILL)
            _result(child)
        selector.close()


def _readable(selector: selectors.BaseSelector, running: dict[int, _Child]) -> list[int]:
    wait_s = max(0.0, min(each.ends_at for each in running.values()) - time.monotonic()) + 0.01
    return [key.fd for key, _ in selector.select(wait_s)]


def _fork(index: int, task: Callable[[], Any], timeout_s: float) -> _Child:
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        _run(task, write_end)
    os.close(write_end)
    return _Child(index, pid, read_end, time.monotonic() + timeout_s, bytearray())


def _run(task: Callable[[], Any], fd: int) -> NoReturn:
    """In the child: nothing may return from here, whatever the task does."""
    try:
        try:
            result = task()
        except BaseException:  # noqa: BLE001 (also SystemExit, which would run the parent's handlers)
            result = TaskFailure(traceback.format_exc())
        data = pickle.dumps(result)
        while data:
            data = data[os.write(fd, data) :]
    finally:
        os._exit(0)


def _result(child: _Child) -> Any:
    os.close(child.fd)
    _, status = os.waitpid(child.pid, 0)
    if not child.received:
        return TaskFailure(f"its process ended with {os.waitstatus_to_exitcode(status)}")
    return pickle.loads(bytes(child.received))  # noqa: S301 (from our own fork)
