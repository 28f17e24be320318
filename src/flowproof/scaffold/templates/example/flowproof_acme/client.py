"""
The client. It stands on `requests` and on nothing of Flowproof.

It shares no code with the mock either: if both signed with one function, its bug would be right on both sides.
"""

import hmac
import time
from collections.abc import Mapping
from typing import Any

import requests

__all__ = ["Acme", "is_genuine"]

TIMEOUT_S = 10.0
TOLERANCE_S = 300


class Acme:
    """
    A client of the provider.

    Args:
        base_url: Without a slash at its end.
        token: For every request; None sends none.
        session: Of requests.
    """

    def __init__(self, base_url: str, token: str | None, session: requests.Session | None = None) -> None:
        self.base_url = base_url
        self.token = token
        self.session = session or requests.Session()

    def close(self) -> None:
        """Close its connections."""
        self.session.close()

    def ask(self, method: str, path: str, json: Any = None, **query: Any) -> requests.Response:
        """One request; whatever is answered is returned."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        url = self.base_url + path
        return self.session.request(method, url, params=query, headers=headers, json=json, timeout=TIMEOUT_S)

    def create(self, booking: Mapping[str, Any]) -> requests.Response:
        """Book a room for a day."""
        return self.ask("POST", "/bookings", booking)

    def booking(self, booking_id: str) -> requests.Response:
        """A booking."""
        return self.ask("GET", f"/bookings/{booking_id}")

    def bookings(self, **query: Any) -> requests.Response:
        """Bookings, the newest first; `limit` and `offset` choose a page."""
        return self.ask("GET", "/bookings", **query)

    def cancel(self, booking_id: str) -> requests.Response:
        """Cancel a booking."""
        return self.ask("DELETE", f"/bookings/{booking_id}")


def is_genuine(signature: str, body: bytes, secret: str, *, now: float | None = None) -> bool:
    """
    Whether a webhook is from the provider and no older than five minutes.

    Args:
        signature: The header `X-Signature`: `t=SECONDS,v1=HEX`.
        body: The exact bytes.
        secret: Of the credentials.
        now: Seconds since 1970; by default the time of this machine.
    """
    parts = dict(each.partition("=")[::2] for each in signature.split(","))
    if not parts.get("t", "").isdecimal():
        return False
    expected = hmac.new(secret.encode(), parts["t"].encode() + b"." + body, "sha256").hexdigest()
    age_s = (time.time() if now is None else now) - int(parts["t"])
    return hmac.compare_digest(expected, parts.get("v1", "")) and abs(age_s) <= TOLERANCE_S
