"""How the provider is accessed: its client, the headers of a documented case, and what is removed afterwards."""

from collections.abc import Mapping
from typing import Any

import requests

from flowproof.cases import CaseRequest
from flowproof.kit import Leftover
from flowproof.target import Site

from ..client import Acme, credentials

__all__ = ["connect", "remove", "sign"]


def connect(site: Site, *, role: str = "default", session: requests.Session | None = None, **settings: Any) -> Acme:
    """It takes `role` (whose token it uses) and `token` in place of the role's; None sends no credentials."""
    known = site.credentials(role)
    token = settings.get("token", known.key)
    return Acme(site.url, token, str(known.values.get("secret", "")), session)


def sign(site: Site, _request: CaseRequest) -> Mapping[str, str]:
    """The headers of the credentials."""
    known = site.credentials()
    headers, _ = credentials(known.key, str(known.values.get("secret", "")))
    return headers


def remove(client: Acme, leftover: Leftover, *, path: str) -> None:
    """Remove what a run left: the path is the template of the removing operation."""
    for name, value in leftover.parameters.items():
        path = path.replace(f"{{{name}}}", value)
    client.send("DELETE", path).raise_for_status()
