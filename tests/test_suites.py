"""What holds for every suite, whichever provider it certifies."""

from pathlib import Path

import pytest

from flowproof.conformance import load_contract
from tests import tree
from tests.fork_server import ForkServer

OPTIONS = ("-q", "-p", "tests.exchange_counter", "--flowproof-transport", "in-process")
QUIET = {"HYPOTHESIS_PROFILE": "one example"}
NOT_THE_CLIENTS = {
    "otter": {
        "oauth2Authorize": "a browser opens it, not the application",
        "showConsentPage": "the same",
        "answerConsentPage": "the same",
    }
}


def lines(output: str, heading: str) -> list[str]:
    """What stands behind a heading of the plugin's lines."""
    return [line.removeprefix(heading) for line in output.splitlines() if line.startswith(heading)]


@pytest.mark.parametrize("slug", tree.every_slug())
def test_every_proof_is_an_exchange_with_the_target(slug: str, fork_server: ForkServer) -> None:
    """No test of a requirement passes without a request to its target; every operation is called by the real client."""
    done = fork_server.pytest(*OPTIONS, f"suites/{slug}", cwd=tree.ROOT, env=QUIET)
    operations = {each.id for each in load_contract(slug).operations.all} - set(NOT_THE_CLIENTS.get(slug, ()))
    uncalled = operations - set(lines(done.stdout, "client calls: "))

    assert (done.returncode, lines(done.stdout, "no exchange: ")) == (0, []), done.stdout
    assert uncalled == set(), f"call them in suites/{slug} with a method of src/flowproof/clients/{slug}"


SILENT = """
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

    assert [each.rpartition("::")[2] for each in lines(done.stdout, "no exchange: ")] == ["test_proves_nothing[1]"]
