"""How Flow1st is accessed with an account's credentials: its client, and the headers of a documented case."""

import base64
from collections.abc import Mapping
from typing import Any

import requests

from flowproof.cases import CaseRequest
from flowproof.clients.flow1st import Flow1st, Signer
from flowproof.target import Site

__all__ = ["connect", "list_prices", "sign"]


def connect(
    site: Site,
    *,
    role: str = "default",
    api_key: str | None = None,
    api_secret: str | None = None,
    signing_key: str | None = None,
    **settings: Any,
) -> Flow1st:
    """
    It takes `role` (`default` for staging, `production`), `api_key`, `api_secret` and `signing_key` in place of the
    role's, and every setting of `Flow1st`.
    """
    credentials = site.credentials(role)
    return Flow1st(
        site.url,
        credentials.key if api_key is None else api_key,
        api_secret or credentials.secret,
        signing_key or credentials.values.get("signing_key", ""),
        **settings,
    )


def list_prices(client: Flow1st) -> None:
    """The catalog has the price of every bundle."""
    client.products()


def sign(site: Site, request: CaseRequest) -> Mapping[str, str]:
    """Key and secret for a token, else a new token; a body is signed with the timestamp that its case names."""
    credentials = site.credentials()
    if request.path.startswith("/api/distributors/auth/"):
        pair = f"{credentials.key}:{credentials.secret}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    with requests.Session() as session:
        session.trust_env = False
        token = connect(site, session=session).authenticate()
    headers = {"AccessToken": f"Bearer {token.access}"}
    timestamp = next((value for name, value in request.headers.items() if name.upper() == "X-TIMESTAMP"), None)
    if request.body is None or timestamp is None:
        return headers
    return {**headers, **Signer(credentials.values["signing_key"]).headers(timestamp, request.body)}
