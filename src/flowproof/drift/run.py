"""The same cases on both targets, and what came of each step."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flowproof.cases import Case, prepare, value_at
from flowproof.conformance import Contract
from flowproof.target import Clock

from .comparison import Difference, compare
from .dates import redated
from .folding import Folder
from .side import NotComparable, Side
from .uniqueness import UniqueValues

__all__ = ["Drift", "Outcome", "find_drift", "operation_of"]

LONGEST_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    One step on both targets.

    Args:
        case: Id of the case.
        step: Its number, from 1.
        operation: `operationId`, or method and path where the contract has none.
        status: What the first target answered.
        differences: What the second has otherwise.
    """

    case: str
    step: int
    operation: str
    status: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """
    What was compared.

    Args:
        outcomes: Of every step that was sent to both.
        left_out: Why a case was not compared, or not to its end, by its id.
        created: What is left on the targets, each in one line.
        notes: What recordings have beside their steps, and what of these is not compared, each in one line.
    """

    outcomes: tuple[Outcome, ...]
    left_out: Mapping[str, str]
    created: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_none(self) -> bool:
        return not any(each.differences for each in self.outcomes)


def find_drift(
    cases: Iterable[Case],
    first: Side,
    second: Side,
    *,
    volatile: frozenset[str] = frozenset(),
    unique: UniqueValues | None = None,
) -> Drift:
    """
    Send each case to both targets and compare the answers.

    Args:
        cases: Of one provider; their dates are moved to today.
        first: Named first in every difference.
        second: The other.
        volatile: Names of members whose values mean nothing, beside the ids of what is created.
        unique: Replaces what a provider takes only once.
    """
    unique = unique if unique is not None else UniqueValues((), "")
    volatile |= first.ids
    outcomes: list[Outcome] = []
    left_out: dict[str, str] = {}
    try:
        for case in cases:
            why = _unfit(case, first, second)
            if why is not None:
                left_out[case.id] = why
                continue
            try:
                for outcome in _steps(case, (first, second), volatile, unique):
                    outcomes.append(outcome)  # noqa: PERF402 (what was compared before a break stays)
            except NotComparable as error:
                left_out[case.id] = str(error)
            finally:
                first.tidy()
                second.tidy()
    finally:
        first.close()
        second.close()
    left = tuple(f"{each.name}: {what}" for each in (first, second) for what in each.created)
    return Drift(tuple(outcomes), left_out, left)


def _unfit(case: Case, first: Side, second: Side) -> str | None:
    longest = max((step.get("advance_s", 0) for step in case.steps), default=0)
    if longest > LONGEST_WAIT_S and not _clocks((first, second)):
        return f"it waits for {longest:g} s, and a sandbox's clock cannot be moved"
    requests_ = [(step["request"]["method"], step["request"]["path"]) for step in case.steps]
    return first.refuses(iter(requests_)) or second.refuses(iter(requests_))


def _steps(case: Case, sides: tuple[Side, Side], volatile: frozenset[str], unique: UniqueValues) -> Iterator[Outcome]:
    folders = [Folder(side.site.url, volatile) for side in sides]
    saved: list[dict[str, Any]] = [{}, {}]
    for number, step in enumerate(case.steps, start=1):
        _let_pass(step.get("advance_s", 0), sides)
        sent = []
        for side, folder, known in zip(sides, folders, saved, strict=True):
            request = unique.request(redated(prepare(step["request"], known), case.clock, side.now()))
            sent.append(side.send(request, folder))
        (first, _), (second, _) = sent
        yield Outcome(
            case.id, number, operation_of(sides[0].contract, step), first.status, tuple(compare(first, second))
        )
        if first.status != second.status:
            return  # what follows stands on it
        for known, (_, raw) in zip(saved, sent, strict=True):
            known.update(_saved(step.get("save", {}), raw))


def _clocks(sides: tuple[Side, Side]) -> list[Clock]:
    """The clocks of both, or none: where one target's time passes by itself, so does the other's."""
    clocks = [side.clock for side in sides if side.clock is not None]
    return clocks if len(clocks) == len(sides) else []


def _let_pass(seconds: float, sides: tuple[Side, Side]) -> None:
    if not seconds:
        return
    clocks = _clocks(sides)
    for clock in clocks:
        clock.advance(seconds)
    if not clocks:
        time.sleep(seconds)


def _saved(pointers: Mapping[str, str], raw: Any) -> dict[str, Any]:
    try:
        return {name: value_at(raw, pointer) for name, pointer in pointers.items()}
    except (LookupError, TypeError, ValueError) as error:
        raise NotComparable("an answer lacks what the next step needs") from error


def operation_of(contract: Contract, step: Mapping[str, Any]) -> str:
    """The `operationId` of a step's request, or method and path where the contract has none."""
    method, path = step["request"]["method"], step["request"]["path"]
    found = contract.operations.find(method, path)
    return found.operation.id if found else f"{method} {path}"
