"""
Records the suites' own runs against the mocks, sends every recording to another mock, and shows what differs.

    .venv/bin/python scripts/suite_round_trip.py [PROVIDER...]

Without a provider all suites are run, which takes several minutes. Exit code 1 where an answer differs.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests import tree
from tests.recording.suite_runs import RoundTrip, record_suites, sent_again


def shown(slug: str, found: RoundTrip) -> str:
    """The figures of one suite, its differences, and why what was not compared."""
    lines = [f"{slug}: {found.workspaces} workspaces, {found.compared} answers compared, {len(found.differing)} differ"]
    lines += [
        f"  DIFFERS {test}, step {each.step}: {each.operation} {each.differences}" for test, each in found.differing
    ]
    lines += [f"  not compared, {times} times: {why}" for why, times in found.not_compared.most_common()]
    return "\n".join(lines)


def main(slugs: list[str]) -> int:
    """Run the suites of these providers, one after another."""
    code = 0
    for slug in slugs or tree.every_slug():
        with tempfile.TemporaryDirectory() as folder:
            found = sent_again(slug, record_suites({slug: ()}, Path(folder))[slug])
        print(shown(slug, found), flush=True)
        code = 1 if found.differing else code
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
