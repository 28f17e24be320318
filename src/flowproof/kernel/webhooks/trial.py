"""
The trial of a receiver: what it must accept and what it must refuse, sent one after the other, once each.

A receiver that takes a forged webhook is as wrong as one that chokes on a field it does not know.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from flowproof.kernel.provider_context import ProviderContext
from flowproof.kernel.state.rows import KERNEL
from flowproof.kernel.time.clock import later

from .adversary import Adversary
from .model import Delivery, Webhook
from .outbox import Outbox
from .policy import WebhookPolicy

__all__ = ["TRIAL_PARTS", "StartedTrial", "TrialPart", "start_trial", "verdicts"]

Expected = Literal["accept", "refuse"]
HONEST = Adversary()
KIND = "trial"


@dataclass(frozen=True, slots=True)
class TrialPart:
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
        """Why it does not apply to a provider's webhook, or an empty text."""
        is_signed = any(name.lower() in policy.signature_headers for name, _ in policy.sign(webhook, context))
        if self.signed and not is_signed:
            return "nothing proves where this webhook comes from"
        if self.timestamped and not (policy.timestamped and is_signed):
            return "no signature of this webhook has a timestamp"
        if any(step.extra_field for step in self.steps) and webhook.with_extra_field() == webhook:
            return "the body is no JSON object"
        if any(step.unknown_event for step in self.steps) and policy.unknown(webhook) == webhook:
            return "the body names no event"
        return ""


@dataclass(frozen=True, slots=True)
class StartedTrial:
    """A trial whose webhooks are in the outbox: its name, such as ``trial-1``, and how many they are."""

    name: str
    webhooks: int


TRIAL_PARTS: tuple[TrialPart, ...] = (
    TrialPart("honest", "accept", "an event as the documents show it"),
    TrialPart("twice", "accept", "a retry after a lost answer brings the same event again", steps=(HONEST, HONEST)),
    TrialPart("late", "accept", "an event of yesterday, delivered after an outage", stale_s=86_400),
    TrialPart("unknown_event", "accept", "a provider adds events without asking", (Adversary(unknown_event=True),)),
    TrialPart("extra_field", "accept", "a provider adds fields without asking", (Adversary(extra_field=True),)),
    TrialPart("slow", "accept", "the bytes come slowly", (Adversary(connection="slow"),)),
    TrialPart(
        "cut",
        "accept",
        "the connection breaks inside the body, and the event comes again",
        (Adversary(connection="cut"), HONEST),
    ),
    TrialPart("wrong_signature", "refuse", "somebody else sends events", (Adversary(signature="wrong"),), signed=True),
    TrialPart(
        "missing_signature", "refuse", "somebody else sends events", (Adversary(signature="missing"),), signed=True
    ),
    TrialPart(
        "old_timestamp",
        "refuse",
        "somebody sends a recorded event again",
        (Adversary(old_timestamp_s=86_400),),
        timestamped=True,
    ),
)


def start_trial(context: ProviderContext, policy: WebhookPolicy, event: str, url: str) -> StartedTrial:
    """
    Put every webhook of a trial into the outbox.

    Each part has an event of its own, with its own id: a receiver that knows the event already would not look at it.

    Args:
        context: The workspace as the provider sees it.
        policy: How the provider delivers.
        event: Which event is sent.
        url: The receiver.

    Raises:
        ConfigurationError: The provider has no such event.
    """
    name = f"trial-{context.outbox.total + 1}"
    sent, omitted = 0, {}
    for part in TRIAL_PARTS:
        then = later(context.now, -part.stale_s)
        webhook = policy.sample(replace(context, now=then, rng_seed=f"{context.rng_seed}/{part.name}"), event, url)
        reason = part.omitted(webhook, policy, context)
        if reason:
            omitted[part.name] = reason
            continue
        for step in part.steps:
            sent += len(context.deliver(webhook, adversary=step, once=True, of=f"{name}/{part.name}"))
    state = context.state
    state.store.records.put(state.workspace, KERNEL, KIND, name, {"omitted": omitted})
    return StartedTrial(name, sent)


def verdicts(outbox: Outbox, name: str) -> Sequence[Mapping[str, Any]] | None:
    """What has come of a trial so far, as the control API shows it, one verdict a part; None where there is none."""
    kept = outbox.store.records.get(outbox.workspace, KERNEL, KIND, name)
    if kept is None:
        return None
    sent: dict[str, list[Delivery]] = {}
    for delivery in outbox.last():
        of, _, part = delivery.of.partition("/")
        if of == name:
            sent.setdefault(part, []).append(delivery)
    return [_verdict(part, kept["omitted"].get(part.name, ""), sent.get(part.name, [])) for part in TRIAL_PARTS]


def _verdict(part: TrialPart, omitted: str, deliveries: Sequence[Delivery]) -> Mapping[str, Any]:
    shown: dict[str, Any] = {"trial": part.name, "expected": part.expected, "why": part.why}
    if omitted:
        return {**shown, "verdict": "OMIT", "reason": omitted, "answers": [], "exchanges": []}
    if any(delivery.state in ("pending", "sending") for delivery in deliveries) or not deliveries:
        return {**shown, "verdict": "SKIP", "reason": "not all of it has been sent", "answers": [], "exchanges": []}
    attempts = [
        attempt for delivery in deliveries if delivery.adversary.connection != "cut" for attempt in delivery.attempts
    ]
    answers = [attempt.status for attempt in attempts]
    shown = {**shown, "answers": answers, "exchanges": [attempt.exchange for attempt in attempts]}
    unanswered = next((attempt.error for attempt in attempts if attempt.status == 0), None)
    if unanswered is not None or not attempts:
        return {**shown, "verdict": "ERROR", "reason": unanswered or "it could not be sent; the server's log says why"}
    accepted = [attempt.is_accepted for attempt in attempts]
    passed = all(accepted) if part.expected == "accept" else not any(accepted)
    reason = "" if passed else f"the receiver answered {', '.join(map(str, answers))} where it must {part.expected}"
    return {**shown, "verdict": "PASS" if passed else "FAIL", "reason": reason}
