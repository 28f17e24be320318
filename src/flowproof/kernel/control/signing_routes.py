"""The control API's operation that signs a request."""

from typing import cast
from urllib.parse import urlencode

import orjson
from flask import Blueprint, current_app

from flowproof.conformance import Contract
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
    contract = control_ctx.app(slug).contract
    role = value.get("role", "default")
    credentials = {each.role: each.shown() for each in mock.workspaces.credentials(chosen, slug)}
    if role not in credentials:
        raise ConfigurationError(f"{slug} has no role {role} here.", f"There are: {', '.join(credentials)}.")
    base_url = control_ctx.provider_url(slug, workspace=chosen.id)
    request = RequestToSign(
        slug,
        base_url,
        credentials[role],
        value["method"],
        value["path"],
        value.get("query", {}),
        {
            **_content_type(contract, value["method"], value["path"], has_body="body" in value),
            **value.get("headers", {}),
        },
        orjson.dumps(value["body"]) if "body" in value else None,
    )
    query = f"?{urlencode(request.query)}" if request.query else ""
    return SigningJob(_signer(), request, f"{base_url}{request.path}{query}")


def _content_type(contract: Contract, method: str, path: str, *, has_body: bool) -> dict[str, str]:
    """The header that an operation documents for its request body; some providers ask for it without a body, too."""
    match = contract.operations.find(method, path)
    described = contract.document["paths"][match.operation.path][method.lower()] if match is not None else {}
    documented = next(iter(described.get("requestBody", {}).get("content", {})), None)
    preferred = (match.operation.json_body if match is not None else None) or documented
    chosen = preferred or ("application/json" if has_body else None)
    return {} if chosen is None else {"Content-Type": chosen}


def _signer() -> Signer:
    signer = cast("Signer | None", current_app.signer)  # type: ignore[attr-defined]  # (our own Flask subclass)
    if signer is None:
        raise ConfigurationError("This server cannot sign requests.", "Start it with flowproof serve.")
    return signer
