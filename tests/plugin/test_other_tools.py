"""The plugin beside other tools of a test session: fixtures of the same name, guards of sockets, retries."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from xml.etree import ElementTree

import pytest

from flowproof.plugin.interference import explain_interference
from tests.fork_server import ForkServer

Session = Callable[..., CompletedProcess[str]]

OWN_FIXTURES = """
import pytest


@pytest.fixture
def target():
    return "production"


@pytest.fixture
def workspace():
    return "a desk"


@pytest.fixture
def make_inbox():
    return None


def test_theirs(target, workspace, make_inbox):
    assert (target, workspace, make_inbox) == ("production", "a desk", None)


def test_ours(oneflow, inbox, flowproof_target, flowproof_workspace):
    assert oneflow.session and inbox.url
    assert flowproof_target.workspace is flowproof_workspace
"""

WITHOUT_A_SOCKET = """
import pytest
from flowproof.clients import NotFound


def test_it(workspace, oneflow):
    workspace.clock.freeze("2026-01-01T12:00:00Z")
    with pytest.raises(NotFound):
        oneflow.order("5910757faab8ec6f60127999")
"""

WITH_A_SOCKET = "def test_it(inbox): pass"

RESPONSES = """
import responses


@responses.activate
def test_it(oneflow):
    oneflow.order("5910757faab8ec6f60127999")
"""

PASSING_RESPONSES = """
import pytest, responses
from flowproof.clients import NotFound


@responses.activate
def test_it(oneflow):
    responses.add_passthru("http://127.0.0.1")
    with pytest.raises(NotFound):
        oneflow.order("5910757faab8ec6f60127999")
"""

FLAKY = """
import pytest

calls = []


@pytest.mark.requirement("acme.order.get")
def test_it():
    calls.append(1)
    assert len(calls) == 3
"""


@pytest.fixture
def session(tmp_path: Path, fork_server: ForkServer) -> Session:
    """Runs a pytest session on one file with that source."""

    def run(source: str, *options: str) -> CompletedProcess[str]:
        """The ended session."""
        (tmp_path / "test_it.py").write_text(source)
        return fork_server.pytest(*options, "test_it.py", cwd=tmp_path)

    return run


def test_fixtures_of_the_same_name_do_not_break_ours(session: Session) -> None:
    """A project's own `target`, `workspace` and `make_inbox` are its own, and our clients work beside them."""
    ended = session(OWN_FIXTURES)

    assert (ended.returncode, "2 passed" in ended.stdout) == (0, True), ended.stdout


def test_transport_in_process_works_without_sockets(session: Session) -> None:
    """Where pytest-socket disables sockets, workspace and client work with the transport in process."""
    ended = session(WITHOUT_A_SOCKET, "-p", "pytest_socket", "--disable-socket", "--flowproof-transport", "in-process")

    assert (ended.returncode, "1 passed" in ended.stdout) == (0, True), ended.stdout


@pytest.mark.parametrize("source", [WITHOUT_A_SOCKET, WITH_A_SOCKET], ids=["client", "inbox"])
def test_disabled_sockets_are_explained(session: Session, source: str) -> None:
    """What needs a socket that pytest-socket has disabled says so, and how it gets one."""
    ended = session(source, "-p", "pytest_socket", "--disable-socket")

    assert ended.returncode == 1
    assert "With --flowproof-transport in-process the clients of the fixtures need none." in ended.stdout


def test_loopback_alone_is_enough(session: Session) -> None:
    """The advice holds: with loopback allowed, everything works over sockets."""
    for source in (WITHOUT_A_SOCKET, WITH_A_SOCKET):
        assert session(source, "-p", "pytest_socket", "--allow-hosts=127.0.0.1,::1").returncode == 0


def test_replaced_transport_is_explained(session: Session) -> None:
    """A client that runs into the library responses is told so, and how its requests pass."""
    ended = session(RESPONSES)

    assert ended.returncode == 1
    assert 'Let it pass with responses.add_passthru("http://127.0.0.1").' in ended.stdout


def test_advice_for_a_replaced_transport_holds(session: Session) -> None:
    """With what the explanation advises, our requests pass."""
    assert session(PASSING_RESPONSES).returncode == 0


@pytest.mark.parametrize("module", ["requests_mock.exceptions", "httpretty.errors", "vcr.errors"])
def test_other_tools_are_recognised_by_their_errors(module: str) -> None:
    """An error of another such tool is explained, also as the cause of one of ours."""
    error = type("NoMockAddress", (ConnectionError,), {"__module__": module})()
    ours = RuntimeError("no answer")
    ours.__cause__ = error

    assert "has replaced the transport of requests" in (explain_interference(ours) or "")


def test_other_errors_are_not_explained_by_tools() -> None:
    """A server that is not there is no tool's doing."""
    assert explain_interference(ConnectionRefusedError("Connection refused")) is None


def test_retried_test_states_its_requirement_once(session: Session, tmp_path: Path) -> None:
    """Each attempt that the JUnit file has of a test which pytest-rerunfailures retries has its requirement once."""
    ended = session(FLAKY, "-p", "pytest_rerunfailures", "--reruns", "2", "--junitxml", "junit.xml")
    attempts = ElementTree.parse(tmp_path / "junit.xml").iter("testcase")  # noqa: S314 (our own file)
    stated = [
        [each.get("value") for each in attempt.iter("property") if each.get("name") == "requirement"]
        for attempt in attempts
    ]

    assert ended.returncode == 0, ended.stdout
    assert stated
    assert [each for each in stated if each != ["acme.order.get"]] == []
