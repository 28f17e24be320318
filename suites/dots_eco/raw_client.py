"""Requests that the client would not send, and their responses reduced to documented members."""

import json
from collections.abc import Mapping
from typing import Any

import requests

from flowproof.clients.dots_eco import DotsEco
from flowproof.target import Target

from .setup import APPLICATION, SKU

__all__ = ["ADD", "NOT_A_MANAGER", "NO_LIST", "NO_PURCHASE", "RawClient", "RawResponse", "compact", "invalid"]

ADD = "/api/v1/flow-card/add"
TIMEOUT_S = 30.0

NOT_A_MANAGER = {"message": "Access denied. You are not a manager of specified application."}
NO_PURCHASE = {"message": "Access denied. Flow gift card purchase is not allowed for specified application's company."}
NO_LIST = {"message": "Please provide valid app_token value and auth-token header."}


def invalid(**messages: str) -> dict[str, Any]:
    """The documented body of a 422, with one message a parameter; `sender` stands for `from`."""
    errors = {"from" if name == "sender" else name: [message] for name, message in messages.items()}
    return {"success": False, "errors": errors}


def compact(body: Any) -> bytes:
    """A documented body as bytes, with its members in order and without whitespace."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


DOCUMENTED = frozenset(
    {
        *("message", "success", "errors", "response", "balance"),
        *("sku", "title", "redeem_url", "card_image", "redeem_instructions", "code", "card_id", "amount"),
        *("expiration_date", "recipient_email", "recipient_name", "from"),
    }
)
"""Every member that a page names. A server may send further ones, and its members in any order: that is no fault."""


class RawResponse:
    """
    A response without the members that no page names.

    Args:
        response: As it came.
    """

    def __init__(self, response: requests.Response) -> None:
        self.status_code = response.status_code
        self.headers = response.headers
        self.content = response.content
        self.request = response.request
        self.ok = response.ok

    def json(self) -> Any:
        return _documented(json.loads(self.content))


def _documented(value: Any) -> Any:
    if isinstance(value, list):
        return [_documented(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: each if name == "errors" else _documented(each) for name, each in value.items() if name in DOCUMENTED}


class RawClient:
    """
    Sends requests that a test composes, through the client's own session, so that each exchange is checked.

    Args:
        dots_eco: Whose session and base URL.
        target: Whose tokens.
    """

    def __init__(self, dots_eco: DotsEco, target: Target) -> None:
        self.dots_eco = dots_eco
        self.target = target

    def token(self, role: str = "default") -> str:
        return self.target.credentials("dots_eco", role).key

    def send(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str | None] | None = None
    ) -> RawResponse:
        """
        Send one request, with the usual token unless the headers say otherwise.

        Args:
            method: Of HTTP.
            path: From `/api` on.
            body: Bytes, sent as JSON unless the headers say otherwise.
            headers: Go over the right ones; None takes one away.
        """
        right: dict[str, str | None] = {"auth-token": self.token()}
        if body is not None:
            right["Content-Type"] = "application/json"
        given = {name: value for name, value in {**right, **(headers or {})}.items() if value is not None}
        url = self.dots_eco.base_url + path
        return RawResponse(
            self.dots_eco.session.request(
                method, url, data=body, headers=given, timeout=TIMEOUT_S, allow_redirects=False
            )
        )

    def add(self, body: Any, token: str | None = None) -> RawResponse:
        """Request a card with any JSON as body."""
        headers = {} if token is None else {"auth-token": token}
        return self.send("POST", ADD, body=json.dumps(body).encode(), headers=headers)

    def card(self, **parameters: Any) -> RawResponse:
        """Request a card of the document's application and SKU, with further parameters; `sender` stands for `from`."""
        named = {"from" if name == "sender" else name: value for name, value in parameters.items()}
        return self.add({"app_token": APPLICATION, "sku": SKU, **named})

    def same(self, answer: RawResponse, body: Any) -> bool:
        """Whether a body is the expected one: on a mock to the letter, elsewhere in the members that a page names."""
        return answer.content == compact(body) if self.target.workspace is not None else bool(answer.json() == body)

    def listed(self, app_token: str, token: str | None = None) -> RawResponse:
        headers = {} if token is None else {"auth-token": token}
        return self.send("GET", f"/api/v1/flow-card/list/{app_token}", headers=headers)

    def balance(self, app_token: str, token: str | None = None) -> RawResponse:
        headers = {} if token is None else {"auth-token": token}
        return self.send("GET", f"/api/v1/application-balance/{app_token}", headers=headers)
