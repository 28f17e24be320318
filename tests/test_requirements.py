"""Every requirement has a test in its provider's suite, or a reason why no suite can test it."""

from pathlib import Path

import pytest

from flowproof.checklist import read_checklist
from flowproof.conformance import Contract, load_contract
from tests import tree
from tests.fork_server import ForkServer

LIST_MARKS = """
import os
import sys

import pytest


class ListMarks:
    def pytest_collection_finish(self, session):
        for item in session.items:
            for mark in item.iter_markers("requirement"):
                print(*(f"marked {each}" for each in mark.args), sep="\\n")


options = ["-q", "--collect-only", "--import-mode=importlib", "-p", "no:cacheprovider", "-c", os.devnull]
code = pytest.main([*options, f"--rootdir={sys.argv[1]}", sys.argv[1]], plugins=[ListMarks()])
sys.exit(code)
"""


def marked(slug: str, folder: Path, fork_server: ForkServer) -> set[str]:
    """Ids of the requirements that tests of a suite are marked with."""
    (printed,) = fork_server.run_script(LIST_MARKS, str(tree.ROOT / "suites" / slug), times=1, folder=folder)
    return {line.removeprefix("marked ") for line in printed.splitlines() if line.startswith("marked ")}


def of_partners(slug: str) -> set[str]:
    """Ids of the requirements that a partner's own tests prove: those of the provider's checklist."""
    file = tree.ROOT / "contracts" / slug / "checklist.toml"
    if not file.is_file():
        return set()
    checklist = read_checklist(file.read_text(encoding="utf-8"))
    return {each for row in (*checklist.rows, *checklist.prerequisites) for each in row.requirements}


def untested(contract: Contract, tested: set[str]) -> list[str]:
    """Ids of the requirements without a test and without a reason."""
    return [each.id for each in contract.requirements.values() if each.id not in tested and not each.unkillable]


@pytest.mark.parametrize("slug", tree.every_slug())
def test_every_requirement_has_a_test(slug: str, tmp_path: Path, fork_server: ForkServer) -> None:
    """A test of the suite is marked with it, it is in the checklist, or `unkillable` says why no suite can test it."""
    tested = marked(slug, tmp_path, fork_server)

    assert untested(load_contract(slug), tested | of_partners(slug)) == []


def test_requirement_without_a_test_is_noticed() -> None:
    """A requirement without a test is listed, unless it has a reason."""
    contract = load_contract("dots_eco")
    others = {*contract.requirements} - {"dots_eco.balance.kept", "dots_eco.transport.tls"}

    assert untested(contract, others) == ["dots_eco.balance.kept"]
