"""The webhook of a new booking. An inbox on loopback receives it, so a target elsewhere skips these tests."""

from collections.abc import Callable
from typing import Any

import pytest

from flowproof.inbox import Inbox
from flowproof.target import Workspace

from ..client import Acme, is_genuine

Draft = Callable[..., dict[str, Any]]


@pytest.mark.requirement("acme.webhook.created", "acme.webhook.signature")
def test_new_booking_is_notified(workspace: Workspace, acme: Acme, draft: Draft, inbox: Inbox) -> None:
    """A new booking is notified once, whole, and signed over its exact bytes at that moment."""
    booking = acme.create(draft(notifyUrl=inbox.url)).json()
    (received,) = inbox.wait()
    secret = workspace.credentials("acme").secret
    now = workspace.clock.now().timestamp()

    assert received.json == {"event": "booking.created", "booking": booking}
    assert is_genuine(received.header("x-signature") or "", received.body, secret, now=now)
    assert not is_genuine(received.header("x-signature") or "", received.body + b" ", secret, now=now)


@pytest.mark.requirement("acme.webhook.created")
def test_refused_booking_is_not_notified(workspace: Workspace, acme: Acme, draft: Draft, inbox: Inbox) -> None:
    """A booking that was refused is not notified, and neither is one without a URL."""
    acme.create(draft(guests=9, notifyUrl=inbox.url))
    acme.create(draft())
    workspace.webhooks.wait_until_idle()

    assert inbox.received == ()
