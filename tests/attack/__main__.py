"""
``make attack``: bad requests, kill -9, damaged archives, each for a part of the budget; exit code 1 where one failed.

The growth of work is a test of its own, which ``make attack`` runs beside this: ``tests/attack/test_growth.py``.
"""

import argparse
import sys
from secrets import randbelow

from tests.attack import archives, bad_requests, kills
from tests.attack.bad_requests import Result
from tests.attack.served import Served

MOST_SHOWN = 10


def main() -> int:
    """Attack, and say what came of it."""
    parser = argparse.ArgumentParser(prog="make attack", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="of all parts together")
    parser.add_argument("--requests", type=int, default=0, help="bad requests at most; 0 for as many as there is time")
    parser.add_argument("--seed", type=int, default=randbelow(2**31), help="what everything is drawn from")
    options = parser.parse_args()
    print(f"seed {options.seed}")  # noqa: T201 (it is a program)
    with Served() as server:
        requests = bad_requests.attack(
            server, seconds=options.seconds * 0.6, requests=options.requests, seed=options.seed
        )
        memory_mib = server.memory_mib()
    found = {
        f"bad requests (the server takes {memory_mib:.0f} MiB)": requests,
        "kill -9 (201: acknowledged and kept)": kills.attack(
            seconds=options.seconds * 0.25, rounds=0, seed=options.seed
        ),
        "damaged archives (0: refused)": archives.attack(seconds=options.seconds * 0.15, archives=0, seed=options.seed),
    }
    for name, result in found.items():
        _show(name, result)
    return 1 if any(result.failures for result in found.values()) else 0


def _show(name: str, result: Result) -> None:
    counted = ", ".join(f"{status}: {times}" for status, times in sorted(result.statuses.items()))
    print(f"{name}: {result.statuses.total()}, by status {counted}; {len(result.failures)} failures")  # noqa: T201
    if result.accepted:
        accepted = ", ".join(f"{slug}: {times}" for slug, times in sorted(result.accepted.items()))
        print(f"  signed requests that were accepted: {accepted}")  # noqa: T201
    for each in result.failures[:MOST_SHOWN]:
        print(f"  {each}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
