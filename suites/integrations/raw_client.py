"""Requests that the client would not send."""

import json
from collections.abc import Mapping
from typing import Any

import requests

from flowproof.clients.integrations import Integrations
from flowproof.target import Credentials

__all__ = ["CONFIGURE", "CONFIGURE_WORKFLOW", "SAVE_SUBSCRIPTION", "TRIGGERS", "RawClient", "error_of"]

CONFIGURE = "/api/integrations/provider/configure"
SAVE_SUBSCRIPTION = "/api/integrations/save-vapid-subscription"
CONFIGURE_WORKFLOW = "/api/workflows/configure"
TRIGGERS = "/api/workflows/triggers/Order"
TIMEOUT_S = 30.0


class RawClient:
    """
    Sends requests that a test composes, through the client's own session, so that each exchange is checked.

    Args:
        integrations: Whose session and base URL.
        credentials: Whose token.
    """

    def __init__(self, integrations: Integrations, credentials: Credentials) -> None:
        self._integrations = integrations
        self.token = credentials.key

    def send(
        self,
        method: str,
        path: str,
        *,
        value: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
        query: str = "",
    ) -> requests.Response:
        """
        Send one request, with the token unless the headers say otherwise.

        Args:
            method: Of HTTP.
            path: From `/api` on.
            value: Sent as JSON.
            body: Bytes, in place of a value.
            headers: Go over the right ones; None takes one away.
            query: Without the question mark.
        """
        sent = body if value is None else json.dumps(value).encode()
        right: dict[str, str | None] = {"Authorization": f"Bearer {self.token}"}
        if sent is not None:
            right["Content-Type"] = "application/json"
        given = {name: each for name, each in {**right, **(headers or {})}.items() if each is not None}
        url = f"{self._integrations.base_url}{path}{'?' + query if query else ''}"
        return self._integrations.session.request(
            method, url, data=sent, headers=given, timeout=TIMEOUT_S, allow_redirects=False
        )


def error_of(answer: requests.Response) -> tuple[int, str, str]:
    """Status, code and message of a documented error body, which has no data."""
    body = answer.json()
    assert (body["success"], "data" in body) == (False, False)
    return answer.status_code, body["error"]["code"], body["error"]["message"]
