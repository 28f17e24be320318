"""Values of an answer that reappear in a later request or answer: saved under a name, and named there."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flowproof.drift.saving import WORD as SAVED_WORD

from .values import Leaf
from .volatile import identifies, is_lost, names_one

__all__ = ["Bindings"]

SHORTEST_INSIDE = 8  # characters of a value that is found inside of a text; a shorter one may be any word
LONGEST_BEFORE = 40  # characters of a text that say where in it a value stands
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class Bindings:
    """
    Which values of a conversation are bound, and by which names.

    Args:
        requests: The values of each request, in order, and of what was done to a mock before it.
        answers: The values of each response.
        texts: The bodies of those that are texts, empty for the others.
        known: Names of values that a target has from the beginning, such as its credentials.
    """

    def __init__(
        self,
        requests: Sequence[Sequence[Leaf]],
        answers: Sequence[Sequence[Leaf]],
        texts: Sequence[str] = (),
        known: Mapping[str, str] | None = None,
    ) -> None:
        self._names: dict[str, str] = dict(known or {})
        self._saved: dict[int, dict[str, str]] = defaultdict(dict)
        self._since: dict[str, int] = dict.fromkeys(self._names, -1)
        sent = [[each for each in request if _plain(each.value)] for request in requests]
        self._bind_leaves(sent, answers)
        self._bind_words(sent, texts)

    def _bind_leaves(self, sent: Sequence[Sequence[Leaf]], received: Sequence[Sequence[Leaf]]) -> None:
        """Bind what stands in a place of its own in an answer."""
        first_sent = _first(sent)
        last_received = _last(received)
        values = [{_plain(leaf.value) for leaf in each} for each in sent]
        texts = ["\n".join(_strings(each)) for each in sent]
        for index, found in enumerate(received):
            for leaf in found:
                value = _plain(leaf.value)
                if value in self._names or not may_be_bound(leaf):
                    continue
                if first_sent.get(value, len(sent)) <= index:
                    continue  # the client had it before
                is_named = any(value in each for each in values[index + 1 :]) or _is_inside(value, texts[index + 1 :])
                is_one = leaf.pointer.startswith("/") and names_one(leaf.names, leaf.value)
                if is_named or (is_one and last_received.get(value, -1) > index):
                    self._bind(index, leaf)

    def _bind_words(self, sent: Sequence[Sequence[Leaf]], texts: Sequence[str]) -> None:
        """Bind what a later request has of an answer that is a text, such as a hidden field of a page."""
        first_sent = _first(sent)
        for index, text in enumerate(texts):
            later = (leaf for each in sent[index + 1 :] for leaf in each) if text else ()
            for leaf in later:
                value = _plain(leaf.value)
                is_long = len(value) >= SHORTEST_INSIDE and SAVED_WORD.fullmatch(value) is not None
                if not is_long or value in self._names or first_sent.get(value, 0) <= index:
                    continue
                before = _before(text, value)
                if before:
                    self._bind(index, Leaf(f"after:{before}", leaf.names, value))

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
        long = (each for each in self._names if len(each) >= SHORTEST_INSIDE and self._since[each] < index)
        found = sorted((each for each in long if each in text), key=len, reverse=True)
        if not found:
            return text
        return re.sub("|".join(map(re.escape, found)), lambda each: f"{{{self._names[each[0]]}}}", text)

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


def may_be_bound(leaf: Leaf) -> bool:
    """Whether a value of an answer stands for something of the provider's: what headers and cookies have does."""
    in_headers = not leaf.pointer.startswith("/") and len(_plain(leaf.value)) >= SHORTEST_INSIDE
    return (in_headers and not is_lost(str(leaf.value))) or identifies(leaf.names, leaf.value)


def _before(text: str, value: str) -> str:
    """What stands before a word of a text and nowhere else in it; empty where there is no such thing."""
    for found in re.finditer(rf"(?<![\w.~+/=%-]){re.escape(value)}(?![\w.~+/=%-])", text, re.ASCII):
        before = text[max(0, found.start() - LONGEST_BEFORE) : found.start()].rpartition("\n")[2]
        if before and text.count(before) == 1:
            return before
    return ""


def _strings(found: Sequence[Leaf]) -> Iterator[str]:
    yield from (leaf.value for leaf in found if isinstance(leaf.value, str))


def _is_inside(value: str, texts: Sequence[str]) -> bool:
    return len(value) >= SHORTEST_INSIDE and any(value in each for each in texts)
