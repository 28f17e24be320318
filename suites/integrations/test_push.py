"""Push messages: encrypted for one browser, and signed by the account."""

from collections.abc import Callable
from functools import partial

import http_ece
import pytest

from flowproof.clients.integrations import Integrations
from flowproof.inbox import Inbox
from flowproof.target import Workspace

from .browser import Browser, claims_of
from .events import Events

NOON = "2024-01-16T12:00:00Z"
ORDER = {"id": "O1", "status": "new"}


def push_to(workspace: Workspace, integrations: Integrations, *browsers: Browser) -> None:
    """Save browsers' subscriptions, raise an event that pushes to them, and wait for the deliveries."""
    workspace.clock.freeze(NOON)
    trigger = integrations.triggers("Order")[0].guid
    integrations.configure_workflow("Push", "Order", trigger, {"type": "send_push", "title": "New", "message": "order"})
    for browser in browsers:
        integrations.save_push_subscription(browser.subscription())
    Events(workspace).happen("Order", "order_created", ORDER)
    workspace.webhooks.wait_until_idle()


@pytest.fixture
def push(workspace: Workspace, integrations: Integrations) -> Callable[..., None]:
    """Pushes to browsers from the account under test."""
    return partial(push_to, workspace, integrations)


@pytest.mark.requirement(
    "integrations.push.encrypted", "integrations.action.push_sent", "integrations.action.push_text"
)
def test_push_is_read_by_its_browser(push: Callable[..., None], inbox: Inbox, events: Events) -> None:
    """
    A push arrives at the saved endpoint in the coding aes128gcm, and the browser reads its title and message.
    """
    browser = Browser(inbox)
    push(browser)
    (received,) = inbox.wait()

    assert (received.method, received.header("content-encoding")) == ("POST", "aes128gcm")
    assert {"title": "New", "body": "order"}.items() <= browser.read(received).items()
    assert [each["state"] for each in events.executions()] == ["completed"]


@pytest.mark.requirement("integrations.push.vapid")
def test_push_is_signed_by_the_account(push: Callable[..., None], inbox: Inbox, workspace: Workspace) -> None:
    """
    A push is signed by the account's key for the origin of the endpoint, and expires within a day.
    """
    push(Browser(inbox))
    claims, key = claims_of(inbox.wait()[0])
    noon = 1705406400

    assert key == workspace.control("GET", "integrations/push")["applicationServerKey"]
    assert claims["aud"] == f"http://127.0.0.1:{inbox.port}"
    assert noon < claims["exp"] <= noon + 86_400


@pytest.mark.requirement("integrations.push.saved", "integrations.push.encrypted")
def test_push_goes_to_every_browser(push: Callable[..., None], make_inbox: Callable[..., Inbox]) -> None:
    """
    Every saved subscription gets the message, each in a form that no other browser can read.
    """
    browsers = [Browser(make_inbox(), number) for number in (1, 2)]
    push(*browsers)
    one, two = (each.inbox.wait()[0] for each in browsers)

    assert [browsers[0].read(one)["title"], browsers[1].read(two)["title"]] == ["New", "New"]
    with pytest.raises(http_ece.ECEException):
        browsers[0].read(two)


@pytest.mark.requirement("integrations.push.encrypted")
def test_no_two_pushes_are_encrypted_alike(push: Callable[..., None], inbox: Inbox, events: Events) -> None:
    """
    The same message twice has another salt and another key each time: whoever sees both learns nothing.
    """
    push(Browser(inbox))
    events.happen("Order", "order_created", ORDER)
    one, two = (each.body for each in inbox.wait(2))

    assert one[:16] != two[:16]
    assert one[21:86] != two[21:86]


@pytest.mark.requirement("integrations.push.unusable_key", "integrations.push.saved")
def test_unusable_key_keeps_nobody_from_theirs(
    push: Callable[..., None], integrations: Integrations, inbox: Inbox, events: Events
) -> None:
    """
    Beside a subscription with unusable keys the others get their message, and the execution fails visibly.
    """
    browser = Browser(inbox)
    keys = {"p256dh": "public-key-string", "auth": "auth-secret-string"}
    integrations.save_push_subscription({"endpoint": "http://127.0.0.1:9/push", "keys": keys})
    push(browser)
    (received,) = inbox.wait()

    assert browser.read(received)["title"] == "New"
    assert [each["state"] for each in events.executions()] == ["failed"]


@pytest.mark.requirement("integrations.push.vapid", "integrations.auth.account")
def test_accounts_sign_with_keys_of_their_own(
    workspace: Workspace,
    make_workspace: Callable[..., Workspace],
    make_integrations: Callable[..., Integrations],
    make_inbox: Callable[..., Inbox],
) -> None:
    """
    Two accounts sign their pushes with two keys.
    """
    accounts, inboxes = (workspace, make_workspace()), (make_inbox(), make_inbox())
    for account, inbox in zip(accounts, inboxes, strict=True):
        push_to(account, make_integrations(account), Browser(inbox))

    assert len({claims_of(each.wait()[0])[1] for each in inboxes}) == 2


@pytest.mark.requirement("integrations.push.replaced")
def test_subscription_saved_again_is_replaced(push: Callable[..., None], inbox: Inbox) -> None:
    """
    A browser that subscribes anew at the same endpoint gets one message, for its new keys.
    """
    before, after = Browser(inbox, 1), Browser(inbox, 2)
    push(before, after)

    assert [after.read(each)["title"] for each in inbox.received] == ["New"]


@pytest.mark.requirement("integrations.push.saved", "integrations.auth.account")
def test_push_goes_to_no_other_account(
    push: Callable[..., None],
    make_inbox: Callable[..., Inbox],
    make_workspace: Callable[..., Workspace],
    make_integrations: Callable[..., Integrations],
) -> None:
    """
    A subscription that another account has saved gets nothing.
    """
    mine, other = Browser(make_inbox(), 1), Browser(make_inbox(), 2)
    make_integrations(make_workspace()).save_push_subscription(other.subscription())
    push(mine)

    assert (len(mine.inbox.received), other.inbox.received) == (1, ())
