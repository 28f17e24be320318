"""Push messages: known answers of the standards, and a browser that reads what its push service received."""

import base64
import json
from collections.abc import Callable
from importlib.resources import files
from random import Random
from typing import Any

import http_ece
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from py_vapid import jwt

from flowproof.clients.integrations import Integrations
from flowproof.inbox import Inbox
from flowproof.mocks.integrations import push
from flowproof.mocks.integrations.models import Subscription
from flowproof.target import Workspace
from tests.integrations.push_service import Browser, b64url, claims_of

VECTORS = json.loads(files("flowproof.fixtures").joinpath("integrations/vectors/web_push.json").read_text())
EVENT = {"entityType": "Order", "code": "order_created", "entity": {"id": "O1"}}
NOON = "2024-01-16T12:00:00Z"


def octets(text: str) -> bytes:
    """The bytes of a base64url text."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Chosen(Random):
    """A random source that returns the salt and the key of a known answer."""

    def __init__(self, salt: bytes, key: bytes) -> None:
        super().__init__(0)
        self._salt, self._key = salt, key

    def randbytes(self, n: int) -> bytes:
        """The salt."""
        return self._salt[:n]

    def randrange(self, *_: Any) -> int:
        """The key."""
        return int.from_bytes(self._key, "big")


@pytest.fixture
def make_push(workspace: Workspace, make_integrations: Callable[..., Integrations]) -> Callable[..., Any]:
    """Saves subscriptions and raises an event that pushes to them; returns the execution when all is delivered."""
    workspace.clock.freeze(NOON)

    def make(*subscriptions: Any, title: str = "Hello") -> Any:
        """The execution as the control API shows it."""
        client = make_integrations(workspace)
        for subscription in subscriptions:
            client.save_push_subscription(subscription)
        trigger = client.triggers("Order")[0].guid
        client.configure_workflow(
            "Push", "Order", trigger, {"type": "send_push", "title": title, "message": "ProviderContext"}
        )
        workspace.control("POST", "integrations/events", EVENT)
        workspace.webhooks.wait_until_idle()
        return workspace.control("GET", "integrations/executions")["executions"][-1]

    return make


def test_encryption_gives_the_standards_answer() -> None:
    """The example of RFC 8291 is encrypted to the very bytes that the standard prints."""
    known = VECTORS["encryption"]
    rng = Chosen(octets(known["salt"]), octets(known["sender_private_key"]))
    subscription = Subscription("https://push.example", known["p256dh"], known["auth"])

    assert push.encrypt(known["plaintext"].encode(), subscription, rng) == octets(known["body"])


def test_signature_is_judged_by_the_standards_example() -> None:
    """The verifier that judges our signatures accepts the example of RFC 8292, and no other claims under it."""
    known = VECTORS["authorization"]
    token, key = known["header"].removeprefix("vapid t=").split(", k=")
    head, claims, signature = token.split(".")
    forged = ".".join([head, b64url(octets(claims).replace(b"push@", b"evil@")), signature])

    assert jwt.decode(token, key) == known["claims"]
    with pytest.raises(InvalidSignature):
        jwt.decode(forged, key)


def test_browser_reads_the_push(make_push: Callable[..., Any], make_inbox: Callable[..., Inbox]) -> None:
    """A push arrives at the saved subscription's endpoint, and the browser decrypts the workflow's message."""
    browser = Browser(make_inbox(201))
    execution = make_push(browser.subscription())
    (received,) = browser.inbox.wait()

    assert execution["state"] == "completed"
    assert (received.method, received.header("ttl")) == ("POST", "86400")
    assert browser.read(received) == {
        "title": "Hello",
        "body": "ProviderContext",
        "data": {"event": "order_created", "entityType": "Order", "entityId": "O1"},
    }


def test_push_is_signed_for_its_push_service(
    workspace: Workspace, make_push: Callable[..., Any], make_inbox: Callable[..., Inbox]
) -> None:
    """A push is signed by the account's key, for the origin of the endpoint, and expires within a day of the clock."""
    browser = Browser(make_inbox(201))
    make_push(browser.subscription())
    claims, key = claims_of(browser.inbox.wait()[0])
    shown = workspace.control("GET", "integrations/push")

    assert key == shown["applicationServerKey"]
    assert claims["aud"] == f"http://127.0.0.1:{browser.inbox.port}"
    assert (claims["sub"], claims["exp"] - 1705406400) == ("mailto:operations@dispatch.example.com", 12 * 3600)


def test_every_subscription_gets_its_own_message(
    make_push: Callable[..., Any], make_inbox: Callable[..., Inbox]
) -> None:
    """Two browsers each get a message that only they can read."""
    browsers = [Browser(make_inbox(201, path=f"/{number}")) for number in range(2)]
    execution = make_push(*(each.subscription() for each in browsers))
    pushes = [each.inbox.wait()[0] for each in browsers]

    assert len(execution["deliveries"]) == 2
    assert [each.read(received)["title"] for each, received in zip(browsers, pushes, strict=True)] == ["Hello"] * 2
    with pytest.raises(http_ece.ECEException):
        browsers[0].read(pushes[1])


def test_saved_again_a_subscription_is_replaced(
    make_push: Callable[..., Any], make_inbox: Callable[..., Inbox]
) -> None:
    """A browser that subscribes anew at its endpoint gets one message, for its new keys."""
    inbox = make_inbox(201)
    before, after = Browser(inbox), Browser(inbox, auth=b"fedcba9876543210")
    make_push(before.subscription(), after.subscription())

    assert [after.read(each)["title"] for each in inbox.received] == ["Hello"]


def test_unusable_subscription_does_not_stop_the_others(
    make_push: Callable[..., Any], make_inbox: Callable[..., Inbox]
) -> None:
    """One browser's bad keys fail the execution visibly, and the other browser gets its message all the same."""
    browser = Browser(make_inbox(201))
    keys = {"p256dh": b64url(b"\x04" + bytes(64)), "auth": b64url(bytes(16))}
    execution = make_push({"endpoint": "http://127.0.0.1:9/", "keys": keys}, browser.subscription())

    assert (execution["state"], len(execution["deliveries"])) == ("failed", 1)
    assert execution["errors"] == ["http://127.0.0.1:9/: the subscription's p256dh is no point of the curve P-256"]
    assert browser.read(browser.inbox.wait()[0])["title"] == "Hello"


def test_message_that_is_too_long_fails(make_push: Callable[..., Any], make_inbox: Callable[..., Inbox]) -> None:
    """A message that does not fit into one record is not sent."""
    execution = make_push(Browser(make_inbox(201)).subscription(), title="x" * 4000)

    assert (execution["state"], execution["deliveries"], "3993" in execution["errors"][0]) == ("failed", [], True)


def test_push_service_that_refuses_fails_the_execution(
    workspace: Workspace, make_push: Callable[..., Any], make_inbox: Callable[..., Inbox]
) -> None:
    """A push service that goes on refusing leaves a failed execution with its status."""
    make_push(Browser(make_inbox(403)).subscription())
    for _ in range(3):
        workspace.clock.advance(300)
        workspace.webhooks.wait_until_idle()
    (execution,) = workspace.control("GET", "integrations/executions")["executions"]

    assert (execution["state"], "403" in execution["errors"][0]) == ("failed", True)


def test_same_seed_gives_the_same_bytes(
    make_workspace: Callable[..., Workspace], make_integrations: Callable[..., Integrations]
) -> None:
    """Two workspaces of one id and seed encrypt an event to the same bytes at one moment, a second one to others."""
    subscription = {"endpoint": "http://127.0.0.1:9/", "keys": {}}
    known = VECTORS["encryption"]
    subscription["keys"] = {"p256dh": known["p256dh"], "auth": known["auth"]}
    bodies = []
    for _ in range(2):
        with make_workspace(id="push-of-one-seed", seed="one", clock={"mode": "frozen", "now": NOON}) as workspace:
            client = make_integrations(workspace)
            client.save_push_subscription(subscription)
            client.configure_workflow("Push", "Order", client.triggers("Order")[0].guid, {"type": "send_push"})
            for _ in range(2):
                workspace.control("POST", "integrations/events", EVENT)
            bodies.append([each["webhook"]["body"]["base64"] for each in workspace.webhooks.list()])

    assert bodies[0] == bodies[1]
    assert len(set(bodies[0])) == 2


def test_journal_keeps_no_secret_of_a_push(
    workspace: Workspace, make_push: Callable[..., Any], make_inbox: Callable[..., Inbox]
) -> None:
    """The journal has neither the subscription's secret nor the signature, and not the key that signs."""
    browser = Browser(make_inbox(201))
    make_push(browser.subscription())
    (received,) = browser.inbox.wait()
    token, _ = (received.header("authorization") or "").removeprefix("vapid t=").split(", k=")
    private = workspace.credentials("integrations", "vapid").values["privateKey"]
    journal = json.dumps([workspace.journal.entries(), workspace.journal.har()])

    assert [each in journal for each in (b64url(browser.auth), token, private)] == [False, False, False]


def test_snapshot_has_no_private_key(workspace: Workspace, make_push: Callable[..., Any]) -> None:
    """A snapshot holds subscriptions, and no key that signs."""
    make_push({"endpoint": "http://127.0.0.1:9/", "keys": {"p256dh": "x", "auth": "y"}})
    private = workspace.credentials("integrations", "vapid").values["privateKey"]

    assert private not in json.dumps(workspace.snapshot())


@given(p256dh=st.text(max_size=100) | st.binary(min_size=65, max_size=65).map(b64url), auth=st.text(max_size=30))
def test_any_keys_are_used_or_refused_in_words(p256dh: str, auth: str) -> None:
    """Whatever is saved as keys, encrypting for them gives a body, or an error that says what is wrong with them."""
    try:
        text = f"{len(push.encrypt(b'{}', Subscription('https://push.example', p256dh, auth), Random(0)))} bytes"
    except push.UnusableSubscription as error:
        text = str(error)

    assert "subscription's" in text or text == "105 bytes"


@given(message=st.binary(max_size=3993))
def test_any_message_is_read_again(message: bytes) -> None:
    """Whatever the message, the browser for which it was encrypted reads it again."""
    known = VECTORS["encryption"]
    subscription = Subscription("https://push.example", known["p256dh"], known["auth"])
    body = push.encrypt(message, subscription, Random(7))

    key = ec.derive_private_key(int.from_bytes(octets(known["receiver_private_key"]), "big"), ec.SECP256R1())
    assert http_ece.decrypt(body, private_key=key, auth_secret=octets(known["auth"])) == message
