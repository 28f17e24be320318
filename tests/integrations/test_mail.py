"""E-mails: a real mail server on loopback, one that refuses, one that is slow, and none at all."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients.integrations import Integrations
from flowproof.kernel.webhooks.mail_message import mail_delivery
from flowproof.mocks.integrations import mail
from flowproof.target import Workspace
from tests.integrations.mail_server import MailServer

EMAIL = {"type": "send_email", "recipient": "customer", "template": "delivery_confirmation"}
SHIPMENT = {"id": "S1", "status": "delivered", "customer": {"email": "anna@example.com"}}
EVENT = {"entityType": "Shipment", "code": "shipment_delivered", "entity": SHIPMENT}
HEADERS = {b"From", b"To", b"Subject", b"Date", b"Message-ID"} | {
    b"MIME-Version",
    b"Content-Type",
    b"Content-Transfer-Encoding",
}
NOON = "2024-01-16T12:00:00Z"


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server that accepts everything."""
    with MailServer() as server:
        yield server


@pytest.fixture
def send_to(workspace: Workspace, make_integrations: Callable[..., Integrations]) -> Callable[..., Any]:
    """Sets the mail server and raises an event that sends an e-mail; returns the execution."""
    workspace.clock.freeze(NOON)

    def send(url: str, entity: Any = None) -> Any:
        """The execution as the control API shows it."""
        seed = workspace.seed("integrations")
        workspace.replace_seed("integrations", {**seed, "settings": {**seed["settings"], "smtp": url}})
        client = make_integrations(workspace)
        client.configure_workflow("Mail", "Shipment", client.triggers("Shipment")[0].guid, EMAIL)
        workspace.control("POST", "integrations/events", EVENT if entity is None else {**EVENT, "entity": entity})
        return execution_of(workspace)

    return send


def execution_of(workspace: Workspace, *, settled: bool = True) -> Any:
    """The only execution, once all deliveries are done."""
    if settled:
        workspace.webhooks.wait_until_idle()
    (execution,) = workspace.control("GET", "integrations/executions")["executions"]
    return execution


def test_email_arrives_at_the_mail_server(send_to: Callable[..., Any], mail_server: MailServer) -> None:
    """An e-mail arrives once, from the account's sender to the customer, as the template and the clock have it."""
    execution = send_to(mail_server.url)
    (envelope,), (message,) = mail_server.envelopes, mail_server.messages

    assert (execution["state"], execution["errors"]) == ("completed", [])
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@dispatch.example.com", ["anna@example.com"])
    assert (message["Subject"], message["To"]) == ("Your shipment S1 was delivered", "anna@example.com")
    assert message.get_content() == "Good news: your shipment S1 is delivered.\n"
    assert parsedate_to_datetime(message["Date"]).isoformat() == "2024-01-16T12:00:00+00:00"


def test_email_keeps_every_letter(send_to: Callable[..., Any], mail_server: MailServer) -> None:
    """Letters beyond ASCII, lines with a single dot and very long lines arrive as they were."""
    status = "zugestellt – größer\n.\n" + "x" * 2000
    send_to(mail_server.url, {**SHIPMENT, "id": "Ж 1", "status": status})
    (message,) = mail_server.messages

    assert message["Subject"] == "Your shipment Ж 1 was delivered"
    assert message.get_content() == f"Good news: your shipment Ж 1 is {status}.\n"


def test_journal_has_the_mail_and_the_reply(
    workspace: Workspace, send_to: Callable[..., Any], mail_server: MailServer
) -> None:
    """The journal shows what was sent to the mail server, and its reply."""
    send_to(mail_server.url)
    (entry,) = (each for each in workspace.journal.entries() if each["direction"] == "out")

    assert (entry["request"]["method"], entry["request"]["url"]) == ("MAIL", mail_server.url)
    assert (entry["response"]["status"], entry["response"]["body"]["text"]) == (250, "OK")


def test_refused_mail_is_given_up_visibly(workspace: Workspace, send_to: Callable[..., Any]) -> None:
    """A mail server that goes on refusing is asked four times, and leaves a failed execution with its words."""
    with MailServer("550 No such mailbox") as server:
        states = [send_to(server.url)["state"]]
        for pause_s in (10, 60, 300):
            workspace.clock.advance(pause_s)
            states.append(execution_of(workspace)["state"])

    assert (states, len(server.envelopes)) == (["running", "running", "running", "failed"], 4)
    assert "550 No such mailbox" in execution_of(workspace)["errors"][0]


def test_greylisted_mail_arrives_later(workspace: Workspace, send_to: Callable[..., Any]) -> None:
    """A mail that is put off is sent again when the clock has moved on, and arrives."""
    with MailServer("451 Come back later") as server:
        waiting = send_to(server.url)["state"]
        server.reply = "250 OK"
        workspace.clock.advance(10)
        arrived = execution_of(workspace)["state"]

    assert (waiting, arrived) == ("running", "completed")


def test_no_mail_server_is_said(workspace: Workspace, send_to: Callable[..., Any]) -> None:
    """Where no mail server answers, the delivery says so."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        execution = send_to(f"smtp://127.0.0.1:{closed.getsockname()[1]}")
        (delivery,) = workspace.webhooks.list()

    assert (execution["state"], delivery["attempts"][0]["status"]) == ("running", 0)
    assert delivery["attempts"][0]["error"] != ""


def test_mail_leaves_this_machine_only_if_allowed(workspace: Workspace, send_to: Callable[..., Any]) -> None:
    """A mail server that is not on loopback gets nothing, and the execution fails."""
    execution = send_to("smtp://192.0.2.1:25")

    assert (execution["state"], "loopback" in execution["errors"][0]) == ("failed", True)


def test_slow_mail_server_holds_up_nobody(
    workspace: Workspace, make_workspace: Callable[..., Workspace], send_to: Callable[..., Any]
) -> None:
    """While a mail server keeps one workspace waiting, the server answers, and another workspace's mail goes out."""
    held = asyncio.Event()

    async def hold() -> str:
        await held.wait()
        return "250 OK"

    with MailServer(hold) as server:
        seed = workspace.seed("integrations")
        workspace.replace_seed("integrations", {**seed, "settings": {**seed["settings"], "smtp": server.url}})
        client = Integrations(workspace.url("integrations"), workspace.credentials("integrations").key)
        client.configure_workflow("Mail", "Shipment", client.triggers("Shipment")[0].guid, EMAIL)
        workspace.control("POST", "integrations/events", EVENT)
        answers = len(client.triggers("Order"))
        waiting = execution_of(workspace, settled=False)["state"]
        server.release(held)
        arrived = execution_of(workspace)["state"]
        client.close()

    assert (answers, waiting, arrived) == (2, "running", "completed")


@given(text=st.text(), subject=st.text(), entity=st.dictionaries(st.sampled_from(["id", "status"]), st.text()))
def test_any_text_makes_a_message(text: str, subject: str, entity: dict[str, str]) -> None:
    """Whatever an entity has in it, no header can be put into a message, and it can be made."""
    try:
        made = mail_delivery(
            "shipment_delivered",
            "smtp://127.0.0.1:2525",
            sender="a@example.com",
            recipient="b@example.com",
            subject=mail.fill(subject + "{id}", entity),
            text=mail.fill(text, entity),
            message_id="1",
            at=datetime(2024, 1, 16, tzinfo=UTC),
        ).body
    except UnicodeEncodeError:  # a lone surrogate, which no JSON that a mock takes has
        return
    head = made.partition(b"\r\n\r\n")[0]

    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert sorted(set(names)) == sorted(names)
    assert set(names) == HEADERS
