"""What a partner does in the Admin Console, emulated by the control API: registration, and API credentials."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from flowproof.clients import NotFound, Refused, Unauthorized
from flowproof.clients.flow1st import Flow1st
from flowproof.inbox import Inbox
from flowproof.target import ControlRefused, Workspace
from tests.integrations.mail_server import MailServer

PEOPLE = ["ada@partner.example", "obi@partner.example"]
CONFIGURATION = {"webhookUrl": None, "emails": PEOPLE}
STAGING = "flow1st/environments/staging"


@pytest.fixture
def make_client(workspace: Workspace) -> Iterator[Callable[..., Flow1st]]:
    """Makes clients from what the control API shows of an API key, and closes them."""
    made: list[Flow1st] = []

    def make(key: Any) -> Flow1st:
        """A client with an API key's own secrets."""
        now = workspace.clock.now
        client = Flow1st(workspace.url("flow1st"), key["api_key"], key["api_secret"], key["signing_key"], now=now)
        made.append(client)
        return client

    yield make
    for each in made:
        each.close()


def configure(workspace: Workspace, emails: list[str]) -> None:
    """Supply the addresses of people."""
    workspace.control("PUT", f"{STAGING}/configuration", {**CONFIGURATION, "emails": emails})


def place(client: Flow1st, reference: str) -> str:
    """Complete an order; returns its reference."""
    return client.complete_order(reference, sku="codm30cp", recipient="GEDKZW", email="a@b.co").reference


# --- registration ----------------------------------------------------------------------------------------------------


def test_supplied_addresses_get_a_welcome_email_each(workspace: Workspace) -> None:
    """Whoever is supplied first gets one welcome email, also where the addresses are supplied again."""
    configure(workspace, PEOPLE[:1])
    configure(workspace, PEOPLE)
    exported = workspace.control("GET", f"{STAGING}/configuration/export")
    workspace.control("POST", "flow1st/environments/production/configuration/import", exported)

    mails = workspace.control("GET", "flow1st/mails")["mails"]
    assert [each["to"] for each in mails] == PEOPLE
    assert all(each["subject"].startswith("Welcome to Flow1st") for each in mails)
    assert workspace.control("GET", "flow1st/registration")["complete"] is False


def test_addresses_of_the_seed_data_are_invited_on_demand(workspace: Workspace) -> None:
    """The addresses that an environment begins with are invited through the control API, once."""
    invited = [workspace.control("POST", "flow1st/registration/invitations")["invited"] for _ in range(2)]

    assert [[each["email"] for each in one] for one in invited] == [["integration@partner.example"], []]


def test_link_of_the_email_completes_the_registration(workspace: Workspace) -> None:
    """The link in each email completes its person's registration, once; when all have, the whole is complete."""
    workspace.clock.freeze("2026-01-31T12:00:00Z")
    configure(workspace, PEOPLE)
    texts = [each["text"] for each in workspace.control("GET", "flow1st/mails")["mails"]]
    links = [re.search(r"http://\S+", text)[0] for text in texts]  # type: ignore[index]  # (each has one)
    complete = []
    for link in links:
        before = requests.get(link, timeout=10).json()["registered_at"]
        done = requests.post(link, timeout=10).json()
        workspace.clock.advance(60)
        again = requests.post(link, timeout=10).json()
        complete.append((before, again == done, workspace.control("GET", "flow1st/registration")["complete"]))

    assert urlsplit(links[0]).path.startswith(f"/_flowproof/workspaces/{workspace.id}/flow1st/registrations/")
    assert complete == [(None, True, False), (None, True, True)]


def test_code_that_no_email_has_registers_nobody(workspace: Workspace) -> None:
    """A code that stands in no welcome email is not found."""
    with pytest.raises(ControlRefused, match="No welcome email has the code abc"):
        workspace.control("POST", "flow1st/registrations/abc")


def test_welcome_email_goes_to_the_mail_server(workspace: Workspace) -> None:
    """Where the settings name a mail server, it gets the email; the journal and the outbox show the delivery."""
    with MailServer() as server:
        seed = workspace.seed("flow1st")
        workspace.replace_seed("flow1st", {**seed, "settings": {**seed["settings"], "smtp": server.url}})
        configure(workspace, PEOPLE[:1])
        workspace.webhooks.wait_until_idle()
        (received,) = server.messages

    assert (received["To"], received["From"]) == (PEOPLE[0], "welcome@flow1st.example")
    assert "/flow1st/registrations/" in received.get_content()
    sent = [each for each in workspace.journal.entries() if each["direction"] == "out"]
    assert [(each["operation"], each["response"]["status"]) for each in sent] == [("webhook:welcome_email", 250)]
    assert workspace.control("GET", STAGING)["acknowledged_webhooks"] == 0


# --- API credentials -------------------------------------------------------------------------------------------------


def test_created_key_works_beside_the_first(workspace: Workspace, make_client: Callable[..., Flow1st]) -> None:
    """A new API key gets tokens, signs orders with its own signing key, and signs their webhooks."""
    made = workspace.control("POST", f"{STAGING}/credentials")
    first = workspace.credentials("flow1st")
    with Inbox() as inbox:
        workspace.control("PUT", f"{STAGING}/configuration", {"webhookUrl": inbox.url, "emails": []})
        place(make_client(made), "by the new key")
        workspace.clock.advance(10)
        received = inbox.wait(2)

    tokens = {dict(each.headers)["AccessToken"] for each in received}
    assert tokens == {f"Bearer {made['webhook_token']}"}
    assert (made["role"], made["environment"]) == ("staging-2", "staging")
    listed = workspace.control("GET", f"{STAGING}/credentials")["credentials"]
    assert sorted(each["api_key"] for each in listed) == sorted([made["api_key"], first.key])
    assert all(sorted(each) == ["api_key", "environment", "role"] for each in listed)


def test_signing_key_of_another_api_key_signs_nothing(
    workspace: Workspace, make_client: Callable[..., Flow1st]
) -> None:
    """An order has to be signed with the signing key of the API key whose token it comes with."""
    one, other = (workspace.control("POST", f"{STAGING}/credentials") for _ in range(2))
    mixed = make_client({**one, "signing_key": other["signing_key"]})

    with pytest.raises(Refused) as refused:
        place(mixed, "mixed")

    assert refused.value.status == 400
    assert one["api_key"] != other["api_key"]


def test_rotation_ends_the_old_secrets_and_tokens(workspace: Workspace, make_client: Callable[..., Flow1st]) -> None:
    """After a rotation the API key has new secrets, and what it had before is refused."""
    made = workspace.control("POST", f"{STAGING}/credentials")
    old = make_client(made)
    old.products()
    rotated = [workspace.control("POST", f"{STAGING}/credentials/{made['api_key']}/rotate") for _ in range(2)]
    with pytest.raises(Unauthorized):
        old.products()

    assert {each["api_key"] for each in rotated} == {made["api_key"]}
    assert len({each["api_secret"] for each in (made, *rotated)}) == 3
    assert len(make_client(rotated[-1]).products()) > 0


def test_revoked_key_is_refused_and_others_are_not(workspace: Workspace, make_client: Callable[..., Flow1st]) -> None:
    """A revoked API key and its tokens are refused, while another key of the environment goes on."""
    keys = [workspace.control("POST", f"{STAGING}/credentials") for _ in range(2)]
    one, other = map(make_client, keys)
    one.products()
    other.products()
    workspace.control("DELETE", f"{STAGING}/credentials/{keys[0]['api_key']}")
    with pytest.raises(Unauthorized):
        one.products()

    assert len(other.products()) > 0


@pytest.mark.parametrize(
    ("action", "keys_reason", "tokens_reason"),
    [
        (
            "revoked",
            "a pair that was revoked: the API key was revoked",
            "its API key was revoked, which ends its tokens",
        ),
        (
            "rotated",
            "a pair that was revoked: rotation 1 gave the API key new secrets",
            "its API key got new secrets, which ends its tokens",
        ),
    ],
)
def test_refusal_after_a_revocation_says_so(
    workspace: Workspace, make_client: Callable[..., Flow1st], action: str, keys_reason: str, tokens_reason: str
) -> None:
    """What an API key's end takes with it is refused as before, in its own workspace, with the true reason."""
    made = workspace.control("POST", f"{STAGING}/credentials")
    client = make_client(made)
    tokens = client.authenticate()
    one = f"{STAGING}/credentials/{made['api_key']}"
    workspace.control(*(("DELETE", one) if action == "revoked" else ("POST", f"{one}/rotate")))
    for use in (client.products, client.refresh, client.authenticate):
        with pytest.raises(Unauthorized):
            use()
    refused = workspace.journal.entries(refused=True)

    reasons = {each["operation"]: (each["findings"][0]["got"], each["explanation"]) for each in refused}
    assert reasons == {
        "listProducts": (f"one that was revoked: {tokens_reason}", ""),
        "refreshAccessToken": ("[redacted]", f"The refresh token was revoked: {tokens_reason}."),
        "generateAccessToken": (keys_reason, ""),
    }
    assert tokens.access not in str(refused)


def test_replaced_secret_in_another_place_is_named(workspace: Workspace, make_client: Callable[..., Flow1st]) -> None:
    """
    An old signing key signs nothing, and an old API secret is no token: the refusals say which rotation replaced them.
    """
    made = workspace.control("POST", f"{STAGING}/credentials")
    rotated = [workspace.control("POST", f"{STAGING}/credentials/{made['api_key']}/rotate") for _ in range(2)]
    for each in (made, rotated[0]):
        with pytest.raises(Refused):
            place(make_client({**rotated[1], "signing_key": each["signing_key"]}), "old")
    make_client(rotated[1]).products()
    refused = workspace.journal.entries(refused=True)
    shown = str(workspace.control("GET", "journal")) + str(refused)

    assert [f"rotation {number} gave" in each["explanation"] for number, each in enumerate(refused, 1)] == [True, True]
    assert not any(each[name] in shown for each in (made, *rotated) for name in ("api_secret", "signing_key"))


def test_created_keys_differ_after_a_revocation(workspace: Workspace) -> None:
    """A key that is created after another was revoked has other parts than that one."""
    one = workspace.control("POST", f"{STAGING}/credentials")
    workspace.control("DELETE", f"{STAGING}/credentials/{one['api_key']}")
    other = workspace.control("POST", f"{STAGING}/credentials")

    assert {one["api_key"], one["api_secret"], one["signing_key"]}.isdisjoint(other.values())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{STAGING}/credentials/nobody/rotate"),
        ("DELETE", f"{STAGING}/credentials/nobody"),
        ("POST", "flow1st/environments/moon/credentials"),
        ("GET", "flow1st/environments/moon/credentials"),
    ],
)
def test_key_or_environment_that_is_not_there(workspace: Workspace, method: str, path: str) -> None:
    """An API key or an environment that does not exist is not found."""
    with pytest.raises(ControlRefused, match="There is no"):
        workspace.control(method, path)


def test_secrets_of_a_created_key_are_in_no_journal(workspace: Workspace, make_client: Callable[..., Flow1st]) -> None:
    """The secrets of an API key that was created or rotated are redacted like any other."""
    made = workspace.control("POST", f"{STAGING}/credentials")
    rotated = workspace.control("POST", f"{STAGING}/credentials/{made['api_key']}/rotate")
    make_client(rotated).products()
    with pytest.raises(NotFound):
        make_client(rotated).validate_user(
            rotated["api_secret"], make_client(rotated).products()[0].bundles[0], external_reference="x", country="NG"
        )

    assert rotated["api_secret"] not in str(workspace.journal.entries())
