"""The values of a JSON text, replaced where they stand. The text may be malformed or cut off; the rest stays."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["redacted_members"]

TOKEN = re.compile(r'"(?:[^"\\]|\\(?:.|\Z))*("|\Z)|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
SHOWN = frozenset({"", "null", "true", "false"})
DECODER = json.JSONDecoder(strict=False)


@dataclass(slots=True)
class _Reading:
    """Where a reader of a JSON text is: the names that lead there, one a level; a name is None before it is read."""

    levels: list[tuple[str, str | None]] = field(default_factory=list)

    def take(self, piece: str) -> bool:
        """Go on by a token. Whether it is a value, not a name or a sign."""
        kind, name = self.levels[-1] if self.levels else ("", None)
        if piece in "{[":
            self.levels.append((piece, None))
        elif piece in "}]":
            del self.levels[-1:]
        elif piece == "," and kind == "{":
            self.levels[-1] = (kind, None)
        elif piece not in ":," and kind == "{" and name is None:
            self.levels[-1] = (kind, _decoded(piece))
        else:
            return piece not in ":,"
        return False

    def names(self) -> list[str]:
        return [name for _, name in self.levels if name is not None]


def redacted_members(text: str, hide: Callable[[list[str], str], str | None]) -> str:
    """
    A JSON text with some of its values replaced.

    Args:
        text: JSON, or what was meant to be.
        hide: Given the names that lead to a value, and the value, it gives the text to be put there, or None.
    """
    reading, pieces, kept = _Reading(), [], 0
    for found in TOKEN.finditer(text):
        if not reading.take(found[0]):
            continue
        value = _decoded(found[0])
        instead = None if value in SHOWN else hide(reading.names(), value)
        if instead is not None:
            is_cut = found[1] == ""  # a text without its end stays one
            pieces += [text[kept : found.start()], f'"{instead}' if is_cut else json.dumps(instead)]
            kept = found.end()
    return "".join([*pieces, text[kept:]])


def _decoded(token: str) -> str:
    if not token.startswith('"'):
        return token
    try:
        return str(DECODER.decode(token))
    except ValueError:
        return token.strip('"')
