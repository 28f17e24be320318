"""How Otter is accessed: an application's client, the token of a documented case, and what is removed afterwards."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import requests

from flowproof.cases import CaseRequest
from flowproof.clients.otter import ONBOARDING, Otter, Token
from flowproof.kit import Leftover
from flowproof.target import PreconditionMissing, Site

__all__ = ["connect", "delete_connection", "sign", "token_of"]

TIMEOUT_S = 30.0
TOKEN_PATH = "/v1/auth/token"
NO_USER = "has no token of a user: set FLOWPROOF_OTTER_ACCESS_TOKEN, or the role access in a profile"


def connect(site: Site, *, role: str = "default", client_secret: str | None = None, **settings: Any) -> Otter:
    """
    It takes `role` (which application it is), `client_secret` in place of the role's, and every setting of `Otter`.
    """
    credentials = site.credentials(role)
    settings.setdefault("redirect_uri", credentials.values.get("redirect_uri"))
    return Otter(site.url, credentials.key, client_secret or credentials.secret, **settings)


def sign(site: Site, request: CaseRequest) -> Mapping[str, str]:
    """
    A token of a user with every scope of onboarding: that of the role `access`, else a new one of the first user.

    A mock permits at once to whoever is no browser. Where tokens are given, these are the application's own
    credentials, unless the request names them.

    Raises:
        PreconditionMissing: The account has no such role, and a person has to give the permission.
    """
    if request.path.startswith("/v1/auth/"):
        is_named = request.path != TOKEN_PATH or b"client_secret=" in (request.body or b"")
        return {} if is_named else {"Authorization": _basic(site)}
    if "access" in site.keys:
        return {"Authorization": f"Bearer {site.credentials('access').key}"}
    if not site.credentials().values.get("redirect_uri"):
        raise PreconditionMissing(site.url, NO_USER)
    with requests.Session() as session:
        session.trust_env = False
        otter = connect(site, session=session)
        authorization = otter.authorization()
        answer = session.get(authorization.url, allow_redirects=False, timeout=TIMEOUT_S)
        if "Location" not in answer.headers:
            raise PreconditionMissing(site.url, NO_USER)
        token = otter.exchange(authorization, answer.headers["Location"])
    return {"Authorization": f"Bearer {token.access_token}"}


def _basic(site: Site) -> str:
    """Key and secret as a form writes them (RFC 6749, 2.3.1)."""
    credentials = site.credentials()
    pair = f"{quote_plus(credentials.key)}:{quote_plus(credentials.secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def token_of(access_token: str) -> Token:
    """A token of a user that the account's credentials have under the role `access`; its expiry is not known."""
    return Token(access_token, ONBOARDING, datetime.max.replace(tzinfo=UTC), {})


def delete_connection(client: Otter, leftover: Leftover) -> None:
    """Delete a store's connection that a run left, with the user's token."""
    user = client.as_user(token_of(leftover.site.credentials("access").key))
    user.disconnect(leftover.parameter("brandId"), leftover.parameter("storeId"))
