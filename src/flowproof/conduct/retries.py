"""How a client repeats a request, for the checks of every provider: the pause before it, and what the client knew."""

from collections.abc import Iterator

from .journal import Journal, JournalExchange
from .obligation import Fulfilled, JournalCheck, Observation, Violated

__all__ = ["find_repeat", "outcome_was_unknown", "pause_s", "respects_retry_after"]

ROUNDING_S = 0.01


def find_repeat(exchange: JournalExchange, journal: Journal) -> JournalExchange | None:
    """The first later request with the same method, path, query and body."""
    return next((each for each in journal.after(exchange).requests() if each.repeats(exchange)), None)


def outcome_was_unknown(first: JournalExchange, then: JournalExchange) -> bool:
    """
    Whether the client could not know the outcome of its first request when it sent the second.

    A clock that stands still shows no order of an answer and a later request. There an answer that a fault plan held
    back counts as late: the same request at the same instant is that of a client that did not wait for it.
    """
    stands_still = first.at == then.at and first.clock != "real"
    return first.is_lost or first.at > then.at or (stands_still and first.is_held_back)


def pause_s(first: JournalExchange, then: JournalExchange) -> float | None:
    """
    Seconds between two exchanges on the workspace's clock, or None where that clock stood still.

    On a real clock two exchanges can be of the same millisecond: their pause is 0, and is judged. On any other clock,
    or where the journal does not name its mode, equal times say nothing about the pause.
    """
    seconds = (then.at - first.at).total_seconds()
    runs = first.clock == then.clock == "real"
    return seconds if seconds or runs else None


def respects_retry_after(*statuses: int) -> JournalCheck:
    """
    Make a check that a request is not repeated sooner than `Retry-After` allows.

    Args:
        statuses: Statuses of the responses to look at, such as 429.
    """

    def check(journal: Journal) -> Iterator[Observation]:
        """Yield one observation for each repeated request whose pause is known."""
        for refused in journal.requests():
            asked = refused.response.header("retry-after") or ""
            again = find_repeat(refused, journal) if refused.status in statuses and asked.isdecimal() else None
            waited_s = pause_s(refused, again) if again else None
            if again is None or waited_s is None:
                continue
            what = f"{refused} answered {refused.status} was repeated after {waited_s:g} s, asked for {asked} s"
            kind = Violated if waited_s + ROUNDING_S < int(asked) else Fulfilled
            yield kind(what, (refused, again))

    return check
