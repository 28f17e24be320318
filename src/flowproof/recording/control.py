"""What was done to a mock by its control API between requests, as part of a case."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from .binding import Bindings
from .exchanges import ControlCall
from .values import Leaf, changed, leaves

__all__ = ["answer_leaves_of", "control_steps", "sent_leaves_of", "taken_snapshots"]

ValueOf = Callable[[int, Leaf], Any]
SNAPSHOT = "snapshot"
ADVERSARY = "webhooks/adversary"  # a signature is "wrong" or "missing" there: no secret, but for its name
CHANGES = frozenset({"PUT", "POST", "PATCH", "DELETE"})


def sent_leaves_of(call: ControlCall) -> list[Leaf]:
    """The values of a call; those of a snapshot are nobody's words."""
    if call.path == SNAPSHOT:
        return []
    return [*(Leaf("", (), unquote(each)) for each in call.path.split("/")), *leaves(call.body)]


def answer_leaves_of(call: ControlCall) -> list[Leaf]:
    return [] if call.path == SNAPSHOT else list(leaves(call.answer))


def taken_snapshots(calls: Sequence[ControlCall]) -> Mapping[str, Any]:
    """The snapshots that a later call restores, by names of ours."""
    restored = [each.body for each in calls if each.path == SNAPSHOT and each.method == "PUT"]
    taken = [each.answer for each in calls if each.path == SNAPSHOT and each.method == "GET"]
    return {f"snapshot_{number}": each for number, each in enumerate(taken, start=1) if each in restored}


def control_steps(
    calls: Sequence[ControlCall], first: int, snapshots: Mapping[str, Any], value_of: ValueOf, bindings: Bindings
) -> Iterator[dict[str, Any]]:
    """
    The calls before one request, as a case has them.

    Args:
        calls: In order; those that only read are left out, unless their answer is needed.
        first: Place of the first in the conversation.
        snapshots: Values by the names of snapshots that were taken, by which a restored one is recognised.
        value_of: What stands for a value that is sent at a place.
        bindings: Of the conversation.
    """
    for index, call in enumerate(calls, start=first):
        name = next((each for each, value in snapshots.items() if call.path == SNAPSHOT and value == call.answer), None)
        if call.method == "GET" and name is not None:
            yield {"method": "GET", "path": SNAPSHOT, "save": {name: ""}}
        elif call.method in CHANGES:
            yield {"method": call.method, **_described(call, index, snapshots, value_of, bindings)}


def _described(
    call: ControlCall, index: int, snapshots: Mapping[str, Any], value_of: ValueOf, bindings: Bindings
) -> dict[str, Any]:
    segments = (value_of(index, Leaf("", (), unquote(each))) for each in call.path.split("/"))
    found: dict[str, Any] = {"path": "/".join(quote(str(each), safe="{}:@!$&'()*+,;=-._~") for each in segments)}
    restored = next((name for name, value in snapshots.items() if call.path == SNAPSHOT and value == call.body), None)
    if restored is not None:
        return {**found, "body": {"$saved": restored}}
    if call.path == ADVERSARY:
        found["body"] = call.body
    elif call.body is not None:
        found["body"] = changed(call.body, lambda leaf: value_of(index, leaf), lambda name: name)
    saved = bindings.save(index)
    return {**found, **({"save": saved} if saved else {})}
