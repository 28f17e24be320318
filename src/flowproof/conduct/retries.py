"""Watchers for what every provider's client does alike: it repeats a request, after the wait that it was asked for."""

from collections.abc import Iterator

from .obligation import Broken, Kept, Sighting, Watcher
from .observed import Journal, Observed

__all__ = ["in_doubt", "pause_s", "repeated", "waits_as_told"]

ROUNDING_S = 0.01


def repeated(exchange: Observed, journal: Journal) -> Observed | None:
    """The first later request that is the same: method, path, query and body."""
    asked = (exchange.method, exchange.path, exchange.query, exchange.request.body)
    later = journal.after(exchange).requests()
    return next((each for each in later if (each.method, each.path, each.query, each.request.body) == asked), None)


def in_doubt(first: Observed, then: Observed) -> bool:
    """Whether the client could not know what became of its first request when it sent the second."""
    return first.is_lost or first.at > then.at


def pause_s(first: Observed, then: Observed) -> float | None:
    """
    Seconds between two exchanges on the workspace's clock, or None where that clock stood still.

    On a real clock two exchanges may be of the same millisecond: their pause is 0, and is judged. On any other clock,
    or where the journal does not name its mode, equal times tell nothing of the pause.
    """
    seconds = (then.at - first.at).total_seconds()
    runs = first.clock == then.clock == "real"
    return seconds if seconds or runs else None


def waits_as_told(*statuses: int) -> Watcher:
    """
    A watcher for `Retry-After`: a request that is repeated is not repeated sooner.

    Args:
        statuses: Of the answers that it looks at, such as 429.
    """

    def watch(journal: Journal) -> Iterator[Sighting]:
        """Every repeated request that was asked to wait; where the clock stands still, no wait can be told."""
        for refused in journal.requests():
            asked = refused.response.header("retry-after") or ""
            again = repeated(refused, journal) if refused.status in statuses and asked.isdecimal() else None
            waited_s = pause_s(refused, again) if again else None
            if again is None or waited_s is None:
                continue
            what = f"{refused} answered {refused.status} was repeated after {waited_s:g} s, asked for {asked} s"
            kind = Broken if waited_s + ROUNDING_S < int(asked) else Kept
            yield kind(what, (refused, again))

    return watch
