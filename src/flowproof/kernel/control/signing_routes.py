"""The control API's operation that signs a request."""

from typing import cast
from urllib.parse import urlencode

import orjson
from flask import Blueprint, current_app

from flowproof.errors import ConfigurationError

from .context import control_ctx
from .signing import RequestToSign, Signer, SigningJob

__all__ = ["signing_routes"]

signing_routes = Blueprint("signing", __name__)


@signing_routes.post("")  # type: ignore[type-var]  # (our own Flask subclass takes the job as it is)
def sign_request(workspace: str) -> SigningJob:
    """Sign a request as a client of the workspace; it is not sent."""
    value, mock = control_ctx.json, control_ctx.mock
    slug, chosen = value["provider"], control_ctx.workspace(workspace)
    control_ctx.app(slug)
    role = value.get("role", "default")
    credentials = {each.role: each.shown() for each in mock.workspaces.credentials(chosen, slug)}
    if role not in credentials:
        raise ConfigurationError(f"{slug} has no role {role} here.", f"There are: {', '.join(credentials)}.")
    base_url = f"{control_ctx.base_url}/w/{chosen.id}/{slug}"
    request = RequestToSign(
        slug,
        base_url,
        credentials[role],
        value["method"],
        value["path"],
        value.get("query", {}),
        value.get("headers", {}),
        orjson.dumps(value["body"]) if "body" in value else None,
    )
    query = f"?{urlencode(request.query)}" if request.query else ""
    return SigningJob(_signer(), request, f"{base_url}{request.path}{query}")


def _signer() -> Signer:
    signer = cast("Signer | None", current_app.signer)  # type: ignore[attr-defined]  # (our own Flask subclass)
    if signer is None:
        raise ConfigurationError("This server cannot sign requests.", "Start it with flowproof serve.")
    return signer
