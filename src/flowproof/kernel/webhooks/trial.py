"""
The trial of a receiver: what it must accept and what it must refuse, tried one after the other, once each.

A receiver that takes a forged webhook is as wrong as one that chokes on a field it does not know.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from flowproof.kernel.provider_context import ProviderContext

from .delivery import Adversary, Delivery, Webhook, WebhookPolicy, with_extra_field

__all__ = ["TRIALS", "Started", "Trial", "judged", "start"]

Expected = Literal["accept", "refuse"]
HONEST = Adversary()


@dataclass(frozen=True, slots=True)
class Trial:
    """
    One thing that a receiver must be able to stand.

    Args:
        name: In words of the adversary.
        expected: ``accept`` with a 2xx, or ``refuse`` with anything else.
        why: What it means in production.
        steps: The adversary of each webhook that is sent, in this order.
        stale_s: How old the event's content is, in seconds.
        signed: Only where the provider signs.
        timestamped: Only where a signature carries a timestamp.
    """

    name: str
    expected: Expected
    why: str
    steps: tuple[Adversary, ...] = (HONEST,)
    stale_s: float = 0
    signed: bool = False
    timestamped: bool = False

    def omitted(self, webhook: Webhook, policy: WebhookPolicy, context: ProviderContext) -> str:
        """Why it does not apply to a provider's webhook, or nothing."""
        signed = {name.lower() for name, _ in policy.sign(webhook, context)} & policy.signature_headers
        if self.signed and not signed:
            return "nothing proves where this webhook comes from"
        if self.timestamped and not (policy.timestamped and signed):
            return "no signature of this webhook has a timestamp"
        if any(step.extra_field for step in self.steps) and with_extra_field(webhook) == webhook:
            return "the body is no JSON object"
        if any(step.unknown_event for step in self.steps) and policy.unknown(webhook) == webhook:
            return "the body names no event"
        return ""


@dataclass(frozen=True, slots=True)
class Started:
    """
    A trial whose webhooks are in the outbox.

    Args:
        webhooks: How many will be sent.
        omitted: Why a part of it does not apply, by its name.
    """

    webhooks: int
    omitted: Mapping[str, str]


TRIALS: tuple[Trial, ...] = (
    Trial("honest", "accept", "an event as the documents show it"),
    Trial("twice", "accept", "a retry after a lost answer brings the same event again", steps=(HONEST, HONEST)),
    Trial("late", "accept", "an event of yesterday, delivered after an outage", stale_s=86_400),
    Trial("unknown_event", "accept", "a provider adds events without asking", (Adversary(unknown_event=True),)),
    Trial("extra_field", "accept", "a provider adds fields without asking", (Adversary(extra_field=True),)),
    Trial("slow", "accept", "the bytes come slowly", (Adversary(connection="slow"),)),
    Trial(
        "cut",
        "accept",
        "the connection breaks inside the body, and the event comes again",
        (Adversary(connection="cut"), HONEST),
    ),
    Trial("wrong_signature", "refuse", "somebody else sends events", (Adversary(signature="wrong"),), signed=True),
    Trial("missing_signature", "refuse", "somebody else sends events", (Adversary(signature="missing"),), signed=True),
    Trial(
        "old_timestamp",
        "refuse",
        "somebody sends a recorded event again",
        (Adversary(old_timestamp_s=86_400),),
        timestamped=True,
    ),
)


def start(context: ProviderContext, policy: WebhookPolicy, event: str, url: str, name: str) -> Started:
    """
    Put every webhook of a trial into the outbox.

    Each part has an event of its own, with its own id: a receiver that knows the event already would not look at it.

    Args:
        world: The workspace as the provider sees it.
        policy: How the provider delivers.
        event: Which event is sent.
        url: The receiver.
        name: Of this trial, such as ``trial-1``.
    """
    sent, omitted = 0, {}
    for trial in TRIALS:
        then = context.now - timedelta(seconds=trial.stale_s)
        webhook = policy.sample(replace(context, now=then, rng_seed=f"{context.rng_seed}/{trial.name}"), event, url)
        reason = trial.omitted(webhook, policy, context)
        if reason:
            omitted[trial.name] = reason
            continue
        for step in trial.steps:
            sent += len(context.deliver(webhook, adversary=step, once=True, of=f"{name}/{trial.name}"))
    return Started(sent, omitted)


def judged(name: str, omitted: Mapping[str, str], deliveries: Iterable[Delivery]) -> Sequence[Mapping[str, Any]]:
    """What came of a trial: a verdict for each thing that was tried."""
    sent: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        of, _, trial = delivery.of.partition("/")
        if of == name:
            sent.setdefault(trial, []).append(delivery)
    return [_verdict(trial, omitted.get(trial.name, ""), sent.get(trial.name, [])) for trial in TRIALS]


def _verdict(trial: Trial, omitted: str, deliveries: Sequence[Delivery]) -> Mapping[str, Any]:
    shown: dict[str, Any] = {"trial": trial.name, "expected": trial.expected, "why": trial.why}
    if omitted:
        return {**shown, "verdict": "OMIT", "reason": omitted, "answers": [], "exchanges": []}
    if any(delivery.state in ("pending", "sending") for delivery in deliveries) or not deliveries:
        return {**shown, "verdict": "SKIP", "reason": "not all of it has been sent", "answers": [], "exchanges": []}
    attempts = [
        attempt for delivery in deliveries if delivery.adversary.connection != "cut" for attempt in delivery.attempts
    ]
    answers = [attempt.status for attempt in attempts]
    shown = {**shown, "answers": answers, "exchanges": [attempt.exchange for attempt in attempts]}
    silent = next((attempt.error for attempt in attempts if attempt.status == 0), None)
    if silent is not None or not attempts:
        return {**shown, "verdict": "ERROR", "reason": silent or "it could not be sent; the server's log says why"}
    accepted = [200 <= answer < 300 for answer in answers]
    held = all(accepted) if trial.expected == "accept" else not any(accepted)
    reason = "" if held else f"the receiver answered {', '.join(map(str, answers))} where it must {trial.expected}"
    return {**shown, "verdict": "PASS" if held else "FAIL", "reason": reason}
