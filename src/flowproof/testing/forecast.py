"""What weather a provider can have: operations that may fail, kinds of faults, webhooks; and whether a weather fits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from flowproof.conformance import Contract, Operation, load_contract
from flowproof.errors import ConfigurationError
from flowproof.kernel.faults.effects import EFFECTS, Effect, Latency, MalformedJson, SlowBody, TruncatedBody
from flowproof.kernel.faults.reading import plans_from_json
from flowproof.providers import find_providers

from .weather import Weather

__all__ = ["TRANSIENT", "WAITING", "Forecast", "check_weather", "forecast", "hits", "webhook_changes"]

Json = Any
Plan = Mapping[str, Json]

YEAR_S = 31_622_400
WAITING: tuple[type[Effect], ...] = (Latency, SlowBody)
OF_A_BODY: tuple[type[Effect], ...] = (TruncatedBody, MalformedJson)
TRANSIENT = (503, 500, 502, 504, 429)


@dataclass(frozen=True, slots=True)
class Forecast:
    """
    What weather a provider can have.

    Args:
        provider: Slug.
        operations: Those that may fail.
        contract: The provider's.
        events: Of its webhooks; none where it sends none.
        timestamped: Whether a receiver can tell an old webhook.
        named: Fault plans that the provider names.
    """

    provider: str
    operations: tuple[Operation, ...]
    contract: Contract
    events: tuple[str, ...]
    timestamped: bool
    named: tuple[tuple[Plan, ...], ...]

    def kinds(self, operation: Operation, *, stalls: bool) -> tuple[str, ...]:
        """The kinds of faults that a call of an operation can show; those that wait only where stalls are meant."""
        has_body = any(status.startswith("2") and types for status, types in operation.responses.items())
        return tuple(
            kind
            for kind in sorted(EFFECTS, key=lambda each: (each != "status", each))
            if (stalls or EFFECTS[kind] not in WAITING) and (has_body or EFFECTS[kind] not in OF_A_BODY)
        )


def forecast(provider: str, operations: Sequence[str] | None = None) -> Forecast:
    """
    What weather a provider can have.

    Args:
        provider: Slug.
        operations: Ids of those that may fail; None for all.

    Raises:
        ConfigurationError: There is no such provider, or it has no such operation.
    """
    known = _forecast(provider)
    if operations is None:
        return known
    ids = [each.id for each in known.operations]
    if unknown := [each for each in operations if each not in ids]:
        raise ConfigurationError(f"{provider} has no operation {unknown[0]}.", f"Choose from: {', '.join(ids)}.")
    chosen = tuple(each for each in known.operations if each.id in operations)
    named = tuple(plans for plans in known.named if all(plan.get("operation") in (None, *operations) for plan in plans))
    return Forecast(provider, chosen, known.contract, known.events, known.timestamped, named)


@cache
def _forecast(provider: str) -> Forecast:
    (found,) = find_providers((provider,))
    contract = load_contract(found.slug, found.contract)
    policy = found.webhooks
    named = tuple(tuple({"provider": provider, **each} for each in plans) for plans in found.fault_plans.values())
    return Forecast(
        provider,
        contract.operations.all,
        contract,
        policy.events if policy else (),
        bool(policy and policy.timestamped),
        named,
    )


def hits(plan: Plan) -> int:
    """How many calls a plan hits at most."""
    first = int(plan.get("first", 1_000_000))
    return first // int(plan.get("every", 1))


def webhook_changes(known: Forecast) -> Sequence[Mapping[str, Json]]:
    """What goes wrong with webhooks, one thing each; one that is late by a year never comes."""
    old: list[Mapping[str, Json]] = [{"old_timestamp_s": 3600}] if known.timestamped else []
    return [
        {"copies": 2},
        {"out_of_order_s": 120},
        {"late_s": 60},
        {"late_s": YEAR_S},
        {"after_success": True},
        {"unknown_event": True},
        {"extra_field": True},
        {"connection": "cut"},
        {"signature": "wrong"},
        *old,
    ]


def check_weather(weather: Weather, provider: str) -> None:
    """
    See that a weather fits a provider.

    Raises:
        ConfigurationError: A fault plan is none, names another provider's operation, or cannot show there.
    """
    plans_from_json(weather.faults)
    operations = {each.id: each for each in forecast(provider).operations}
    for plan in weather.faults:
        name = plan.get("operation")
        if name is None:
            continue
        if name not in operations:
            raise ConfigurationError(
                f"The plan {dict(plan)} does not fit: {provider} has no operation {name}.",
                f"Choose from: {', '.join(operations)}.",
            )
        if plan["fault"] not in forecast(provider).kinds(operations[name], stalls=True):
            raise ConfigurationError(
                f"The plan {dict(plan)} does not fit: {name} answers no body that could be {plan['fault']}.",
                "Choose another fault.",
            )
