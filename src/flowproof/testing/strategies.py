"""
Weather as Hypothesis strategies. All of them compose, and shrink to fair weather, then to one fault on one call.

Which kinds of faults there are, and what their fields may be, is read from `flowproof.kernel.faults`.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from flowproof.conformance import Operation
from flowproof.errors import ConfigurationError
from flowproof.kernel.faults.effects import EFFECTS, SlowBody
from flowproof.kernel.faults.fields import FieldSpec, field_specs
from flowproof.providers import find_providers

from .forecast import TRANSIENT, WAITING, Forecast, forecast, hits, webhook_changes
from .weather import Weather

__all__ = [
    "MOST_HITS",
    "account_states",
    "clock_moves",
    "fault_plans",
    "weathers",
    "webhook_weather",
]

Json = Any
Plan = Mapping[str, Json]

MOST_HITS = 3
BOUNDS: Mapping[str, SearchStrategy[Json]] = MappingProxyType(
    {
        "status": st.sampled_from(TRANSIENT),
        "part": st.sampled_from((0.5, 0.0, 0.9)),
    }
)
"""Values that a client meets in practice, for fields whose declared range has many that it never does."""


def fault_plans(
    provider: str,
    *,
    operations: Sequence[str] | None = None,
    most_hits: int = MOST_HITS,
    stall_s: float | None = None,
    most_retry_after_s: int = 60,
) -> SearchStrategy[Weather]:
    """
    Weather with fault plans: which operation, which of its calls, which effect.

    Args:
        provider: Slug.
        operations: Ids of the operations that may fail; None for all.
        most_hits: How many calls are hit at most. A client that tries one time more than that can survive it.
        stall_s: How long an answer that is slow takes, in real seconds; None for no slow answers.
        most_retry_after_s: The longest wait that an answer asks for.

    Raises:
        ConfigurationError: There is no such provider, it has no such operation, or a number is out of range.
    """
    if most_hits < 1:
        raise ConfigurationError(f"most_hits is {most_hits}.", "Give at least 1, or draw no fault plans.")
    known, limits = forecast(provider, operations), (stall_s, most_retry_after_s)
    one = st.one_of([_plans(known, each, most_hits, limits) for each in known.operations])
    named = [plans for plans in known.named if sum(map(hits, plans)) <= most_hits]
    # A plan that the provider names takes as many choices as any other, else Hypothesis would hold it for simpler.
    parts = st.tuples(one, st.sampled_from([(), *named])).map(lambda drawn: drawn[1] or (drawn[0],))
    return st.lists(parts, max_size=most_hits).map(lambda found: _within(list(chain.from_iterable(found)), most_hits))


def _within(plans: Sequence[Plan], most_hits: int) -> Weather:
    """The first plans that together hit no more calls than that."""
    chosen: list[Plan] = []
    for each in plans:
        if sum(map(hits, chosen)) + hits(each) <= most_hits and each not in chosen:
            chosen.append(each)
    return Weather(tuple(chosen))


def _plans(
    known: Forecast, operation: Operation, most_hits: int, limits: tuple[float | None, int]
) -> SearchStrategy[Plan]:
    kinds = known.kinds(operation, stalls=limits[0] is not None)
    place = {"provider": known.provider, "operation": operation.id}
    effects = st.one_of([_effects(kind, *limits) for kind in kinds])
    return st.builds(lambda effect, calls: {**effect, **place, **calls}, effects, _calls(most_hits))


def _calls(most_hits: int) -> SearchStrategy[Mapping[str, int]]:
    """Which calls are hit: the first, the first few, or one later one alone."""
    bursts = st.integers(1, most_hits).map(lambda count: {"first": count})
    return bursts | st.integers(2, 4).map(lambda nth: {"first": nth, "every": nth})


def _effects(kind: str, stall_s: float | None, most_retry_after_s: int) -> SearchStrategy[Plan]:
    """An effect with what it needs, and any of its other fields that has few values."""
    fixed: dict[str, SearchStrategy[Json]] = {"fault": st.just(kind)}
    for spec in field_specs(EFFECTS[kind]):
        if spec.name == "seconds":
            fixed[spec.name] = st.just(stall_s)
        elif spec.name == "retry_after_s":
            fixed[spec.name] = st.none() | st.integers(1, most_retry_after_s)
        elif spec.required or spec.name in BOUNDS or (spec.choices and EFFECTS[kind] not in WAITING):
            fixed[spec.name] = BOUNDS[spec.name] if spec.name in BOUNDS else _values(spec)
    if EFFECTS[kind] is SlowBody:
        fixed["pieces"] = st.just(1)
    return st.fixed_dictionaries(fixed).map(
        lambda plan: {name: value for name, value in plan.items() if value is not None}
    )


def _values(spec: FieldSpec) -> SearchStrategy[Json]:
    if spec.choices:
        return st.sampled_from(spec.choices)
    low, high = spec.range or (0, 1000)
    return st.integers(int(low), int(high)) if spec.type == "integer" else st.floats(low, high)


def clock_moves(*, most_jump_s: int = 0, most_step_s: int = 60) -> SearchStrategy[Weather]:
    """
    Weather in which time passes: a jump before the scenario begins, and a step with each exchange.

    Args:
        most_jump_s: The longest jump.
        most_step_s: The longest step.

    Raises:
        ConfigurationError: A number is negative.
    """
    if min(most_jump_s, most_step_s) < 0:
        raise ConfigurationError("A clock does not move back here.", "Give seconds of at least 0.")
    moves = st.fixed_dictionaries({"jump_s": st.integers(0, most_jump_s), "step_s": st.integers(0, most_step_s)})
    return moves.map(lambda drawn: Weather(clock={name: value for name, value in drawn.items() if value}))


def webhook_weather(provider: str) -> SearchStrategy[Weather]:
    """
    Weather of webhooks: late, twice, out of order, forged, never, or with a broken connection.

    Raises:
        ConfigurationError: There is no such provider, or it sends no webhooks.
    """
    known = forecast(provider)
    if not known.events:
        raise ConfigurationError(f"{provider} sends no webhooks.", "Leave webhook_weather out.")
    drawn = st.lists(st.sampled_from(webhook_changes(known)), max_size=2)
    return drawn.map(lambda parts: Weather(webhooks={name: each for part in parts for name, each in part.items()}))


def account_states(provider: str, *changes: Mapping[str, Json]) -> SearchStrategy[Weather]:
    """
    Weather of the account: the standard set-up, or one of these changes to it.

    Args:
        provider: Slug.
        changes: JSON Merge Patches (RFC 7396) of the provider's seed data, such as an empty balance.

    Raises:
        ConfigurationError: There is no such provider, no change is given, or one names what the seed data has not.
    """
    (found,) = find_providers((provider,))
    if not changes:
        raise ConfigurationError(
            f"account_states({provider!r}) has no change to draw.", "Give patches of its seed data, one or more."
        )
    for each in changes:
        if unknown := sorted(set(each) - set(found.seed)):
            raise ConfigurationError(
                f"The seed data of {provider} has no {unknown[0]}.", f"It has {', '.join(sorted(found.seed))}."
            )
    return st.sampled_from([Weather(), *(Weather(account=each) for each in changes)])


def weathers(
    provider: str, *, operations: Sequence[str] | None = None, stall_s: float | None = None
) -> SearchStrategy[Weather]:
    """All weather of a provider together: fault plans, moves of the clock, and its webhooks if it sends any."""
    parts = [fault_plans(provider, operations=operations, stall_s=stall_s), clock_moves()]
    parts += [webhook_weather(provider)] if forecast(provider).events else []
    return st.tuples(*parts).map(_together)


def _together(parts: Sequence[Weather]) -> Weather:
    whole = Weather()
    for each in parts:
        whole |= each
    return whole
