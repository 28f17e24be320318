"""``flowproof webhooks``: the control API of webhooks as commands, with exit codes that a pipeline can trust."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flowproof.cli import main
from flowproof.inbox import Inbox
from flowproof.kernel.serving import Server
from tests.webhooks.conftest import Depot
from tests.webhooks.reference_receiver import ReferenceReceiver

Command = Callable[..., Result]


@pytest.fixture
def command(depot: Depot, parcels_server: Server) -> Command:
    """Runs a command on the depot's workspace."""

    def run(*arguments: str) -> Result:
        place = ["--server", parcels_server.url, "--workspace", depot.workspace.id]
        return CliRunner().invoke(main, ["webhooks", arguments[0], *place, *arguments[1:]])

    return run


def test_list_shows_deliveries_with_their_answers(depot: Depot, command: Command, inbox: Inbox) -> None:
    """The list has a line for each delivery: state, event, receiver, what it answered, when it comes again."""
    inbox.answers = [500, 200]
    depot.send(inbox.url)
    depot.wait_until_idle()

    result = command("list")

    (line,) = result.stdout.splitlines()[1:]
    assert line.split() == [
        "dlv-1", "pending", "parcels", "parcel.sent", inbox.url, "500", "2026-03-01T12:00:10+00:00",
    ]  # fmt: skip


def test_show_gives_json(depot: Depot, command: Command, inbox: Inbox) -> None:
    """One delivery is shown as the control API shows it."""
    depot.send(inbox.url)
    depot.wait_until_idle()

    assert json.loads(command("show", "dlv-1").stdout) == depot.workspace.webhooks.get("dlv-1")


def test_trigger_and_replay_send(depot: Depot, command: Command, verifying_inbox: Inbox) -> None:
    """A made-up event is sent, and sent again, each time signed."""
    triggered = command("trigger", "parcels", "parcel.lost", verifying_inbox.url)
    replayed = command("replay", "dlv-1")

    assert (triggered.stdout, replayed.stdout) == (
        f"dlv-1 parcel.lost to {verifying_inbox.url}\n",
        f"dlv-2 parcel.lost to {verifying_inbox.url}\n",
    )
    assert [each.verified for each in verifying_inbox.wait(2)] == [True, True]


def test_retry_makes_the_next_attempt_now(depot: Depot, command: Command, make_inbox: Callable[..., Inbox]) -> None:
    """A delivery that waits for its next attempt is sent at once, on a clock that stands still."""
    inbox = make_inbox([500, 200])
    depot.send(inbox.url)
    depot.wait_until_idle()

    result = command("retry", "dlv-1")

    assert result.stdout == f"dlv-1 parcel.sent to {inbox.url}\n"
    assert [each["state"] for each in depot.wait_until_idle()] == ["delivered"]


def test_adversary_is_set_and_dismissed(depot: Depot, command: Command) -> None:
    """Changes replace the adversary; --honest dismisses it; without either it is shown."""
    set_to = json.loads(command("adversary", "copies=2", "signature=wrong", "extra_field=true").stdout)
    shown = json.loads(command("adversary").stdout)
    honest = json.loads(command("adversary", "--honest").stdout)

    assert (set_to["copies"], set_to["signature"], set_to["extra_field"], shown == set_to) == (2, "wrong", True, True)
    assert (honest["copies"], honest["signature"], honest["extra_field"]) == (1, "right", False)


def test_trial_of_a_good_receiver_exits_with_0(
    depot: Depot, command: Command, make_inbox: Callable[..., Inbox]
) -> None:
    """A receiver that passes every part gives a table of PASS and exit code 0."""
    result = command("trial", "parcels", make_inbox(ReferenceReceiver(depot.verifier())).url)

    lines = result.stdout.splitlines()
    assert (result.exit_code, lines[0].split()) == (0, ["VERDICT", "TRIAL", "MUST", "ANSWERED", "WHY"])
    assert {line.split()[0] for line in lines[1:]} == {"PASS"}


@pytest.mark.parametrize(("answers", "verdict"), [(200, "FAIL"), (None, "ERROR")])
def test_trial_of_a_bad_receiver_exits_with_1(
    command: Command, make_inbox: Callable[..., Inbox], answers: Any, verdict: str
) -> None:
    """A receiver that fails a part, or cannot be heard, gives exit code 1 and the reason."""
    result = command("trial", "parcels", make_inbox(answers).url, "--event", "parcel.lost")

    assert (result.exit_code, verdict in result.stdout) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "dlv-9"),
        ("replay", "dlv-9"),
        ("retry", "dlv-9"),
        ("trigger", "parcels", "parcel.eaten", "http://127.0.0.1/"),
        ("trigger", "letters", "parcel.sent", "http://127.0.0.1/"),
        ("adversary", "copies"),
        ("adversary", "copies=many"),
        ("adversary", "--honest", "copies=2"),
        ("trial", "letters", "http://127.0.0.1/"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_exits_with_2(command: Command, arguments: tuple[str, ...]) -> None:
    """A run that was set up wrong ends with exit code 2 and a sentence, never with a traceback."""
    result = command(*arguments)

    assert (result.exit_code, "Traceback" in result.output, result.stderr != "") == (2, False, True)


def test_trial_that_does_not_end_exits_with_2(depot: Depot, command: Command, make_inbox: Callable[..., Inbox]) -> None:
    """A trial is not waited for longer than was allowed."""
    result = command("trial", "parcels", make_inbox(200).url, "--timeout", "0")

    assert (result.exit_code, "did not end within 0 s" in result.stderr) == (2, True)
    depot.wait_until_idle()
