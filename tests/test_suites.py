"""What holds for every suite, whichever provider it certifies."""

from pathlib import Path

import pytest

from tests import tree
from tests.fork_server import ForkServer

OPTIONS = ("-q", "-p", "tests.exchange_counter", "--flowproof-transport", "in-process")
QUIET = {"HYPOTHESIS_PROFILE": "one example"}


@pytest.mark.parametrize("slug", tree.every_slug())
def test_every_proof_is_an_exchange_with_the_target(slug: str, fork_server: ForkServer) -> None:
    """No test of a suite that is marked with a requirement passes without having sent a request to its target."""
    done = fork_server.pytest(*OPTIONS, f"suites/{slug}", cwd=tree.ROOT, env=QUIET)
    silent = [line for line in done.stdout.splitlines() if line.startswith("no exchange")]

    assert (done.returncode, silent) == (0, []), done.stdout


SILENT = """
from pathlib import Path

import pytest

@pytest.mark.requirement("acme.order.unique")
@pytest.mark.parametrize("number", [1, 2])
def test_proves_nothing(number):
    assert number

def test_is_no_proof():
    assert True
"""


def test_proof_without_an_exchange_is_noticed(tmp_path: Path, fork_server: ForkServer) -> None:
    """A test of a requirement that sends nothing is named, one without a requirement is not."""
    (tmp_path / "test_silent.py").write_text(SILENT)

    done = fork_server.pytest(*OPTIONS, str(tmp_path), cwd=tree.ROOT, env=QUIET)

    assert [line.rpartition("::")[2] for line in done.stdout.splitlines() if line.startswith("no exchange")] == [
        "test_proves_nothing[1]"
    ]
