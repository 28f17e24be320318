"""What holds for every suite, whichever provider it certifies."""

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
def test_every_operation_is_called_by_the_client(slug: str, fork_server: ForkServer) -> None:
    """The suite passes, which needs an exchange of each test with its target, and the client calls each operation."""
    done = fork_server.pytest(*OPTIONS, f"suites/{slug}", cwd=tree.ROOT, env=QUIET)
    operations = {each.id for each in load_contract(slug).operations.all} - set(NOT_THE_CLIENTS.get(slug, ()))
    uncalled = operations - set(lines(done.stdout, "client calls: "))

    assert done.returncode == 0, done.stdout
    assert uncalled == set(), f"call them in suites/{slug} with a method of src/flowproof/clients/{slug}"
