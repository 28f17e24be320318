"""A provider's suite, run against a base URL as a user would run it, and what it came to."""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType

from tests import tree
from tests.fork_server import ForkServer

TIMEOUT_S = 900.0  # of a whole suite on a slow machine
FEW_EXAMPLES = {"HYPOTHESIS_PROFILE": "few"}  # of conftest.py


@dataclass(frozen=True)
class SuiteRun:
    """Exit code, numbers and output of a session."""

    code: int
    passed: int
    failed: int
    text: str

    @property
    def outcome(self) -> tuple[int, int]:
        """Exit code and how many tests failed."""
        return self.code, self.failed


def run_suite(
    fork_server: ForkServer,
    slug: str,
    url: str,
    keys: Mapping[str, Mapping[str, str]],
    *options: str,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> SuiteRun:
    """
    Run a suite in a process of its own.

    Args:
        fork_server: Begins the process.
        slug: The provider.
        url: Its base URL.
        keys: Parts of the credentials by role, such as `token`.
        options: Of pytest; a path among them stands in the place of the whole suite.
        variables: Of the environment, beside the credentials.
    """
    credentials = {
        "_".join(("FLOWPROOF", slug, *([] if role == "default" else [role]), part)).upper(): value
        for role, parts in keys.items()
        for part, value in parts.items()
    }
    paths = () if any(each.startswith("suites/") for each in options) else (f"suites/{slug}",)
    command = ("-q", "--tb=short", *options, f"--flowproof-base-url={slug}={url}", *paths)
    done = fork_server.pytest(*command, cwd=tree.ROOT, env={**variables, **credentials}, timeout_s=TIMEOUT_S)
    return SuiteRun(done.returncode, _number(done.stdout, "passed"), _number(done.stdout, "failed"), done.stdout)


def run_twice(
    fork_server: ForkServer,
    slug: str,
    serving: AbstractContextManager[tuple[str, Mapping[str, Mapping[str, str]]]],
    *options: str,
) -> list[SuiteRun]:
    """
    Run a suite twice against one server that is not started anew, the second time with few examples of each property.

    Args:
        fork_server: Begins the processes.
        slug: The provider.
        serving: The server, with its URL and keys.
        options: As of :func:`run_suite`.
    """
    with serving as (url, keys):
        return [
            run_suite(fork_server, slug, url, keys, *options, variables=variables) for variables in ({}, FEW_EXAMPLES)
        ]


def _number(text: str, word: str) -> int:
    found = re.search(rf"(\d+) {word}", text)
    return int(found[1]) if found else 0
