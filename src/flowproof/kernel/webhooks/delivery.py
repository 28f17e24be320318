"""
Webhooks as values: what a mock wants delivered, how its provider signs and retries, and what the adversary makes of it.

The outbox is filled in the transaction of the state change; the courier (serving) empties it. Nothing here sends.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import orjson

from flowproof.errors import ConfigurationError
from flowproof.exchange import Headers
from flowproof.kernel.time.clock import microseconds

if TYPE_CHECKING:
    from flowproof.kernel.provider_context import ProviderContext

__all__ = ["Adversary", "Attempt", "Delivery", "DeliveryResult", "Webhook", "WebhookPolicy", "signed_headers"]

State = Literal["pending", "sending", "delivered", "failed"]
EXTRA_FIELD = "flowproofUnknownField"


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


@dataclass(frozen=True, slots=True)
class WebhookPolicy:
    """
    How a provider delivers.

    Args:
        sign: The headers that prove where a webhook comes from, over its exact bytes, at the world's moment; made anew
            on every attempt.
        signature_headers: Which of them the adversary leaves out or falsifies, in lower case.
        retry_after_s: How long to wait after the first failure, the second …; after the last one it is given up.
        timeout_s: How long a receiver may take to answer.
        timestamped: Whether a receiver can tell an old webhook by its signature's timestamp.
        sample: A webhook of an event with made-up content, to be sent to a URL, its id drawn from the world's chance;
            raises ConfigurationError for an event that the provider does not have.
        events: The names of its events.
        unknown: The same webhook with an event that no document names, and an id of its own where events have ids;
            the webhook itself where it names no event.
    """

    sign: "Callable[[Webhook, ProviderContext], Headers]"
    sample: "Callable[[ProviderContext, str, str], Webhook]"
    unknown: Callable[[Webhook], Webhook]
    events: tuple[str, ...]
    signature_headers: frozenset[str] = frozenset()
    retry_after_s: tuple[float, ...] = (10, 60, 300, 1800, 7200, 21600, 86400)
    timeout_s: float = 10
    timestamped: bool = False


@dataclass(frozen=True, slots=True)
class Adversary:
    """
    What goes wrong with a workspace's webhooks on purpose.

    Args:
        copies: How often each event is delivered.
        out_of_order_s: Every other event, beginning with the first, comes so many seconds late, and so after the next.
        late_s: Every event comes so many seconds late, signed at the time of delivery.
        old_timestamp_s: The signature is so many seconds old.
        signature: ``right``, ``wrong`` or ``missing``.
        unknown_event: Each event is followed by one that no document names.
        extra_field: JSON bodies have a field that no document names.
        connection: ``whole``, ``slow`` or ``cut`` on the first attempt of each delivery.
        after_success: Goes on with the retry schedule although the receiver has accepted.
    """

    copies: int = 1
    out_of_order_s: float = 0
    late_s: float = 0
    old_timestamp_s: float = 0
    signature: Literal["right", "wrong", "missing"] = "right"
    unknown_event: bool = False
    extra_field: bool = False
    connection: Literal["whole", "slow", "cut"] = "whole"
    after_success: bool = False

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Adversary":
        """
        Read what the control API got, checked by its document.

        Raises:
            ConfigurationError: A key is unknown.
        """
        known = {each.name for each in fields(cls)}
        if set(value) - known:
            unknown, all_known = sorted(set(value) - known), ", ".join(sorted(known))
            raise ConfigurationError(f"The adversary knows no {unknown}.", f"It knows {all_known}.")
        return cls(**value)

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)

    def changed(self) -> dict[str, Any]:
        """What differs from an honest courier."""
        honest = asdict(Adversary())
        return {key: value for key, value in asdict(self).items() if value != honest[key]}


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """What came of sending: a status of 0 when there was no answer, and then why."""

    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One attempt.

    Args:
        exchange: Its exchange in the journal.
        at: When, ISO 8601.
        status: What the receiver answered; 0 when there was no answer.
        error: Why there was none.
    """

    exchange: str
    at: str
    status: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    A webhook in the outbox.

    Args:
        id: Such as ``dlv-7``.
        provider: Slug.
        webhook: What is delivered.
        state: ``pending``, ``sending``, ``delivered`` or ``failed``.
        due_us: When the next attempt is due on the workspace's clock, in microseconds since 1970.
        adversary: What goes wrong with this one on purpose.
        attempts: What has been tried.
        created_at: ISO 8601.
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
    attempts: tuple[Attempt, ...] = ()
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
                "attempts": tuple(Attempt(**attempt) for attempt in value["attempts"]),
            }
        )

    def tried(
        self, attempt: Attempt, policy: WebhookPolicy, *, at_us: int, accepted: bool, hopeless: bool
    ) -> "Delivery":
        """
        The delivery after an attempt: delivered, to be tried again, or given up.

        Args:
            attempt: What was tried.
            policy: The provider's.
            at_us: Moment of the attempt on the workspace's clock.
            accepted: The receiver answered with a 2xx.
            hopeless: No later attempt could succeed.
        """
        attempts = (*self.attempts, attempt)
        waits = policy.retry_after_s
        done = accepted and not self.adversary.after_success
        if done or hopeless or self.once or len(attempts) > len(waits):
            delivered = accepted or any(200 <= each.status < 300 for each in attempts)
            return replace(self, attempts=attempts, state="delivered" if delivered else "failed")
        wait_us = round(waits[len(attempts) - 1] * 1_000_000)
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


def planned(webhook: Webhook, adversary: Adversary, policy: WebhookPolicy, nth: int) -> Sequence[tuple[Webhook, float]]:
    """
    What is really delivered for one event, each with its delay in seconds.

    Args:
        webhook: What an honest courier would deliver.
        adversary: What goes wrong on purpose.
        policy: The provider's.
        nth: Which event this is since the adversary was set, counted from 1.
    """
    sent = with_extra_field(webhook) if adversary.extra_field else webhook
    delay_s = adversary.late_s + (adversary.out_of_order_s if nth % 2 else 0)
    events = [sent, policy.unknown(sent)] if adversary.unknown_event else [sent]
    return [(each, delay_s) for each in events for _ in range(adversary.copies)]


def with_extra_field(webhook: Webhook) -> Webhook:
    """The same webhook with a field that no document names; a body that is no JSON object stays as it is."""
    try:
        value = orjson.loads(webhook.body)
    except orjson.JSONDecodeError:
        return webhook
    return replace(webhook, body=orjson.dumps({**value, EXTRA_FIELD: True})) if isinstance(value, dict) else webhook


def signed_headers(
    webhook: Webhook, adversary: Adversary, policy: WebhookPolicy, context: "ProviderContext"
) -> Headers:
    """All headers of one attempt, with the signature made now, and as wrong as the adversary wants it."""
    moment = replace(context, now=context.now - timedelta(seconds=adversary.old_timestamp_s))
    signed = policy.sign(webhook, moment)
    if adversary.signature == "missing":
        signed = tuple(pair for pair in signed if pair[0].lower() not in policy.signature_headers)
    if adversary.signature == "wrong":
        signed = tuple(
            (name, _wrong(value) if name.lower() in policy.signature_headers else value) for name, value in signed
        )
    return (("Content-Type", webhook.content_type), *webhook.headers, *signed)


def _wrong(signature: str) -> str:
    """A signature of the same form with another last character but one, which is never mere padding."""
    place = max(0, len(signature.rstrip("=")) - 2)
    return f"{signature[:place]}{'0' if signature[place : place + 1] != '0' else '1'}{signature[place + 1 :]}"


def due_us(context: "ProviderContext", delay_s: float) -> int:
    """The moment after a delay on the workspace's clock, in microseconds since 1970."""
    return microseconds(context.now) + round(delay_s * 1_000_000)
