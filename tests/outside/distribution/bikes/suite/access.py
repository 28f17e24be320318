"""How the provider is accessed: its client, the headers of a documented case, and what is removed afterwards."""

from collections.abc import Mapping
from typing import Any

import requests

from flowproof.cases import CaseRequest
from flowproof.kit import Leftover
from flowproof.target import Site

from ..client import Bikes  # noqa: TID252 (in this checkout the package has another name)

__all__ = ["connect", "end_rental", "sign"]


def connect(site: Site, *, role: str = "default", session: requests.Session | None = None, **settings: Any) -> Bikes:
    """It takes `role` (whose token it uses) and `token` in place of the role's; None sends no token."""
    return Bikes(site.url, settings.get("token", site.credentials(role).key), session)


def sign(site: Site, _request: CaseRequest) -> Mapping[str, str]:
    """The token."""
    return {"Authorization": f"Bearer {site.credentials().key}"}


def end_rental(client: Bikes, leftover: Leftover) -> None:
    """End a rental that a run left."""
    client.end(leftover.parameter("rentalId")).raise_for_status()
