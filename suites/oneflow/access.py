"""How OneFlow is accessed: its client, the signature of a documented case, and how an order is cancelled afterwards."""

from collections.abc import Mapping
from typing import Any

from flowproof.cases import CaseRequest
from flowproof.clients.oneflow import OneFlow, Signer
from flowproof.clients.oneflow.signing import Algorithm
from flowproof.kit import Leftover
from flowproof.target import Site

__all__ = ["cancel_order", "connect", "sign"]

SIGNED_DATE = "2017-04-08 13:41:19"
"""The date of the document's own signature; OneFlow takes any text."""


def connect(
    site: Site, *, role: str = "default", token: str | None = None, secret: str | None = None, **settings: Any
) -> OneFlow:
    """
    It takes `role` (whose credentials it uses), `token` and `secret` in place of the role's, and every setting of
    `OneFlow`.
    """
    credentials = site.credentials(role)
    return OneFlow(site.url, credentials.key if token is None else token, secret or credentials.secret, **settings)


def sign(site: Site, request: CaseRequest) -> Mapping[str, str]:
    """The signature of method and path, with the date and the algorithm that the case names."""
    credentials = site.credentials()
    named = {name.lower(): value for name, value in request.headers.items()}
    algorithm: Algorithm = "sha256" if named.get("x-oneflow-algorithm", "").lower() == "sha256" else "sha1"
    signer = Signer(credentials.key, credentials.secret, algorithm)
    return signer.headers(request.method, request.path, named.get("x-oneflow-date", SIGNED_DATE))


def cancel_order(client: OneFlow, leftover: Leftover) -> None:
    """Cancel an order that a run left; its sender's name and number are only in the order itself."""
    order = client.order(leftover.what)
    client.cancel(order.source_name or "", order.source_order_id or "")
