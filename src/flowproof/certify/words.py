"""Words that must not be shown, each in all its spellings, and a text without them. Knows no event."""

import re
from collections.abc import Iterator

from flowproof.secret_encodings import hidden_encodings, secret_encodings

__all__ = ["Words", "mark"]

BEGINNING = 4  # letters; fewer than that are no word, and no rest of one
DOTS = re.compile(r"(\.\.\.|…)")


def mark(name: str) -> str:
    """What stands in the place of a value."""
    return f"[redacted:{name}]"


class Words:
    """
    Words that must not be shown. However many there are, a text is looked through once.

    Args:
        most: How many spellings are kept at most.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._names: dict[str, str] = {}
        self._beginning_with: dict[str, list[str]] = {}

    def add(self, name: str, value: str) -> None:
        """One more value; its name stands in its place."""
        if len(value) < BEGINNING or value in self._names or (self._most and len(self._names) >= self._most):
            return
        for word in secret_encodings(value) | hidden_encodings(value):
            if word not in self._names:
                self._names[word] = name
                self._beginning_with.setdefault(word[:BEGINNING], []).append(word)

    def name_of(self, value: str) -> str | None:
        """The name of a value that is one of the words."""
        return self._names.get(value)

    def taken_out(self, text: str) -> str:
        """A text without the words, the longest first, so that a part never spoils the whole; nor their cut ends."""
        present = sorted((word for word in self._begun_in(text) if word in text), key=len, reverse=True)
        if present:
            anyone = re.compile("|".join(map(re.escape, present)))
            text = anyone.sub(lambda found: mark(self._names[found[0]]), text)
        return self._without_ends(text) if self._names and DOTS.search(text) else text

    def without_beginning(self, text: str) -> str:
        """A text that was cut off, without the beginning of a word at its end."""
        size = max((_overlap(text, word) for word in self._begun_in(text)), default=0)
        return text[:-size] if size else text

    def _begun_in(self, text: str) -> Iterator[str]:
        """The words whose first letters a text has."""
        if not self._names:
            return
        there = {text[at : at + BEGINNING] for at in range(len(text) - BEGINNING + 1)}
        for beginning in there & self._beginning_with.keys():
            yield from self._beginning_with[beginning]

    def _without_ends(self, text: str) -> str:
        """What is left of a word beside the dots of a text that a program has shortened."""
        pieces = DOTS.split(text)
        for at in range(1, len(pieces), 2):
            pieces[at - 1] = self._marked_end(pieces[at - 1])
            pieces[at + 1] = self._marked_start(pieces[at + 1])
        return "".join(pieces)

    def _marked_end(self, text: str) -> str:
        size, word = max(((_overlap(text, word), word) for word in self._begun_in(text)), default=(0, ""))
        return f"{text[:-size]}{mark(self._names[word])}" if size else text

    def _marked_start(self, text: str) -> str:
        start = text[:BEGINNING]
        size, word = max(((_overlap(word, text), word) for word in self._names if start in word), default=(0, ""))
        return f"{mark(self._names[word])}{text[size:]}" if size and len(start) == BEGINNING else text


def _overlap(text: str, word: str) -> int:
    """How many letters, at least a few, the end of a text has in common with the beginning of a word."""
    longest = min(len(text), len(word))
    return next((size for size in range(longest, BEGINNING - 1, -1) if text.endswith(word[:size])), 0)
