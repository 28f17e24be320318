"""Members and values of a JSON text, replaced where they stand. The text may be malformed or cut off."""

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

__all__ = ["replace_members", "replace_values"]

STRING = r'"(?:[^"\\]|\\(?:.|\Z))*(?P<end>"|\Z)'  # (one that is cut off reaches to the end of the text)
STRING_OR_NAME = re.compile(f"(?P<string>{STRING})" + r"(?P<colon>\s*:\s*)?", re.DOTALL)
TOKEN = re.compile(STRING + r'|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
HARMLESS = frozenset({"", "null", "true", "false"})
DECODER = json.JSONDecoder(strict=False)


def replace_members(text: str, names: Collection[str], replacement: str) -> str:
    """A JSON text with a text in the place of the whole values of members of these names, at any depth."""
    pieces, end = [], 0
    found = STRING_OR_NAME.search(text)
    while found:
        at = found.end()
        if found["colon"] is not None and _decoded(found["string"]) in names:
            pieces += [text[end:at], json.dumps(replacement)]
            end = at = _end_of_value(text, at)
        found = STRING_OR_NAME.search(text, at)
    return "".join([*pieces, text[end:]])


def replace_values(text: str, replacement: Callable[[list[str], str], str | None]) -> str:
    """
    A JSON text with some of its strings and numbers replaced.

    Args:
        text: JSON, or what was meant to be.
        replacement: For a value, and the names of the members that lead to it, the text that is put there, or None.
    """
    position, pieces, end = _Position(), [], 0
    for found in TOKEN.finditer(text):
        if not position.advance(found[0]):
            continue
        value = _decoded(found[0])
        replaced = None if value in HARMLESS else replacement(position.names(), value)
        if replaced is not None:
            is_cut = found["end"] == ""  # a string that is cut off stays one
            pieces += [text[end : found.start()], f'"{replaced}' if is_cut else json.dumps(replaced)]
            end = found.end()
    return "".join([*pieces, text[end:]])


@dataclass(slots=True)
class _Position:
    """Where a reader is: its brackets, each with the name of the member that is being read, or None before that."""

    levels: list[tuple[str, str | None]] = field(default_factory=list)

    def advance(self, piece: str) -> bool:
        """Go on by a token. Returns whether it is a value, rather than a name or a sign."""
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


def _decoded(token: str) -> str:
    if not token.startswith('"'):
        return token
    try:
        return str(DECODER.decode(token))
    except ValueError:
        return token.strip('"')


def _end_of_value(text: str, start: int) -> int:
    """Where the value that begins there ends; the end of the text where that cannot be told."""
    try:
        return DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return len(text)
