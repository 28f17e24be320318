"""
A client of Acme, made from its OpenAPI document. It stands on `requests` and on nothing of Flowproof.
"""

from collections.abc import Mapping
from typing import Any

import requests

__all__ = ["Acme", "credentials"]

TIMEOUT_S = 30.0


def credentials(token: str, secret: str) -> tuple[dict[str, str], dict[str, str]]:
    """The headers and the parameters of a query that prove who sends a request."""
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    headers["Authorization"] = f"Bearer {token}"
    return headers, query


class Acme:
    """
    A client of the provider.

    Args:
        base_url: Without a slash at its end.
        token: For every request; None sends no credentials.
        secret: The password of basic authentication.
        session: Of requests.
    """

    def __init__(
        self, base_url: str, token: str | None, secret: str = "", session: requests.Session | None = None
    ) -> None:
        self.base_url = base_url
        self.token = token
        self.secret = secret
        self.session = session or requests.Session()

    def close(self) -> None:
        """Close its connections."""
        self.session.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        json: Any = None,
    ) -> requests.Response:
        """One request; whatever is answered is returned."""
        known, named = ({}, {}) if self.token is None else credentials(self.token, self.secret)
        return self.session.request(
            method,
            self.base_url + path,
            params={**(query or {}), **named},
            headers={**known, **(headers or {})},
            data=body,
            json=json,
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
