"""What stands in the place of a secret: one mark for the journal, marks with a name for reports."""

import re
from collections.abc import Callable

__all__ = ["MARK", "REDACTED", "mark", "outside_marks"]

REDACTED = "[redacted]"
MARK = re.compile(r"\[redacted:([A-Z0-9_]+)\]")


def mark(name: str) -> str:
    """Such as ``[redacted:ACCESS_TOKEN]``."""
    return f"[redacted:{name}]"


def outside_marks(text: str, redact: Callable[[str], str]) -> str:
    """A text whose parts between named marks are redacted, so that redacting twice is redacting once."""
    pieces, end = [], 0
    for found in MARK.finditer(text):
        pieces += [redact(text[end : found.start()]), found[0]]
        end = found.end()
    return "".join([*pieces, redact(text[end:])])
