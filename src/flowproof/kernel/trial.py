"""
The trial of a receiver: what it must accept and what it must refuse, tried one after the other, once each.

A receiver that takes a forged webhook is as wrong as one that chokes on a field it does not know.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from .webhooks import Adversary, Delivery, WebhookPolicy
from .world import World

__all__ = ["TRIALS", "Trial", "judged", "start"]

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

    def omitted(self, policy: WebhookPolicy) -> str:
        """Why it does not apply to a provider, or nothing."""
        if self.signed and not policy.signature_headers:
            return "this provider proves its webhooks by nothing"
        if self.timestamped and not policy.timestamped:
            return "this provider's signature has no timestamp"
        return ""


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


def start(world: World, policy: WebhookPolicy, event: str, url: str, name: str) -> int:
    """
    Put every webhook of a trial into the outbox.

    Args:
        world: The workspace as the provider sees it.
        policy: How the provider delivers.
        event: Which event is sent.
        url: The receiver.
        name: Of this trial, such as ``trial-1``.

    Returns:
        How many webhooks will be sent.
    """
    sent = 0
    for trial in TRIALS:
        if trial.omitted(policy):
            continue
        then = replace(world, now=world.now - timedelta(seconds=trial.stale_s))
        webhook = policy.sample(then, event, url)
        for step in trial.steps:
            sent += len(world.deliver(webhook, adversary=step, once=True, of=f"{name}/{trial.name}"))
    return sent


def judged(name: str, policy: WebhookPolicy, deliveries: Iterable[Delivery]) -> Sequence[Mapping[str, Any]]:
    """What came of a trial: a verdict for each thing that was tried."""
    sent: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        of, _, trial = delivery.of.partition("/")
        if of == name:
            sent.setdefault(trial, []).append(delivery)
    return [_verdict(trial, policy, sent.get(trial.name, [])) for trial in TRIALS]


def _verdict(trial: Trial, policy: WebhookPolicy, deliveries: Sequence[Delivery]) -> Mapping[str, Any]:
    shown: dict[str, Any] = {"trial": trial.name, "expected": trial.expected, "why": trial.why}
    omitted = trial.omitted(policy)
    if omitted:
        return {**shown, "verdict": "OMIT", "reason": omitted, "answers": []}
    if any(delivery.state in ("pending", "sending") for delivery in deliveries) or not deliveries:
        return {**shown, "verdict": "SKIP", "reason": "not all of it has been sent yet", "answers": []}
    attempts = [
        attempt for delivery in deliveries if delivery.adversary.connection != "cut" for attempt in delivery.attempts
    ]
    answers = [attempt.status for attempt in attempts]
    shown = {**shown, "answers": answers, "exchanges": [attempt.exchange for attempt in attempts]}
    silent = next((attempt.error for attempt in attempts if attempt.status == 0), None)
    if silent is not None:
        return {**shown, "verdict": "ERROR", "reason": silent}
    accepted = all(200 <= answer < 300 for answer in answers)
    held = accepted if trial.expected == "accept" else not any(200 <= answer < 300 for answer in answers)
    reason = "" if held else f"the receiver answered {', '.join(map(str, answers))} where it must {trial.expected}"
    return {**shown, "verdict": "PASS" if held else "FAIL", "reason": reason}
