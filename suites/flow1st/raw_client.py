"""Requests that the client would not send: signed by the test, wrongly, or not at all."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import requests

from flowproof.clients.flow1st import Flow1st
from flowproof.target import Credentials

__all__ = [
    "AUTHENTICATION",
    "CATALOG",
    "ORDER",
    "ORDER_TYPE",
    "PRODUCT_TYPE",
    "REFRESH",
    "TOKEN",
    "TYPES",
    "VALIDATION",
    "RawClient",
    "hex_hmac",
    "refusal",
]

TOKEN, REFRESH = "/api/distributors/auth/token", "/api/distributors/auth/refresh"
CATALOG = "/api/distributors/products"
VALIDATION, ORDER = "/api/orders/distributors/user-validation", "/api/orders/distributors/order-complete"
AUTHENTICATION = "application/vnd.carry1st.products.distributorauthentication+json"
PRODUCT_TYPE = "application/vnd.carry1st.products.distributorproduct+json"
ORDER_TYPE = "application/vnd.carry1st.order.distributor+json"
TYPES = {
    TOKEN: AUTHENTICATION,
    REFRESH: AUTHENTICATION,
    CATALOG: PRODUCT_TYPE,
    VALIDATION: ORDER_TYPE,
    ORDER: ORDER_TYPE,
}
TIMEOUT_S = 30.0


def hex_hmac(key: str, message: bytes) -> str:
    """The lower-case hex HMAC-SHA256 of a message."""
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


class RawClient:
    """
    Sends requests that a test composes, through the client's own session, so that each exchange is checked.

    Args:
        flow1st: Whose session and base URL.
        credentials: What to present.
        now: The timestamp to sign with.
    """

    def __init__(self, flow1st: Flow1st, credentials: Credentials, now: Callable[[], str]) -> None:
        self.flow1st = flow1st
        self.key = credentials.key
        self.secret = credentials.secret
        self.signing_key = str(credentials.values.get("signing_key", ""))
        self.now = now
        self._access: str | None = None

    @property
    def access(self) -> str:
        """An access token, requested when it is first needed."""
        if self._access is None:
            self._access = self.flow1st.authenticate().access
        return self._access

    def signed(self, body: bytes, timestamp: str | None = None) -> dict[str, str]:
        """The valid signature headers for a body."""
        at = timestamp or self.now()
        return {"X-SIGNATURE": hex_hmac(self.signing_key, at.encode() + body), "X-TIMESTAMP": at}

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | str = "",
        body: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> requests.Response:
        """
        Send one request, valid unless the headers say otherwise.

        Args:
            method: Of HTTP.
            path: From `/api` on.
            query: Parameters, or their text.
            body: Bytes.
            headers: Go over the right ones; None takes one away.
        """
        right: dict[str, str | None] = {"Content-Type": TYPES.get(path)}
        if path not in {TOKEN, REFRESH}:
            right["AccessToken"] = f"Bearer {self.access}"
        if path == ORDER:
            right |= self.signed(body or b"")
        given = {name: value for name, value in {**right, **(headers or {})}.items() if value is not None}
        text = query if isinstance(query, str) else urlencode(query)
        url = f"{self.flow1st.base_url}{path}{'?' + text if text else ''}"
        basic = (self.key, self.secret) if path == TOKEN and "Authorization" not in (headers or {}) else None
        session = self.flow1st.session
        prepared = session.prepare_request(
            requests.Request(method, url, data=body, headers=given, auth=basic or _unchanged)
        )
        settings = session.merge_environment_settings(url, {}, None, None, None)
        return session.send(prepared, timeout=TIMEOUT_S, allow_redirects=False, **settings)

    def order(self, order: Mapping[str, Any], *, headers: Mapping[str, str | None] | None = None) -> requests.Response:
        """Send an order as JSON, validly signed unless the headers say otherwise."""
        return self.send("POST", ORDER, body=json.dumps(order).encode(), headers=headers)


def refusal(answer: requests.Response) -> int:
    """The status of an error body; which code stands for what is published nowhere, only what it looks like."""
    body = answer.json()
    assert body["errorCode"].replace("_", "").isupper()
    assert body["errorMessage"]
    assert body["sessionId"]
    return answer.status_code


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps a .netrc file from adding credentials."""
    return request
