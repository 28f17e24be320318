"""
Ends a session before its first test where it could not judge rightly, with a sentence and exit code 2.

Three reasons: Python has removed assertions; a setting leaves out tests of a suite, whose result then looks better than
it is; a test uses a provider that the named target lacks, since no such session falls back to a mock.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from flowproof.plurals import counted

from .item_info import providers_of, requirements_of
from .session_state import SessionState

__all__ = ["CollectionChecks"]

EXIT_CODE = 2  # misconfigured, as of our commands
WORKER_OUTPUT = "flowproof_misconfigured"
MOST_NAMED = 3
OPTIMIZED = (
    "Python runs with -O or PYTHONOPTIMIZE, which removes the assertions of the suites' helper modules, so a test of a "
    "requirement could pass that has to fail. Unset PYTHONOPTIMIZE, leave -O out, and run again"
)


class CollectionChecks:
    """
    Checks the tests when they are collected.

    Args:
        state: The session's memory.
    """

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self._left_out: str | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: Sequence[pytest.Item]) -> None:
        """Look for tests that are left out before any is deselected, which pytest reports."""
        if any(map(requirements_of, items)):
            self._left_out = next(self._narrowed(config, items), None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """End the session; a worker of xdist runs nothing, and leaves that to the controller."""
        message = next(self._messages(session.items), None)
        if message is None:
            return
        output = getattr(session.config, "workeroutput", None)
        if output is None:
            pytest.exit(message, returncode=EXIT_CODE)
        output[WORKER_OUTPUT] = message
        session.items.clear()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """End the session for a worker of xdist."""
        message = getattr(node, "workeroutput", {}).get(WORKER_OUTPUT)
        if message is not None:
            pytest.exit(message, returncode=EXIT_CODE)

    def _messages(self, items: Sequence[pytest.Item]) -> Iterator[str]:
        if sys.flags.optimize and any(map(requirements_of, items)):
            yield OPTIMIZED
        if self._left_out is not None:
            yield self._left_out
        if self._state.remote.is_named:
            yield from self._without_provider(items)

    def _narrowed(self, config: pytest.Config, items: Sequence[pytest.Item]) -> Iterator[str]:
        """A sentence for each suite of which tests are left out, unless tests are named on the command line."""
        from flowproof.certify.suite_tests import defined_tests  # noqa: PLC0415 (only suites need it)

        arguments = [str(each) for each in config.args]
        if any("::" in each for each in arguments):
            return
        folders = {Path(each).resolve() for each in arguments if Path(each).is_dir()}
        kits = self._state.kits
        for slug in sorted({slug for item in items if (slug := kits.of_suite(item.path.parent)) is not None}):
            kit = kits.find(slug)
            suite = kit.suite_folder()
            found = {_name(item.path, item.nodeid, suite) for item in items}
            files = {each.partition("::")[0] for each in found}
            is_package = any(kit.suite == each or kit.suite.startswith(f"{each}.") for each in arguments)
            is_whole = is_package or not folders.isdisjoint((suite, *suite.parents))
            missing = [
                each
                for each in defined_tests(suite)
                if each not in found and (is_whole or each.partition("::")[0] in files)
            ]
            if missing:
                yield _sentence(slug, missing)

    def _without_provider(self, items: Sequence[pytest.Item]) -> Iterator[str]:
        remote = self._state.remote
        for item in items:
            for provider in sorted(providers_of(item, self._state.kits) - set(remote.urls)):
                yield (
                    f"The profile {remote.profile!r} has no [{provider}], which {item.nodeid} uses, and a session that "
                    f"names a target uses no mock. Add the table [{provider}] with its url and credentials, or leave "
                    "that test out"
                )


def _name(file: Path, node_id: str, suite: Path) -> str:
    """The name of the defined test to which an item belongs, as `defined_tests` writes it; empty outside the suite."""
    place, rest = file.resolve(), node_id.partition("::")[2]
    if not place.is_relative_to(suite):
        return ""
    return f"{suite.name}/{place.relative_to(suite).as_posix()}::{rest.partition('[')[0].partition('::')[0]}"


def _sentence(slug: str, missing: Sequence[str]) -> str:
    named = ", ".join(missing[:MOST_NAMED])
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    return (
        f"pytest's settings leave out {counted(len(missing), 'test')} of the suite of {slug} ({named}{more}), so its "
        "result would look better than it is. Take python_files, python_classes, python_functions, --ignore or "
        "collect_ignore back, or choose tests with -k or --flowproof-requirement, which pytest reports as deselected"
    )
