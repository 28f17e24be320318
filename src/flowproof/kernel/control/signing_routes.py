"""The control API's operations that sign a request, and that send a signed one."""

from typing import cast
from urllib.parse import urlencode

import orjson
from flask import Blueprint, current_app

from flowproof.conformance import Contract
from flowproof.errors import ConfigurationError

from .context import control_ctx
from .signing import RequestToSign, SendingJob, Signer, SigningJob

__all__ = ["signing_routes"]

signing_routes = Blueprint("signing", __name__)


@signing_routes.post("/sign")  # type: ignore[type-var]  # (our own Flask subclass takes the job as it is)
def sign_request(workspace: str) -> SigningJob:
    """Sign a request as a client of the workspace; it is not sent."""
    return _signing(workspace)


@signing_routes.post("/send")  # type: ignore[type-var]  # (the same)
def send_request(workspace: str) -> SendingJob:
    """Sign a request as a client of the workspace and send it, so that its secrets stay here."""
    return SendingJob(_signing(workspace), control_ctx.wire.header("host") or "localhost")


def _signing(workspace: str) -> SigningJob:
    value, mock = control_ctx.json, control_ctx.mock
    slug, chosen = value["provider"], control_ctx.workspace(workspace)
    contract = control_ctx.app(slug).contract
    if "body" in value and "text" in value:
        raise ConfigurationError("A request has one body, and body and text are two.", "Leave one of them out.")
    role = value.get("role", "default")
    credentials = {each.role: each.shown() for each in mock.workspaces.credentials(chosen, slug)}
    if role is not None and role not in credentials:
        raise ConfigurationError(f"{slug} has no role {role} here.", f"There are: {', '.join(credentials)}.")
    place = f"/w/{chosen.id}/{slug}"
    body = orjson.dumps(value["body"]) if "body" in value else value["text"].encode() if "text" in value else None
    content_type = _content_type(contract, value["method"], value["path"], has_body=body is not None)
    request = RequestToSign(
        slug,
        f"{control_ctx.base_url}{place}",
        None if role is None else credentials[role],
        value["method"],
        value["path"],
        value.get("query", {}),
        {**content_type, **value.get("headers", {})},
        body,
    )
    return SigningJob(_signer(), request, place, urlencode(request.query))


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
