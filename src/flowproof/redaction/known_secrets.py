"""Secrets whose values are known, each in all its encodings, and texts without them."""

import re
from collections.abc import Callable, Iterable, Iterator

__all__ = ["SHORTEST_REST", "SHORTEST_SECRET", "KnownSecrets"]

SHORTEST_SECRET = 8  # of what is only assumed to be a secret; a shorter text may be any word, such as Bearer
SHORTEST_REST = 4  # characters of a secret that was cut; fewer tell nothing
FEW = 100  # encodings: so many are looked for one by one, more by their beginnings
DOTS = re.compile(r"(\.\.\.|…)")
CUT_CHARACTER = "".join(map(chr, range(0xDC80, 0xDD00)))  # its bytes, as "surrogateescape" decodes them


class KnownSecrets:
    """
    Secrets with the marks that take their place. However many there are, a text is searched once.

    Args:
        encodings: The ways in which a secret is written, such as :func:`~flowproof.redaction.encodings.all_encodings`.
        most: How many encodings are kept at most.
    """

    def __init__(self, encodings: Callable[[str], Iterable[str]], *, most: int | None = None) -> None:
        self._encodings = encodings
        self._most = most
        self._marks: dict[str, str] = {}
        self._by_beginning: dict[str, list[str]] = {}

    def add(self, secret: str, mark: str) -> None:
        """Add a secret, unless it is known or there are too many."""
        if not secret or secret in self._marks or (self._most and len(self._marks) >= self._most):
            return
        for text in self._encodings(secret):
            if text not in self._marks:
                self._marks[text] = mark
                self._by_beginning.setdefault(_beginning(text), []).append(text)

    def mark_of(self, text: str) -> str | None:
        """The mark for a text that is a secret, whole and in one of its encodings."""
        return self._marks.get(text)

    def redact(self, text: str) -> str:
        """A text with a mark in the place of each secret, the longest first, so that a part never hides the whole."""
        for each in self._candidates(text):
            if each in text:
                return self._redact_present(text)
        return text

    def redact_beside_dots(self, text: str) -> str:
        """A text with marks in the place of what is left of a secret beside dots, by which a program shortened it."""
        if not self._marks or not DOTS.search(text):
            return text
        pieces = DOTS.split(text)
        for at in range(1, len(pieces), 2):
            pieces[at - 1] = self._redact_end(pieces[at - 1])
            pieces[at + 1] = self._redact_start(pieces[at + 1])
        return "".join(pieces)

    def without_cut_secret(self, text: str) -> str:
        """A text that was cut off, without the beginning of a secret at its end."""
        whole = text.rstrip(CUT_CHARACTER)
        size = max((_overlap(whole, each) for each in self._candidates(whole)), default=0)
        return whole[:-size] if size else text

    def _redact_present(self, text: str) -> str:
        present = sorted((each for each in self._candidates(text) if each in text), key=len, reverse=True)
        return re.sub("|".join(map(re.escape, present)), lambda found: self._marks[found[0]], text)

    def _candidates(self, text: str) -> Iterable[str]:
        return self._marks if len(self._marks) <= FEW else self._begun_in(text)

    def _begun_in(self, text: str) -> Iterator[str]:
        """Encodings whose first characters a text has."""
        there = {text[at : at + SHORTEST_REST] for at in range(len(text) - SHORTEST_REST + 1)} | {""}
        for beginning in there & self._by_beginning.keys():
            yield from self._by_beginning[beginning]

    def _redact_end(self, text: str) -> str:
        size, secret = max(((_overlap(text, each), each) for each in self._candidates(text)), default=(0, ""))
        return f"{text[:-size]}{self._marks[secret]}" if size else text

    def _redact_start(self, text: str) -> str:
        start = text[:SHORTEST_REST]
        if len(start) < SHORTEST_REST:
            return text
        size, secret = max(((_overlap(each, text), each) for each in self._marks if start in each), default=(0, ""))
        return f"{self._marks[secret]}{text[size:]}" if size else text


def _beginning(text: str) -> str:
    """What an encoding is found by; nothing for one that is too short, which is looked for in every text."""
    return text[:SHORTEST_REST] if len(text) >= SHORTEST_REST else ""


def _overlap(text: str, secret: str) -> int:
    """How many characters, at least a few, the end of a text has in common with the beginning of a secret."""
    longest = min(len(text), len(secret))
    return next((size for size in range(longest, SHORTEST_REST - 1, -1) if text.endswith(secret[:size])), 0)
