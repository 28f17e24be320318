"""Functions in forks of their own: what they return, how they fail, and that none is left."""

import os
import time
from functools import partial
from typing import NoReturn

from flowproof.mutation.forked_tasks import TaskFailure, run_forked


def square(number: int) -> tuple[int, int]:
    """A task that works."""
    return number * number, os.getpid()


def fail() -> NoReturn:
    """A task that raises."""
    raise ValueError("broken")


def test_each_task_returns_its_value() -> None:
    """Every task runs in another process, and its value comes back with its number."""
    results = dict(run_forked([partial(square, number) for number in range(5)], jobs=2, timeout_s=60))

    assert {index: value for index, (value, _) in results.items()} == {0: 0, 1: 1, 2: 4, 3: 9, 4: 16}
    assert os.getpid() not in {pid for _, pid in results.values()}


def test_large_value_comes_back_whole() -> None:
    """A value that no pipe holds at once comes back."""
    ((_, result),) = run_forked([lambda: b"x" * 1_000_000], jobs=1, timeout_s=60)

    assert len(result) == 1_000_000


def test_failure_and_sudden_death_are_reported() -> None:
    """A task that raises, or whose process just ends, returns the reason."""
    results = dict(run_forked([fail, lambda: os._exit(3)], jobs=2, timeout_s=60))

    assert isinstance(results[0], TaskFailure)
    assert "ValueError: broken" in results[0].reason
    assert results[1] == TaskFailure("its process ended with 3")


def test_task_that_does_not_end_is_killed() -> None:
    """A task that hangs is killed, and the others are not held up."""
    results = dict(run_forked([lambda: time.sleep(3600), lambda: "done"], jobs=2, timeout_s=0.5))

    assert results == {0: TaskFailure("no end within 0.5 s", timed_out=True), 1: "done"}
