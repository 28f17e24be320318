"""How the Integrations API is accessed: its client, the headers of a documented case, what is removed afterwards."""

from collections.abc import Mapping
from typing import Any

from flowproof.cases import CaseRequest
from flowproof.clients import NotFound
from flowproof.clients.integrations import Integrations
from flowproof.kit import Leftover
from flowproof.target import Site

__all__ = ["connect", "delete_workflow", "remove_integration", "sign", "undo"]


def connect(site: Site, *, role: str = "default", token: str | None = None, **settings: Any) -> Integrations:
    """
    It takes `role` (whose token it uses: `default` for an API token, `user` for a user token), `token` in place of the
    role's, and every setting of `Integrations`.
    """
    return Integrations(site.url, token or site.credentials(role).key, **settings)


def sign(site: Site, _request: CaseRequest) -> Mapping[str, str]:
    """An API token."""
    return {"Authorization": f"Bearer {site.credentials().key}"}


def delete_workflow(client: Integrations, leftover: Leftover) -> None:
    """Delete a workflow that a run left."""
    client.delete(leftover.parameter("guid"))


def remove_integration(client: Integrations, leftover: Leftover) -> None:
    """Undo an integration that a run left."""
    undo(client, leftover.parameter("businessProviderId"))


def undo(client: Integrations, guid: str) -> None:
    """Remove an integration, or disable it: of another type than e-commerce it cannot be removed."""
    try:
        client.remove(guid)
    except NotFound:
        client.disable(guid)
