"""Whatever grows in an input, the work grows with its size and not faster."""

import json
from collections.abc import Callable
from time import process_time

import pytest

from tests.attack.shapes import LARGEST, SHAPES, Target, Work

RUNS = 3
TIMES = 10
# Growing ten times takes ten times as long; what is more than four times that is no chance.
STEEPEST = 4 * TIMES
# Plain parses of a JSON text of one MiB: an input of that size costs less. (Before, some cost two thousand of them.)
MOST_PARSES = 30


@pytest.fixture(scope="module")
def target() -> Target:
    """The mocks of all providers, without a socket."""
    return Target()


@pytest.fixture(scope="module")
def parse_s() -> float:
    """What a plain parse of one MiB of JSON takes here and now."""
    text = json.dumps({f"k{number}": [number, "text"] for number in range(LARGEST // 26)})
    return _cpu_s(lambda: json.loads(text))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_work_grows_no_faster_than_the_input(
    target: Target, parse_s: float, shape: Callable[[Target, int], Work]
) -> None:
    """
    Ten times the input takes about ten times the work, and the largest input that is taken a few plain parses of it.
    """
    small, large = (_cpu_s(shape(target, SHAPES[shape] // parts)) for parts in (TIMES, 1))

    assert large <= STEEPEST * max(small, parse_s / TIMES)
    assert large <= MOST_PARSES * parse_s


def _cpu_s(work: Work) -> float:
    """The least of several runs, in seconds of this process."""
    taken = []
    for _ in range(RUNS):
        started = process_time()
        work()
        taken.append(process_time() - started)
    return min(taken)
