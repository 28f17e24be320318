"""Partners of Flow1st: one that makes no mistake with the reference client, and others that each make one."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial

import requests

from flowproof.clients import NotFound, ServerFailed, Unreachable
from flowproof.clients.flow1st import Flow1st, Tokens, iso_microseconds

__all__ = [
    "FAULTY_HEADERS",
    "FAULTY_TIMESTAMPS",
    "LAGOS",
    "AmnesticPartner",
    "DoublePartner",
    "HastyPartner",
    "HeedlessPartner",
    "LastingFlow1st",
    "Partner",
    "RepeatingFlow1st",
]

SKU, EMAIL, COUNTRY = "codm30cp", "player@partner.example", "NG"
LAGOS = timezone(timedelta(hours=1))
SIGNATURE, TIMESTAMP, ACCESS = "X-SIGNATURE", "X-TIMESTAMP", "AccessToken"


class Partner:
    """
    A partner that sells bundles and makes no mistake.

    Args:
        flow1st: The client; one that does not send lost orders again by itself.
    """

    def __init__(self, flow1st: Flow1st) -> None:
        self.flow1st = flow1st

    def sell(self, reference: str, recipient: str) -> None:
        """Sell a bundle to a user once, if there is such a user."""
        bundle = self.flow1st.bundle(SKU)
        assert bundle is not None
        try:
            self.flow1st.validate_user(recipient, bundle, external_reference=reference, country=COUNTRY)
        except NotFound:
            return
        self.order(reference, recipient)

    def order(self, reference: str, recipient: str) -> None:
        """Place an order once, whatever happens to the response."""
        try:
            self.complete(reference, recipient)
        except (Unreachable, ServerFailed):
            self.complete(reference, recipient)

    def complete(self, reference: str, recipient: str) -> None:
        self.flow1st.complete_order(reference, sku=SKU, recipient=recipient, email=EMAIL)


class DoublePartner(Partner):
    """Assumes that an order without a response was never placed."""

    def order(self, reference: str, recipient: str) -> None:
        try:
            self.complete(reference, recipient)
        except (Unreachable, ServerFailed):
            self.complete(f"{reference}-retry", recipient)


class DisguisedPartner(Partner):
    """Sends an order without a response again as another one: with a new reference and another e-mail address."""

    def order(self, reference: str, recipient: str) -> None:
        try:
            self.complete(reference, recipient)
        except (Unreachable, ServerFailed):
            self.flow1st.complete_order(f"{reference}-b", sku=SKU, recipient=recipient, email=f"again-{EMAIL}")


class AmnesticPartner(Partner):
    """Gives all orders one reference."""

    def complete(self, reference: str, recipient: str) -> None:
        """Send an order with that reference; only the email tells whose it is."""
        email = f"{reference}@partner.example"
        self.flow1st.complete_order("the order", sku=SKU, recipient=recipient, email=email)


class HastyPartner(Partner):
    """Validates no user."""

    def sell(self, reference: str, recipient: str) -> None:
        self.order(reference, recipient)


class HeedlessPartner(Partner):
    """Validates every user and ignores the result."""

    def sell(self, reference: str, recipient: str) -> None:
        super().sell(reference, recipient)
        self.order(reference, recipient)


# ---- Tokens ----


class LastingFlow1st(Flow1st):
    """A client that never renews its first access token."""

    def authenticate(self) -> Tokens:
        return self._tokens or super().authenticate()

    def refresh(self) -> Tokens:
        return self.authenticate()


class RepeatingFlow1st(Flow1st):
    """A client that always refreshes with its first refresh token."""

    def refresh(self) -> Tokens:
        """Get a new access token, and drop the new refresh token."""
        refresh = self._tokens.refresh if self._tokens else None
        self._tokens = Tokens(super().refresh().access, refresh)
        return self._tokens


# ---- Headers ----


def signed(
    request: requests.PreparedRequest,
    key: str,
    *,
    digest: str = "sha256",
    write: Callable[[bytes], str] = bytes.hex,
    timestamp: Callable[[str], str] = str,
    body: Callable[[bytes], bytes] = bytes,
    swapped: bool = False,
) -> None:
    """Sign again, with one step changed."""
    text = timestamp(str(request.headers[TIMESTAMP])).encode() + body(_body(request))
    parts = (text, key.encode()) if swapped else (key.encode(), text)
    request.headers[SIGNATURE] = write(hmac.new(*parts, getattr(hashlib, digest)).digest())


def replaced(name: str, value: Callable[[str], str], request: requests.PreparedRequest, _: str) -> None:
    """Replace the value of a header."""
    request.headers[name] = value(str(request.headers[name]))


def without(name: str, request: requests.PreparedRequest, _: str) -> None:
    """Leave a header out."""
    del request.headers[name]


def in_authorization(request: requests.PreparedRequest, _: str) -> None:
    """Send the access token in the header Authorization."""
    request.headers["Authorization"] = request.headers.pop(ACCESS)


def _body(request: requests.PreparedRequest) -> bytes:
    return request.body if isinstance(request.body, bytes) else (request.body or "").encode()


def _without_blanks(body: bytes) -> bytes:
    return json.dumps(json.loads(body), separators=(",", ":")).encode()


def _seconds(timestamp: str) -> str:
    return f"{timestamp[:19]}Z"


Spoil = Callable[[requests.PreparedRequest, str], None]

FAULTY_HEADERS: Mapping[str, tuple[str, Spoil]] = {
    "SHA-1": ("signature.hmac", partial(signed, digest="sha1")),
    "SHA-512": ("signature.hmac", partial(signed, digest="sha512")),
    "key and message swapped": ("signature.hmac", partial(signed, swapped=True)),
    "no body": ("signature.hmac", partial(signed, body=lambda _: b"")),
    "no timestamp signed": ("signature.hmac", partial(signed, timestamp=lambda _: "")),
    "another key": ("signature.hmac", lambda request, _: signed(request, "another")),
    "upper-case digest": ("signature.hex", partial(signed, write=lambda made: made.hex().upper())),
    "base64 digest": ("signature.hex", partial(signed, write=lambda made: base64.b64encode(made).decode())),
    "JSON written anew": ("signature.exact_body", partial(signed, body=_without_blanks)),
    "a line feed after the body": ("signature.exact_body", partial(signed, body=lambda body: body + b"\n")),
    "a hash of the body": (
        "signature.exact_body",
        partial(signed, body=lambda body: hashlib.sha256(body).hexdigest().encode()),
    ),
    "timestamp signed in seconds": ("signature.timestamp", partial(signed, timestamp=_seconds)),
    "no timestamp": ("signature.timestamp", partial(without, TIMESTAMP)),
    "no signature": ("signature.header", partial(without, SIGNATURE)),
    "no access token": ("auth.header", partial(without, ACCESS)),
    "the bare token": ("auth.header", partial(replaced, ACCESS, lambda value: value.removeprefix("Bearer "))),
    "the token in Authorization": ("auth.authorization", in_authorization),
    "an unknown token": ("auth.token", partial(replaced, ACCESS, lambda _: "Bearer bm9ib2R5")),
    "application/json": ("order.content_type", partial(replaced, "Content-Type", lambda _: "application/json")),
}
"""What a client does to the headers of an order, each with the requirement that it breaks."""


def _local(at: datetime) -> str:
    return at.astimezone(LAGOS).replace(tzinfo=None).isoformat()


FAULTY_TIMESTAMPS: Mapping[str, tuple[str, Callable[[datetime], str]]] = {
    "local time without a zone": ("signature.iso8601", _local),
    "local time that says it is UTC": ("signature.window", lambda at: f"{_local(at)}Z"),
    "a clock that is six minutes slow": ("signature.window", lambda at: iso_microseconds(at - timedelta(minutes=6))),
    "a clock that is six minutes fast": ("signature.window", lambda at: iso_microseconds(at + timedelta(minutes=6))),
    "Unix seconds": ("signature.iso8601", lambda at: f"{at.timestamp():.0f}"),
    "RFC 1123": ("signature.iso8601", lambda at: f"{at:%a, %d %b %Y %H:%M:%S} GMT"),
}
"""How a client writes the time, each with the requirement that it breaks."""
