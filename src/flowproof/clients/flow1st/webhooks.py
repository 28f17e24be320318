"""
Verifies Flow1st's webhooks on a partner's server. Needs no HTTP framework.

    verifier = WebhookVerifier(signing_key)
    news = verifier.verify(request.headers, request.body)   # WebhookRefused: answer 400
    if news.is_new(seen): …                                 # the same news may come more than once
"""

import hmac
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flowproof.clients.flow1st.signing import Signer
from flowproof.clients.responses import Json
from flowproof.errors import FlowproofError

__all__ = ["DONE", "STATUSES", "OrderNews", "WebhookRefused", "WebhookVerifier"]

STATUSES = frozenset(
    {
        "NEW",
        "ABANDONED",
        "CANCELLED",
        "PENDING",
        "PARTIALLY_FULFILLED",
        "SUCCESSFUL",
        "FAILED",
        "REFUND",
        "PARTIAL_REFUND",
        "CHARGEBACK",
    }
)
"""Every status of the documents."""

DONE = STATUSES - {"NEW", "PENDING", "PARTIALLY_FULFILLED"}
"""Those after which nothing more is delivered; money may still go back."""

_ISO = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9:]{8})([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")
_SECOND_NS = 10**9


@dataclass(eq=False)
class WebhookRefused(FlowproofError):
    """
    A webhook does not prove that it comes from Flow1st, or cannot be read.

    Args:
        why: In one sentence, without a secret.
    """

    why: str

    def __str__(self) -> str:
        return self.why


@dataclass(frozen=True, slots=True)
class OrderNews:
    """
    What a webhook says about an order.

    Args:
        reference: The provider's.
        external_reference: The partner's, always as text.
        status: One of `STATUSES`, or a new one.
        voucher_codes: Codes of a voucher product; each code is a list of properties.
    """

    reference: str
    external_reference: str
    status: str
    quantity: int | None
    recipient: str | None
    email: str | None
    voucher_codes: tuple[object, ...] = field(repr=False, hash=False)
    raw: Json = field(repr=False, hash=False)

    @property
    def key(self) -> tuple[str, str]:
        """The same for every delivery of the same news."""
        return self.reference, self.status

    def is_new(self, seen: Collection[tuple[str, str]]) -> bool:
        return self.key not in seen


def _utc_now() -> datetime:
    return datetime.now(UTC)


class WebhookVerifier:
    """
    Checks the signature of a webhook, its timestamp and, if it is known, its access token.

    Args:
        signing_key: That of the environment.
        access_token: Expected in the header AccessToken; None to accept any.
        window_s: How far the timestamp may be from now, either way.
        now: Returns the time, aware.
    """

    def __init__(
        self,
        signing_key: str,
        *,
        access_token: str | None = None,
        window_s: int = 300,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._signer = Signer(signing_key)
        self._access_token = access_token
        self._window_ns = window_s * _SECOND_NS
        self._now = now

    def verify(self, headers: Mapping[str, str], body: bytes) -> OrderNews:
        """
        Return the news of a genuine and recent webhook.

        Args:
            headers: Case-insensitive.
            body: The bytes as received.

        Raises:
            WebhookRefused: The webhook is forged, old or cannot be read.
        """
        found = {name.lower(): value for name, value in headers.items()}
        timestamp, signature = found.get("x-timestamp", ""), found.get("x-signature", "")
        if not (timestamp and signature and timestamp.isascii()):
            raise WebhookRefused("The webhook has no X-SIGNATURE, or no X-TIMESTAMP.")
        right = self._signer.signature(timestamp, body)
        if not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")):
            raise WebhookRefused("The webhook's signature is wrong.")
        self._check_timestamp(timestamp)
        if self._access_token is not None:
            presented, expected = found.get("accesstoken", ""), f"Bearer {self._access_token}"
            if not hmac.compare_digest(presented.encode("utf-8", "replace"), expected.encode()):
                raise WebhookRefused("The webhook's access token is another.")
        return _read(body)

    def _check_timestamp(self, timestamp: str) -> None:
        at_ns, now = _nanoseconds(timestamp), self._now().astimezone(UTC)
        if at_ns is None:
            raise WebhookRefused("The webhook's timestamp is not ISO 8601 with a zone.")
        if abs(at_ns - _since_1970_ns(now)) > self._window_ns:
            raise WebhookRefused(f"The webhook's timestamp is more than {self._window_ns // _SECOND_NS} s off.")


def _nanoseconds(text: str) -> int | None:
    """Exact nanoseconds since 1970; `datetime` has microseconds only."""
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    day, time, fraction, zone = found.groups()
    try:
        second = datetime.fromisoformat(f"{day} {time}{zone.replace('Z', '+00:00')}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return _since_1970_ns(second) + int(((fraction or ".0")[1:] + "00000000")[:9])


def _since_1970_ns(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _read(body: bytes) -> OrderNews:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WebhookRefused("The webhook's body is not JSON.") from error
    if not isinstance(value, dict):
        raise WebhookRefused("The webhook's body is no JSON object.")
    codes = value.get("voucherCodes")
    quantity = value.get("quantity")
    return OrderNews(
        reference=_needed(value, "reference"),
        external_reference=_needed(value, "externalReference"),
        status=_needed(value, "status"),
        quantity=quantity if isinstance(quantity, int) and not isinstance(quantity, bool) else None,
        recipient=_text(value.get("recipientIdentifier")),
        email=_text(value.get("email")),
        voucher_codes=tuple(codes) if isinstance(codes, list) else (),
        raw=value,
    )


def _needed(value: Json, name: str) -> str:
    """A text. An integer reads as its digits, since the provider documents externalReference as a number."""
    text = _text(value.get(name))
    if not text:
        raise WebhookRefused(f"The webhook's body has no {name}.")
    return text


def _text(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None
