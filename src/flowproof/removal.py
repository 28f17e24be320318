"""
Removes what was created on a target and says what became of each thing.

What the target does not have is tried once more a little later, since some providers need a moment to make what they
have accepted; if it is still not there, nothing is left. Knows neither pytest nor events: certify and drift use it.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flowproof.clients.errors import ClientError, NotFound, TryLater, Unreachable
from flowproof.kit import ParameterUnknown

__all__ = ["RETRY_AFTER_S", "Removal", "remove_all"]

RETRY_AFTER_S = 5.0

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Removal(Generic[Thing]):
    """
    What became of a thing.

    Args:
        thing: Which.
        is_gone: Whether it is not on the target any more.
        how: By what, or why it is left.
        is_final: Whether another attempt would have the same end.
    """

    thing: Thing
    is_gone: bool
    how: str
    is_final: bool


def remove_all(
    things: Sequence[Thing],
    remove: Callable[[Thing], str],
    *,
    target_of: Callable[[Thing], Hashable],
    pause: Callable[[float], object],
    final: tuple[type[BaseException], ...] = (),
) -> list[Removal[Thing]]:
    """
    Remove things, in this order.

    Args:
        things: The newest first.
        remove: Removes one; returns how.
        target_of: Where a thing is: a target that cannot be reached is not asked for its other things.
        pause: Waits for seconds.
        final: Further errors after which another attempt would have the same end; `remove` may raise them.
    """
    ended = _remove_each(things, remove, target_of, final)
    missing = [thing for thing, result in ended if isinstance(result, NotFound)]
    if missing:
        pause(RETRY_AFTER_S)
        kept = [each for each in ended if not isinstance(each[1], NotFound)]
        ended = [*kept, *_remove_each(missing, remove, target_of, final)]
    return [_removal(thing, result, final) for thing, result in ended]


def _remove_each(
    things: Sequence[Thing],
    remove: Callable[[Thing], str],
    target_of: Callable[[Thing], Hashable],
    final: tuple[type[BaseException], ...],
) -> list[tuple[Thing, str | BaseException]]:
    ended: list[tuple[Thing, str | BaseException]] = []
    unreachable: dict[Hashable, Unreachable] = {}
    caught: tuple[type[BaseException], ...] = (*final, Exception)  # another distribution's action may fail in any way
    for thing in things:
        try:
            if target_of(thing) in unreachable:
                raise unreachable[target_of(thing)]
            ended.append((thing, remove(thing)))
        except caught as error:
            if isinstance(error, Unreachable):
                unreachable[target_of(thing)] = error
            ended.append((thing, error))
    return ended


def _removal(thing: Thing, result: str | BaseException, final: tuple[type[BaseException], ...]) -> Removal[Thing]:
    if isinstance(result, str):
        return Removal(thing, True, result, True)
    if isinstance(result, NotFound):
        return Removal(thing, True, f"it is not there: {result}", True)
    is_answered = isinstance(result, ClientError) and result.status is not None and not isinstance(result, TryLater)
    return Removal(thing, False, f"it is left: {result}", is_answered or isinstance(result, (*final, ParameterUnknown)))
