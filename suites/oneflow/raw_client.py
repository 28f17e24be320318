"""Requests that the client would not send: signed by the test, wrongly, or not at all."""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import unquote

import requests

from flowproof.clients.oneflow import OneFlow
from flowproof.target import Credentials

__all__ = [
    "DOCUMENTED_DATE",
    "NOT_FOUND",
    "RawClient",
    "comparable",
    "error_of",
    "hex_hmac",
    "losses",
    "undisturbed",
]

DOCUMENTED_DATE = "2014-03-10 17:16:18"
NOT_FOUND = {
    "success": False,
    "error": {"message": "Couldn't find a thing with that ID", "name": "NotFound", "code": 404},
}
"""The document's 404, to the letter."""

VALIDATION_FAILED = 208
ORDER_DATA = {"sourceOrderId", "customerName", "extraData", "items", "stockItems", "shipments"}
JSON = "application/json"
TIMEOUT_S = 30.0

State = TypeVar("State")
Found = TypeVar("Found")


def hex_hmac(secret: str, signed: str, digest: str = "sha1") -> str:
    """The lower-case hex HMAC of a text."""
    return hmac.new(secret.encode(), signed.encode(), getattr(hashlib, digest)).hexdigest()


class RawClient:
    """
    Sends requests that a test composes, through the client's own session, so that each exchange is checked.

    Args:
        oneflow: Whose session and base URL.
        credentials: What to sign with.
    """

    def __init__(self, oneflow: OneFlow, credentials: Credentials) -> None:
        self.oneflow = oneflow
        self.token = credentials.key
        self.secret = credentials.secret

    def signed(self, method: str, path: str, date: str = DOCUMENTED_DATE, *, digest: str = "sha1") -> dict[str, str]:
        """The valid headers for a request; a header names SHA-256."""
        signature = hex_hmac(self.secret, f"{method} {path} {date}", digest)
        headers = {"x-oneflow-authorization": f"{self.token}:{signature}", "x-oneflow-date": date}
        return headers if digest == "sha1" else {**headers, "x-oneflow-algorithm": digest.upper()}

    def send(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
        signed_path: str | None = None,
    ) -> requests.Response:
        """
        Send one request, validly signed unless the headers say otherwise.

        Args:
            method: Of HTTP.
            path: From `/api` on, percent-encoded.
            query: Without the question mark.
            body: Bytes, sent as JSON unless the headers say otherwise.
            headers: Go over the right ones; None takes one away.
            signed_path: The path that is signed, where that is another one.
        """
        right: dict[str, str | None] = {**self.signed(method, signed_path or path)}
        if body is not None:
            right["Content-Type"] = JSON
        given = {name: value for name, value in {**right, **(headers or {})}.items() if value is not None}
        url = f"{self.oneflow.base_url}{path}{'?' + query if query else ''}"
        session = self.oneflow.session
        prepared = session.prepare_request(requests.Request(method, url, data=body, headers=given))
        prepared.url = url  # as it is: requests would decode %2E and escape what is not ASCII
        settings = session.merge_environment_settings(url, {}, None, None, None)
        return session.send(prepared, timeout=TIMEOUT_S, allow_redirects=False, **settings)

    def send_decoded(self, method: str, path: str, **settings: Any) -> requests.Response:
        """Send one request with a signature over the percent-decoded path, as current SDKs do."""
        return self.send(method, path, signed_path=unquote(path), **settings)


def error_of(answer: requests.Response) -> Mapping[str, Any]:
    """The `error` of a documented error body. Its code is the status, or that of a failed validation."""
    body = answer.json()
    assert body["success"] is False
    error: Mapping[str, Any] = body["error"]
    assert error["code"] in {answer.status_code, VALIDATION_FAILED}
    return error


def losses(sent: Any, kept: Any, path: str = "") -> Iterator[str]:
    """The places where a sent value was not stored. Added members are no loss."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        for name, each in sent.items():
            yield from losses(each, kept.get(name), f"{path}.{name}")
    elif isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        for index, each in enumerate(sent):
            yield from losses(each, kept[index], f"{path}.{index}")
    elif sent != kept:
        yield f"{path}: {sent!r} became {kept!r}"


def comparable(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[Any, Any]:
    """The members of two records of one order that the contract names and both have, except the status."""
    both = [name for name in ("_id", "destination", "source", "files") if name in one and name in other]
    data = [
        {name: each for name, each in record["orderData"].items() if name in ORDER_DATA and name in common["orderData"]}
        for record, common in ((one, other), (other, one))
    ]
    return ({name: one[name] for name in both}, data[0]), ({name: other[name] for name in both}, data[1])


def undisturbed(state: Callable[[], State], look: Callable[[], Found]) -> tuple[State, Found]:
    """
    A state of the account, and what was found while nobody else changed it.

    Workers of one run share a sandbox's account: a look during which another has ordered is taken again, a few times.
    """
    before, found = state(), look()
    for _ in range(5):
        after = state()
        if after == before:
            break
        before, found = after, look()
    return before, found
