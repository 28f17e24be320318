"""How Dots.eco is accessed with an account's credentials: its client, and the headers of a documented case."""

from collections.abc import Mapping
from typing import Any

from flowproof.cases import CaseRequest
from flowproof.clients.dots_eco import DotsEco
from flowproof.target import Site

__all__ = ["connect", "sign"]


def connect(site: Site, *, role: str = "default", token: str | None = None, **settings: Any) -> DotsEco:
    """
    It takes `role` (whose token it uses), `token` in place of the role's, and every setting of `DotsEco`.
    """
    return DotsEco(site.url, token or site.credentials(role).key, **settings)


def sign(site: Site, _request: CaseRequest) -> Mapping[str, str]:
    """The token that buys."""
    return {"auth-token": site.credentials().key}
