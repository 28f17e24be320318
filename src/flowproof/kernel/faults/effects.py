"""
The kinds of faults. Each class is one: its name in JSON, its fields, and what a client meets.

The unions below the classes say in which phase of a request a kind acts. Whoever acts in a phase matches its union to
the end: a kind that is added to a union and not handled there is a type error, and an error at run time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, assert_never, get_args

from .fields import Range

__all__ = [
    "EFFECTS",
    "PHASES",
    "BeforeProcessing",
    "Effect",
    "InsteadOfAnswer",
    "Latency",
    "MalformedJson",
    "OnSocket",
    "Reset",
    "SlowBody",
    "Status",
    "TruncatedBody",
    "delay",
]

SECONDS = Range(0, 3600)


@dataclass(frozen=True, slots=True)
class Latency:
    """The answer waits."""

    kind: ClassVar[str] = "latency"
    loses_answer: ClassVar[bool] = False

    seconds: Annotated[
        float,
        SECONDS,
        "How long; the mean of an exponential, the median of a lognormal distribution, the top of a uniform one.",
    ]
    distribution: Annotated[
        Literal["fixed", "uniform", "exponential", "lognormal"], "How the wait is drawn, from the workspace's seed."
    ] = "fixed"
    low_s: Annotated[float, SECONDS, "The shortest wait of a uniform distribution."] = 0.0
    sigma: Annotated[float, Range(0, 10), "The spread of a lognormal distribution."] = 0.5

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
    """The provider's own error body with a status of choice; the request is not processed."""

    kind: ClassVar[str] = "status"
    loses_answer: ClassVar[bool] = False

    status: Annotated[int, Range(400, 599), "Which status."]
    retry_after_s: Annotated[int | None, Range(0, 86_400), "A Retry-After header of so many seconds."] = None


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection breaks without an answer."""

    kind: ClassVar[str] = "reset"
    loses_answer: ClassVar[bool] = True

    moment: Annotated[Literal["before", "after"], "Before or after the request is processed."] = "before"
    how: Annotated[Literal["rst", "fin"], "With a TCP reset, or with a mere close."] = "rst"


@dataclass(frozen=True, slots=True)
class TruncatedBody:
    """The connection ends after a part of the body that the headers promised in full."""

    kind: ClassVar[str] = "truncated_body"
    loses_answer: ClassVar[bool] = True

    part: Annotated[float, Range(0, 1), "How much of it is sent."] = 0.5


@dataclass(frozen=True, slots=True)
class MalformedJson:
    """The body has the right length and headers, but the JSON text breaks off and is padded with blanks."""

    kind: ClassVar[str] = "malformed_json"
    loses_answer: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class SlowBody:
    """The body trickles in."""

    kind: ClassVar[str] = "slow_body"
    loses_answer: ClassVar[bool] = False

    seconds: Annotated[float, SECONDS, "How long that takes."]
    pieces: Annotated[int, Range(1, 10_000), "In how many pieces."] = 10


BeforeProcessing = Latency | Reset
InsteadOfAnswer = Status
OnSocket = Reset | TruncatedBody | MalformedJson | SlowBody
Effect = BeforeProcessing | InsteadOfAnswer | OnSocket

EFFECTS: Mapping[str, type[Effect]] = MappingProxyType({each.kind: each for each in get_args(Effect)})
"""The kinds by their names in JSON."""

PHASES: Mapping[str, tuple[type[Effect], ...]] = MappingProxyType(
    {
        "before the request is processed": get_args(BeforeProcessing),
        "instead of the answer": (InsteadOfAnswer,),
        "on the socket, afterwards": get_args(OnSocket),
    }
)


def delay(fired: Iterable[tuple[Effect, Random]]) -> tuple[float, Reset | None]:
    """How many seconds a request waits before it is processed, and whether the connection then breaks instead."""
    wait_s, reset = 0.0, None
    for effect, rng in fired:
        if not isinstance(effect, BeforeProcessing):
            continue
        match effect:
            case Latency():
                wait_s += effect.drawn_s(rng)
            case Reset():
                reset = effect if reset is None and effect.moment == "before" else reset
            case _:
                assert_never(effect)
    return wait_s, reset
