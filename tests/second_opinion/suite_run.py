"""A provider's suite against a base URL, in a process of its own. Knows no provider."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from tests import tree
from tests.fork_server import ForkServer


class SuiteRun(NamedTuple):
    """How a run ended: exit code of pytest, the number of tests that passed, and its output."""

    code: int
    passed: int
    output: str


def run_suite(
    fork_server: ForkServer, provider: str, url: str, credentials: Mapping[str, str], *options: str
) -> SuiteRun:
    """
    Run it.

    Args:
        fork_server: Begins the process.
        provider: Slug.
        url: Where the provider is.
        credentials: The environment's, such as `{"FLOWPROOF_OTTER_TOKEN": …}`.
        options: Further ones of pytest.
    """
    command = ("-q", "--tb=short", *options, f"--flowproof-base-url={provider}={url}", f"suites/{provider}")
    done = fork_server.pytest(*command, cwd=tree.ROOT, env=credentials)
    passed = re.search(r"(\d+) passed", done.stdout)
    return SuiteRun(done.returncode, int(passed[1]) if passed else 0, done.stdout)
