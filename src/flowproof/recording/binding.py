"""Values of an answer that reappear in a later request or answer: saved under a name, and named there."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from .values import Body, Leaf, RequestValues, leaves
from .volatile import identifies, names_one

__all__ = ["Bindings"]

SHORTEST_INSIDE = 8  # characters of a value that is found inside of a text; a shorter one may be any word
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class Bindings:
    """
    Which values of a conversation are bound, and by which names.

    Args:
        requests: In order.
        answers: The bodies of their responses.
    """

    def __init__(self, requests: Sequence[RequestValues], answers: Sequence[Body]) -> None:
        self._names: dict[str, str] = {}
        self._saved: dict[int, dict[str, str]] = defaultdict(dict)
        self._since: dict[str, int] = {}
        sent = [[each for each in request.leaves() if _plain(each.value)] for request in requests]
        received = [list(leaves(each.value)) if each.kind == "json" else [] for each in answers]
        first_sent = _first(sent)
        last_received = _last(received)
        known = [{_plain(leaf.value) for leaf in each} for each in sent]
        texts = _texts_by_exchange(sent)
        for index, found in enumerate(received):
            for leaf in found:
                value = _plain(leaf.value)
                if value in self._names or not identifies(leaf.names, leaf.value):
                    continue
                if first_sent.get(value, len(sent)) <= index:
                    continue  # the client had it before
                is_named = any(value in each for each in known[index + 1 :]) or _is_inside(value, texts[index + 1 :])
                if is_named or (names_one(leaf.names, leaf.value) and last_received.get(value, -1) > index):
                    self._bind(index, leaf)

    def save(self, index: int) -> dict[str, str]:
        """Names and JSON pointers of what is saved of an answer, by its place in the conversation."""
        return self._saved.get(index, {})

    def name_of(self, value: Any, index: int) -> str | None:
        """The name of a value in an exchange, by its place; None where no earlier answer had it."""
        text = _plain(value)
        return self._names[text] if self._since.get(text, index) < index else None

    def is_bound(self, value: Any) -> bool:
        return _plain(value) in self._names

    def filled(self, value: Any, index: int) -> Any:
        """A leaf of a request with names in the place of what is bound."""
        name = self.name_of(value, index)
        if name is not None:
            return f"{{{name}}}" if isinstance(value, str) else {"$saved": name}
        return self.inside(value, index) if isinstance(value, str) else value

    def inside(self, text: str, index: int) -> str:
        """A text with names in the place of the longer values that are bound."""
        for value in sorted((each for each in self._names if len(each) >= SHORTEST_INSIDE), key=len, reverse=True):
            if self._since[value] < index and value in text:
                text = text.replace(value, f"{{{self._names[value]}}}")
        return text

    def _bind(self, index: int, leaf: Leaf) -> None:
        value, name = _plain(leaf.value), self._new_name(leaf.names)
        self._names[value] = name
        self._since[value] = index
        self._saved[index][name] = leaf.pointer

    def _new_name(self, names: Sequence[str]) -> str:
        """A name of the member, with that of the object around it where the member's alone says little."""
        words = [_words(each) for each in names[-2:]] or ["value"]
        short = "_".join(words) if words[-1] in {"id", "guid", "uuid", "token", "reference", "number"} else words[-1]
        taken = set(self._names.values())
        name, number = short, 2
        while name in taken:
            name, number = f"{short}_{number}", number + 1
        return name


def _words(name: str) -> str:
    words = "_".join(each.lower() for each in WORD.findall(name))
    return words if words and not words[0].isdigit() else f"value_{words}".rstrip("_")


def _plain(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _first(exchanges: Sequence[Sequence[Leaf]]) -> dict[str, int]:
    """In which request each value was first sent."""
    first: dict[str, int] = {}
    for index, found in enumerate(exchanges):
        for leaf in found:
            first.setdefault(_plain(leaf.value), index)
    return first


def _last(answers: Sequence[Sequence[Leaf]]) -> dict[str, int]:
    """In which answer each value occurs last."""
    return {_plain(leaf.value): index for index, found in enumerate(answers) for leaf in found}


def _texts_by_exchange(exchanges: Sequence[Sequence[Leaf]]) -> list[str]:
    """The texts of each request, in one."""
    return ["\n".join(_strings(found)) for found in exchanges]


def _strings(found: Sequence[Leaf]) -> Iterator[str]:
    yield from (leaf.value for leaf in found if isinstance(leaf.value, str))


def _is_inside(value: str, texts: Sequence[str]) -> bool:
    return len(value) >= SHORTEST_INSIDE and any(value in each for each in texts)
