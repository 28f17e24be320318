"""Whether calls were made as often as expected, in an order, and no others; where not, the nearest exchanges."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from flowproof.errors import ConfigurationError, FlowproofError
from flowproof.plurals import counted

from .call import Call, Entry

__all__ = ["NotAsExpected", "check_operations", "expect_calls", "expect_only", "expect_order"]

MOST_SHOWN = 3
WEBHOOK = "webhook:"


@dataclass(eq=False)
class NotAsExpected(FlowproofError, AssertionError):
    """
    The journal does not hold the calls that a test expects.

    Args:
        what: What was expected, and what was found, in one sentence.
        nearest: The nearest exchanges, one text each, with their differences.
    """

    what: str
    nearest: Sequence[str] = ()

    def __str__(self) -> str:
        return "\n".join([self.what, *self.nearest])


def expect_calls(
    entries: Sequence[Entry],
    call: Call,
    *,
    times: int | None = None,
    at_least: int | None = None,
    at_most: int | None = None,
) -> Sequence[Entry]:
    """
    The exchanges that are this call.

    Args:
        entries: The journal.
        call: What is expected.
        times: How often exactly; without any of the three, at least once.
        at_least: How often at least.
        at_most: How often at most.

    Raises:
        NotAsExpected: It was made more or less often.
        ConfigurationError: The numbers contradict each other.
    """
    if times is not None and (at_least, at_most) != (None, None):
        raise ConfigurationError("times says how often exactly.", "Leave out at_least and at_most.")
    low = times if times is not None else at_least if at_least is not None else 0 if at_most is not None else 1
    high = times if times is not None else at_most
    if low < 0 or (high is not None and high < low):
        raise ConfigurationError(f"No call can be made {_often(low, high)}.", "Give numbers of which one is possible.")
    found = [each for each in entries if call.matches(each)]
    if low <= len(found) and (high is None or len(found) <= high):
        return found
    what = f"{call} was expected {_often(low, high)}, and was called {counted(len(found), 'time')}."
    raise NotAsExpected(what, [_line(each) for each in found] if len(found) > low else _nearest(entries, call))


def expect_order(entries: Sequence[Entry], calls: Sequence[Call]) -> Sequence[Entry]:
    """
    The exchanges that are these calls, in this order; others may stand between them.

    Raises:
        NotAsExpected: One is missing after those before it.
    """
    found: list[Entry] = []
    for call in calls:
        after = found[-1]["number"] if found else 0
        following = next((each for each in entries if each["number"] > after and call.matches(each)), None)
        if following is None:
            place = f" after {_line(found[-1])}" if found else ""
            raise NotAsExpected(f"{call} was expected{place}, and was not called there.", _nearest(entries, call))
        found.append(following)
    return found


def expect_only(entries: Sequence[Entry], calls: Sequence[Call]) -> None:
    """
    See that each request of the client is one of these calls.

    Raises:
        NotAsExpected: Another one was made.
    """
    others = [each for each in entries if each["direction"] == "in" and not any(call.matches(each) for call in calls)]
    if others:
        allowed = ", ".join(str(each) for each in calls) or "no call at all"
        what = f"Only {allowed} was expected, and {counted(len(others), 'other call')} came."
        raise NotAsExpected(what, [_line(each) for each in others])


def check_operations(calls: Iterable[Call], known: Collection[str]) -> None:
    """
    See that each call is of an operation that there is: another one would never be called.

    Raises:
        ConfigurationError: One is not.
    """
    for call in calls:
        if call.operation not in known and not call.operation.startswith(WEBHOOK):
            near = get_close_matches(call.operation, known) or sorted(known)
            raise ConfigurationError(
                f"No provider of this workspace has an operation {call.operation}.",
                f"Use one such as {near[0]}." if near else "This server has no operation.",
            )


def _nearest(entries: Sequence[Entry], call: Call) -> list[str]:
    """The exchanges that differ least: of the same operation first, then of the least differences, then the latest."""
    if not entries:
        return ["The journal is empty."]

    def distance(entry: Entry) -> tuple[bool, int, int]:
        return entry["operation"] != call.operation, len(list(call.differences(entry))), -entry["number"]

    return [_with_differences(each, call) for each in sorted(entries, key=distance)[:MOST_SHOWN]]


def _with_differences(entry: Entry, call: Call) -> str:
    other = [] if entry["operation"] == call.operation else [f"operation is {entry['operation']!r}"]
    return "\n".join([_line(entry), *(f"    {each}" for each in (*other, *call.differences(entry)))])


def _line(entry: Entry) -> str:
    request = entry["request"]
    status = entry["response"]["status"] or "no answer"
    return f"  {entry['id']} {entry['operation'] or 'no operation'}: {request['method']} {request['path']} → {status}"


def _often(low: int, high: int | None) -> str:
    if low == high:
        return counted(low, "time")
    if high is None:
        return f"at least {counted(low, 'time')}"
    return f"at most {counted(high, 'time')}" if low == 0 else f"{low} to {counted(high, 'time')}"
