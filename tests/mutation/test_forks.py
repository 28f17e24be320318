"""Processes of their own for functions: what they give, how they fail, and that none is left."""

import os
import time
from functools import partial
from typing import NoReturn

from flowproof.mutation.forks import Died, in_processes


def square(number: int) -> tuple[int, int]:
    """A task that works."""
    return number * number, os.getpid()


def fail() -> NoReturn:
    """A task that raises."""
    raise ValueError("broken")


def test_each_task_gives_its_value() -> None:
    """Every task runs in another process, and what it gives comes back with its number."""
    given = dict(in_processes([partial(square, number) for number in range(5)], jobs=2, timeout_s=60))

    assert {index: value for index, (value, _) in given.items()} == {0: 0, 1: 1, 2: 4, 3: 9, 4: 16}
    assert os.getpid() not in {pid for _, pid in given.values()}


def test_large_value_comes_back_whole() -> None:
    """A value that no pipe holds at once comes back."""
    ((_, given),) = in_processes([lambda: b"x" * 1_000_000], jobs=1, timeout_s=60)

    assert len(given) == 1_000_000


def test_failure_and_sudden_death_are_told() -> None:
    """A task that raises, or whose process just ends, gives the reason."""
    given = dict(in_processes([fail, lambda: os._exit(3)], jobs=2, timeout_s=60))

    assert isinstance(given[0], Died)
    assert "ValueError: broken" in given[0].why
    assert given[1] == Died("its process ended with 3")


def test_task_that_does_not_end_is_killed() -> None:
    """A task that hangs is killed, and the others are not held up."""
    given = dict(in_processes([lambda: time.sleep(3600), lambda: "done"], jobs=2, timeout_s=3))

    assert given == {0: Died("no end within 3 s"), 1: "done"}
