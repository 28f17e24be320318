"""Webhooks and their deliveries as values. Nothing here sends, signs or stores."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import orjson

from flowproof.exchange import Headers

from .adversary import Adversary

__all__ = ["DELIVERY_HEADER", "Delivery", "DeliveryAttempt", "DeliveryResult", "Webhook"]

State = Literal["pending", "sending", "delivered", "failed"]
EXTRA_FIELD = "flowproofUnknownField"
DELIVERY_HEADER = "Flowproof-Delivery"  # every delivery carries it with its id, and every control API refuses it


@dataclass(frozen=True, slots=True)
class Webhook:
    """
    One event on its way to a receiver.

    Args:
        event: Name of the event, in the provider's words.
        url: Where it goes.
        body: The exact bytes.
        content_type: Of the body.
        method: HTTP method.
        headers: Further headers, but for those of the signature.
    """

    event: str
    url: str
    body: bytes
    content_type: str = "application/json"
    method: str = "POST"
    headers: Headers = ()

    def with_extra_field(self) -> "Webhook":
        """The same with a field that no document names; a body that is no JSON object stays as it is."""
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return self
        return replace(self, body=orjson.dumps({**value, EXTRA_FIELD: True})) if isinstance(value, dict) else self


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """What the receiver answered; a status of 0 where there was no answer, and then the reason in ``error``."""

    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    error: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """
    One attempt to deliver a webhook.

    Args:
        exchange: Id of its exchange in the journal.
        at: When, ISO 8601.
        status: What the receiver answered; 0 where there was no answer.
        error: Why there was none.
    """

    exchange: str
    at: str
    status: int
    error: str = ""

    @property
    def is_accepted(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    A webhook in the outbox.

    Args:
        id: Such as ``dlv-7``.
        provider: Slug.
        webhook: What is delivered.
        due_us: When the next attempt is due on the workspace's clock, in microseconds since 1970.
        created_at: ISO 8601.
        state: ``pending``, ``sending``, ``delivered`` or ``failed``.
        adversary: What goes wrong with this one on purpose.
        attempts: Those that were made, in order.
        once: There is one attempt only, whatever comes of it.
        of: What it belongs to, such as the name of a trial.
    """

    id: str
    provider: str
    webhook: Webhook
    due_us: int
    created_at: str
    state: State = "pending"
    adversary: Adversary = field(default_factory=Adversary)
    attempts: tuple[DeliveryAttempt, ...] = ()
    once: bool = False
    of: str = ""

    def to_json(self) -> dict[str, Any]:
        """The delivery as the control API shows it and the store keeps it."""
        webhook = {**asdict(self.webhook), "body": body_to_json(self.webhook.body)}
        return {
            "id": self.id,
            "provider": self.provider,
            "webhook": {**webhook, "headers": [list(pair) for pair in self.webhook.headers]},
            "due_us": self.due_us,
            "created_at": self.created_at,
            "state": self.state,
            "adversary": self.adversary.changed(),
            "attempts": [asdict(attempt) for attempt in self.attempts],
            "once": self.once,
            "of": self.of,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Delivery":
        """Read what :meth:`to_json` wrote."""
        webhook = dict(value["webhook"])
        headers = tuple((str(name), str(each)) for name, each in webhook.pop("headers"))
        body = body_from_json(webhook.pop("body"))
        return cls(
            **{
                **value,
                "webhook": Webhook(**webhook, body=body, headers=headers),
                "adversary": Adversary.from_json(value["adversary"]),
                "attempts": tuple(DeliveryAttempt(**attempt) for attempt in value["attempts"]),
            }
        )

    def after_attempt(
        self, attempt: DeliveryAttempt, *, at_us: int, retry_after_s: Sequence[float], is_final: bool
    ) -> "Delivery":
        """
        The delivery after an attempt: delivered, pending again, or failed.

        Args:
            attempt: The attempt.
            at_us: When it was made on the workspace's clock, in microseconds since 1970.
            retry_after_s: How long to wait after the first failure, the second …; after the last one it is given up.
            is_final: No later attempt could succeed.
        """
        attempts = (*self.attempts, attempt)
        is_done = attempt.is_accepted and not self.adversary.after_success
        if is_done or is_final or self.once or len(attempts) > len(retry_after_s):
            is_delivered = any(each.is_accepted for each in attempts)
            return replace(self, attempts=attempts, state="delivered" if is_delivered else "failed")
        wait_us = round(retry_after_s[len(attempts) - 1] * 1_000_000)
        return replace(self, attempts=attempts, state="pending", due_us=at_us + wait_us)


def body_to_json(body: bytes) -> dict[str, str]:
    """Bytes as JSON that can be read back: text where they are UTF-8, else base64."""
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def body_from_json(value: Mapping[str, str]) -> bytes:
    """Read what :func:`body_to_json` wrote."""
    return value["text"].encode() if "text" in value else base64.b64decode(value["base64"])
