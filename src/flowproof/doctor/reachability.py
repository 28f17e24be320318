"""Whether webhooks that a sandbox sends would arrive here: one is sent, by ourselves, the way that it would go."""

import secrets
from contextlib import ExitStack

import requests

from flowproof.inbox import Inbox, NothingCame
from flowproof.target.profile import ProfileEntry

from .address import TIMEOUT_S
from .check import Check, not_checked, ok, wrong

__all__ = ["check_webhooks"]

NAME = "webhooks"
HEADER = "Flowproof-Doctor"


def check_webhooks(entry: ProfileEntry, *, session: requests.Session) -> Check:
    """Send a request to the profile's ``webhook_url`` and wait for it in an inbox on its ``webhook_port``."""
    address = entry.site.webhook_url
    if address is None:
        return not_checked(NAME, "the profile names no webhook_url")
    token = secrets.token_urlsafe(16)
    with ExitStack() as stack:
        try:
            inbox = stack.enter_context(Inbox(204, port=entry.site.webhook_port))
        except OSError as error:
            fix = "Stop what listens there, or name another webhook_port."
            return wrong(NAME, f"port {entry.site.webhook_port} cannot be listened on: {error.strerror or error}", fix)
        try:
            answer = session.post(address, headers={HEADER: token}, timeout=TIMEOUT_S, allow_redirects=False)
        except requests.RequestException as error:
            fix = f"Start the tunnel that leads from there to port {inbox.port} of this machine."
            return wrong(NAME, f"webhook_url cannot be reached: {type(error).__name__}", fix)
        try:
            inbox.wait(1, where=lambda received: received.header(HEADER) == token, timeout_s=1)
        except NothingCame:
            fix = f"Let the tunnel lead to port {inbox.port} of this machine."
            return wrong(NAME, f"webhook_url answered {answer.status_code}, but nothing arrived here", fix)
    return ok(NAME, "what is sent to webhook_url arrives here")
