"""What goes wrong on purpose: plans as values, and whether one fires. How it looks on a socket is serving's."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from random import Random
from typing import Any, Literal, get_args

from flowproof.errors import ConfigurationError

__all__ = [
    "Effect",
    "FaultPlan",
    "Latency",
    "MalformedJson",
    "Reset",
    "SlowBody",
    "Status",
    "TruncatedBody",
    "plans_from_json",
]

Distribution = Literal["fixed", "uniform", "exponential", "lognormal"]


@dataclass(frozen=True, slots=True)
class Latency:
    """
    The answer waits.

    Args:
        seconds: How long; the mean of an exponential, the median of a lognormal distribution, the top of a uniform one.
        distribution: How the wait is drawn.
        low_s: The bottom of a uniform distribution.
        sigma: Spread of a lognormal distribution.
    """

    seconds: float
    distribution: Distribution = "fixed"
    low_s: float = 0.0
    sigma: float = 0.5

    def drawn_s(self, rng: Random) -> float:
        """One wait in seconds."""
        match self.distribution:
            case "fixed":
                return self.seconds
            case "uniform":
                return rng.uniform(self.low_s, self.seconds)
            case "exponential":
                return rng.expovariate(1 / self.seconds) if self.seconds else 0.0
            case "lognormal":
                return self.seconds * rng.lognormvariate(0.0, self.sigma)


@dataclass(frozen=True, slots=True)
class Status:
    """The provider's own error body with a status of choice, without processing the request."""

    status: int
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """
    The connection breaks.

    Args:
        moment: ``before`` or ``after`` the request is processed.
        how: With a TCP reset (``rst``), or with a mere close (``fin``).
    """

    moment: Literal["before", "after"] = "before"
    how: Literal["rst", "fin"] = "rst"


@dataclass(frozen=True, slots=True)
class TruncatedBody:
    """The connection ends after a part of the body (0 to 1) that the headers promised in full."""

    part: float = 0.5


@dataclass(frozen=True, slots=True)
class MalformedJson:
    """The body has the right length and headers, but is cut off inside the JSON text and padded with blanks."""


@dataclass(frozen=True, slots=True)
class SlowBody:
    """The body trickles in ``pieces`` over ``seconds``."""

    seconds: float
    pieces: int = 10


Effect = Latency | Status | Reset | TruncatedBody | MalformedJson | SlowBody
EFFECTS: Mapping[str, type[Effect]] = {
    "latency": Latency,
    "status": Status,
    "reset": Reset,
    "truncated_body": TruncatedBody,
    "malformed_json": MalformedJson,
    "slow_body": SlowBody,
}
NAMES = {effect: name for name, effect in EFFECTS.items()}
SCHEDULE = ("first", "every", "probability")


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """
    What goes wrong, where, how often.

    Args:
        id: Name under which it shows in the journal.
        effect: What goes wrong.
        provider: Slug, or None for all.
        operation: ``operationId``, or None for all.
        first: Only the first so many matching calls, or None.
        every: Only every so many-th matching call, or None.
        probability: With that probability, drawn from the workspace's seed, or None.
        calls: How many calls have matched so far.
    """

    id: str
    effect: Effect
    provider: str | None = None
    operation: str | None = None
    first: int | None = None
    every: int | None = None
    probability: float | None = None
    calls: int = 0

    def matches(self, provider: str, operation: str | None) -> bool:
        """Whether a call of that operation is counted."""
        return self.provider in (None, provider) and self.operation in (None, operation)

    def fires(self, rng: Random) -> bool:
        """Whether the call that was counted last is hit."""
        if self.first is not None and self.calls > self.first:
            return False
        if self.every is not None and self.calls % self.every != 0:
            return False
        return self.probability is None or rng.random() < self.probability

    def rng(self, seed: str) -> Random:
        """The chance of the call that was counted last: the same for the same seed, plan and call."""
        return Random(hashlib.sha256(f"{seed}/{self.id}/{self.calls}".encode()).digest())

    def to_json(self) -> dict[str, Any]:
        """The plan as the control API shows it and the store keeps it."""
        shown = {"id": self.id, "fault": NAMES[type(self.effect)], **asdict(self.effect)}
        chosen = {each: getattr(self, each) for each in ("provider", "operation", *SCHEDULE)}
        return {**shown, **{key: value for key, value in chosen.items() if value is not None}, "calls": self.calls}


def plans_from_json(value: Sequence[Mapping[str, Any]]) -> tuple[FaultPlan, ...]:
    """
    Read fault plans as a user writes them, such as ``{"fault": "status", "status": 503, "first": 3}``.

    Raises:
        ConfigurationError: A plan has an unknown fault or key, or a value out of range.
    """
    plans = tuple(_plan(index, each) for index, each in enumerate(value))
    if len({plan.id for plan in plans}) < len(plans):
        raise ConfigurationError("Two fault plans have the same id.", "Give each its own, or none.")
    return plans


def _plan(index: int, value: Mapping[str, Any]) -> FaultPlan:
    named = value.get("fault")
    effect_type = EFFECTS.get(named) if isinstance(named, str) else None
    if effect_type is None:
        raise ConfigurationError(f"Fault plan {index} has the fault {named!r}.", f"Choose one of {', '.join(EFFECTS)}.")
    effect_keys = {each.name for each in fields(effect_type)}
    plan_keys = {"id", "provider", "operation", *SCHEDULE, "calls"}
    unknown = set(value) - effect_keys - plan_keys - {"fault"}
    if unknown:
        allowed = ", ".join(sorted(effect_keys | plan_keys))
        raise ConfigurationError(f"Fault plan {index} has unknown keys {sorted(unknown)}.", f"It may have: {allowed}.")
    try:
        given = {key: _whole(key, each) for key, each in value.items()}
        effect = effect_type(**{key: each for key, each in given.items() if key in effect_keys})
        _check_ranges(effect, given)
        chosen = {key: each for key, each in given.items() if key in plan_keys}
        return FaultPlan(**{"id": f"fault-{index + 1}", **chosen, "effect": effect})
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"Fault plan {index} ({named}): {error}.", "See the control API's OpenAPI document."
        ) from error


def _whole(name: str, value: Any) -> Any:
    """JSON has one kind of number: 2.0 is a whole one."""
    if name not in WHOLE or value is None:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1:
        raise ValueError(f"{name} is {value!r}, but must be a whole number")
    return int(value)


def _check_ranges(effect: Effect, value: Mapping[str, Any]) -> None:
    counted = (*SCHEDULE, "calls")
    numbers = {**asdict(effect), **{key: value[key] for key in counted if value.get(key) is not None}}
    for name, (low, high) in RANGES.items():
        number = numbers.get(name)
        if number is None:
            continue
        if isinstance(number, bool) or not isinstance(number, int | float) or not low <= number <= high:
            raise ValueError(f"{name} is {number!r}, but must be a number from {low} to {high}")
    for name, words in WORDS.items():
        if name in numbers and numbers[name] not in words:
            raise ValueError(f"{name} is {numbers[name]!r}, but must be one of {', '.join(words)}")


RANGES: Mapping[str, tuple[float, float]] = {
    "seconds": (0, 3600),
    "low_s": (0, 3600),
    "sigma": (0, 10),
    "status": (400, 599),
    "retry_after_s": (0, 86_400),
    "part": (0, 1),
    "pieces": (1, 10_000),
    "first": (1, 1_000_000),
    "every": (1, 1_000_000),
    "probability": (0, 1),
    "calls": (0, 2**53),
}
WHOLE = frozenset({"status", "retry_after_s", "pieces", "first", "every", "calls"})
WORDS: Mapping[str, tuple[str, ...]] = {
    "distribution": get_args(Distribution),
    "moment": ("before", "after"),
    "how": ("rst", "fin"),
}
