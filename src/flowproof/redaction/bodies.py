"""Bodies as they are shown: text where they are UTF-8, else base64, cut to a limit."""

import base64
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["ShownBody", "redact_bytes", "shown_body"]

LONGEST_CHARACTER = 4  # bytes, in UTF-8


class ShownBody(NamedTuple):
    """A body, as ``text`` or as ``base64``; the other one is None."""

    text: str | None
    base64: str | None
    truncated: bool


def shown_body(data: bytes, *, most: int, is_cut: bool = False) -> ShownBody:
    """A body of at most so many bytes; a text is cut between characters. ``is_cut`` where it was cut before."""
    start, truncated = data[:most], is_cut or len(data) > most
    try:
        return ShownBody(start.decode(), None, truncated)
    except UnicodeDecodeError as error:
        if truncated and error.start > len(start) - LONGEST_CHARACTER:
            return ShownBody(start[: error.start].decode(), None, truncated)
    return ShownBody(None, base64.b64encode(start).decode(), truncated)


def redact_bytes(data: bytes, redact: Callable[[str], str]) -> bytes:
    """Bytes whose characters are redacted as text; others stay."""
    return redact(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
