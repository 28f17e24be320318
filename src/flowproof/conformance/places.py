"""Places in a JSON value as the names on the path; ``*`` stands for every entry of a list."""

from collections.abc import Callable, Iterator
from typing import Any

from flowproof.json_pointer import escape

__all__ = ["Steps", "edited", "places_of", "pointer"]

Steps = tuple[str, ...]


def pointer(steps: Steps) -> str:
    """A place in the form of a JSON pointer."""
    return "".join(f"/{escape(step)}" for step in steps)


def places_of(value: Any, here: Steps = ()) -> Iterator[Steps]:
    """Every place in a value, some more than once."""
    yield here
    if isinstance(value, dict):
        for name, each in value.items():
            yield from places_of(each, (*here, name))
    elif isinstance(value, list):
        for each in value:
            yield from places_of(each, (*here, "*"))


def edited(value: Any, steps: Steps, change: Callable[[Any, str], tuple[str, Any] | None]) -> Any:
    """
    The value with every occurrence of a place changed.

    Args:
        value: Any JSON value.
        steps: The place.
        change: Takes the value there and its name; returns the new name and value, or None to remove it.
    """
    if not steps:
        changed = change(value, "")
        return None if changed is None else changed[1]
    step, rest = steps[0], steps[1:]
    if step == "*":
        return [edited(each, rest, change) for each in value] if isinstance(value, list) else value
    if not isinstance(value, dict) or step not in value:
        return value
    if rest:
        return {name: edited(each, rest, change) if name == step else each for name, each in value.items()}
    made: dict[str, Any] = {}
    for name, each in value.items():
        changed = change(each, name) if name == step else (name, each)
        if changed is not None:
            made[changed[0]] = changed[1]
    return made
