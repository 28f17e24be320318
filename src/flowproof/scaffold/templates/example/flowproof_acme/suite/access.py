"""How the provider is accessed: its client, the headers of a documented case, and what is removed afterwards."""

from collections.abc import Mapping
from typing import Any

import requests

from flowproof.cases import CaseRequest
from flowproof.kit import Leftover
from flowproof.target import Site

from ..client import Acme

__all__ = ["cancel_booking", "connect", "sign"]


def connect(site: Site, *, role: str = "default", session: requests.Session | None = None, **settings: Any) -> Acme:
    """It takes `role` (whose token it uses) and `token` in place of the role's; None sends no token."""
    token = settings["token"] if "token" in settings else site.credentials(role).key
    return Acme(site.url, token, session)


def sign(site: Site, _request: CaseRequest) -> Mapping[str, str]:
    """The token."""
    return {"Authorization": f"Bearer {site.credentials().key}"}


def cancel_booking(client: Acme, leftover: Leftover) -> None:
    """Cancel a booking that a run left."""
    client.cancel(leftover.parameter("bookingId")).raise_for_status()
