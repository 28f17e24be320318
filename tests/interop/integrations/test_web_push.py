"""web-push 3.6.7 from npm, unmodified: it uses a subscription that the mock saved, and reads what the mock pushes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from flowproof.clients.integrations import Integrations
from flowproof.inbox import Inbox, Received
from flowproof.target import Workspace
from tests.integrations.push_service import Browser, b64url, claims_of
from tests.interop import programs
from tests.interop.integrations import errands

SUBSCRIPTIONS = ("integrations", "subscription")
SUBJECT = "mailto:operations@dispatch.example.com"
EVENT = {"entityType": "Order", "code": "order_created", "entity": {"id": "O1"}}


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    """Node, and web-push as its lockfile pins it; in CI, Node has to be there."""
    programs.require("node", "npm", always_in_ci=True)
    errands.install()


@pytest.fixture
def browser(inbox: Inbox) -> Browser:
    """A browser with its push service."""
    return Browser(inbox)


@pytest.fixture
def saved(workspace: Workspace, integrations: Integrations, browser: Browser) -> dict[str, Any]:
    """The subscription at the endpoint that the mock stores; its keys, which no snapshot shows, are the browser's."""
    subscription = browser.subscription()
    integrations.save_push_subscription(subscription)
    (kept,) = (
        value for provider, kind, _, value in workspace.snapshot()["records"] if (provider, kind) == SUBSCRIPTIONS
    )
    assert kept["auth"] != subscription["keys"]["auth"]
    return {"endpoint": kept["endpoint"], "keys": subscription["keys"]}


@pytest.fixture
def pushed(
    workspace: Workspace, integrations: Integrations, saved: dict[str, Any], browser: Browser
) -> Callable[[], Received]:
    """Makes the mock push to the saved subscription."""

    def push() -> Received:
        """The message that the push service received."""
        trigger = integrations.triggers("Order")[0].guid
        action = {"type": "send_push", "title": "Größe", "message": "🎉"}
        integrations.configure_workflow("Push", "Order", trigger, action)
        workspace.control("POST", "integrations/events", EVENT)
        return browser.inbox.wait()[0]

    return push


def test_web_push_uses_a_subscription_saved_on_the_mock(saved: dict[str, Any], browser: Browser) -> None:
    """
    web-push encrypts for the subscription as the mock saved it, and the browser reads its message.
    """
    output = errands.run("send", subscription=saved, payload=json.dumps({"title": "from npm"}), subject=SUBJECT)
    (received,) = browser.inbox.wait()

    assert (output["version"], output["status"]) == ("3.6.7", 200)
    assert browser.read(received) == {"title": "from npm"}
    assert claims_of(received)[1] == output["publicKey"]


def test_mock_and_web_push_send_alike(saved: dict[str, Any], browser: Browser, pushed: Callable[[], Received]) -> None:
    """
    A push of the mock and one of web-push, to one subscription, differ in nothing that a push service looks at.
    """
    ours = pushed()
    errands.run("send", subscription=saved, payload="x", subject=SUBJECT)
    theirs = browser.inbox.wait(2)[1]
    names = ("content-type", "content-encoding")
    forms = [{name: each.header(name) for name in names} | {"method": each.method} for each in (ours, theirs)]
    claims = [claims_of(each)[0] for each in (ours, theirs)]

    assert forms[0] == forms[1]
    assert [(each["aud"], each["sub"]) for each in claims] == [(claims[1]["aud"], SUBJECT)] * 2
    assert [(each.header("authorization") or "").split("=")[0] for each in (ours, theirs)] == ["vapid t"] * 2


def test_node_reads_what_the_mock_pushes(
    workspace: Workspace, browser: Browser, pushed: Callable[[], Received]
) -> None:
    """
    http_ece of npm decrypts the mock's message, and Node's cryptography verifies the signature by the account's key.
    """
    received = pushed()
    number = browser.key.private_numbers().private_value.to_bytes(32, "big")
    output = errands.run(
        "receive",
        body=b64url(received.body),
        privateKey=b64url(number),
        auth=b64url(browser.auth),
        authorization=received.header("authorization"),
    )

    assert json.loads(output["message"])["title"] == "Größe"
    assert (output["signed"], output["header"]) == (True, {"typ": "JWT", "alg": "ES256"})
    assert output["claims"]["aud"] == f"http://127.0.0.1:{browser.inbox.port}"
    assert (received.header("authorization") or "").endswith(
        f"k={workspace.control('GET', 'integrations/push')['applicationServerKey']}"
    )


@pytest.mark.parametrize(
    "keys",
    [
        {"p256dh": "public-key-string", "auth": "auth-secret-string"},
        {"p256dh": b64url(b"\x04" + bytes(64)), "auth": b64url(bytes(16))},
        {"p256dh": b64url(bytes(65)), "auth": b64url(bytes(8))},
    ],
    ids=["the document's", "no point", "short"],
)
def test_both_refuse_unusable_keys(
    workspace: Workspace, integrations: Integrations, inbox: Inbox, keys: dict[str, str]
) -> None:
    """
    Keys that web-push cannot encrypt for, the document's literals among them, fail the mock's execution too.
    """
    subscription = {"endpoint": inbox.url, "keys": keys}
    integrations.save_push_subscription(subscription)
    trigger = integrations.triggers("Order")[0].guid
    integrations.configure_workflow("Push", "Order", trigger, {"type": "send_push"})
    (execution,) = workspace.control("POST", "integrations/events", EVENT)["executions"]
    output = errands.run("send", subscription=subscription, payload="x", subject=SUBJECT)

    assert (execution["state"], "refused" in output, inbox.received) == ("failed", True, ())
