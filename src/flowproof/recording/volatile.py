"""Values that differ from one run of a conversation to the next: ids, times, tokens. Recognised by form and by name."""

import re
from collections.abc import Sequence
from typing import Any

from flowproof.drift.folding import RULES
from flowproof.redaction.marks import MARK, REDACTED
from flowproof.redaction.sensitive_names import looks_issued

__all__ = ["identifies", "is_issued", "is_lost", "is_moment", "is_of_volatile_form", "names_one", "pattern_of"]

FORMS = tuple(rule for _, rule in RULES)
ANY_FORM = re.compile("|".join(f"(?:{rule.pattern})" for rule in FORMS))
TIME = dict(RULES)["time"]
ID_NAME = re.compile(
    r"(?:^|[_-])(?:id|guid|uuid|ref|token|cursor|etag)$|^(?:reference|number|next|cursor)$", re.IGNORECASE
)
ID_ENDING = re.compile(r"(?:[a-z]Id|[a-z]ID|Guid|Uuid|Reference|Number|Token|Cursor)$")
ISSUED_NAME = re.compile(r"(?:^|[_-])(?:token|cursor)$|(?:Token|Cursor)$", re.IGNORECASE)
EPOCH_S = range(1_000_000_000, 5_000_000_000)  # 2001 to 2128
EPOCH_MS = range(1_000_000_000_000, 5_000_000_000_000)


def identifies(names: Sequence[str], value: Any) -> bool:
    """Whether a value of an answer stands for something of the provider's, and may be used to name it later."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return False
    if isinstance(value, str) and is_lost(value):
        return False
    name = names[-1] if names else ""
    if ID_NAME.search(name) or ID_ENDING.search(name):
        return True
    return isinstance(value, str) and (is_of_volatile_form(value) or (looks_issued(value) and " " not in value))


def names_one(names: Sequence[str], value: Any) -> bool:
    """
    Whether a value names one thing, so that it is the same wherever answers have it.

    Not so a time: which of two times are the same depends on how fast a target is.
    """
    name = names[-1] if names else ""
    if isinstance(value, str) and TIME.fullmatch(value):
        return False
    has_name = ID_NAME.search(name) is not None or ID_ENDING.search(name) is not None
    return has_name or (isinstance(value, str) and is_of_volatile_form(value))


def is_issued(names: Sequence[str], value: Any) -> bool:
    """Whether a text of an answer is one that the provider draws for this answer, such as a token of the next page."""
    return isinstance(value, str) and bool(names) and ISSUED_NAME.search(names[-1]) is not None


def is_lost(text: str) -> bool:
    """Whether a text has the mark of a secret that the recording has not kept."""
    return REDACTED in text or MARK.search(text) is not None


def is_of_volatile_form(text: str) -> bool:
    """Whether a whole text has the form of a time, an id or a token."""
    return any(rule.fullmatch(text) for rule in FORMS)


def is_moment(value: Any) -> bool:
    """Whether a number can be a moment: seconds or milliseconds since 1970."""
    return isinstance(value, int) and not isinstance(value, bool) and (value in EPOCH_S or value in EPOCH_MS)


def pattern_of(text: str, address: str) -> str | None:
    """
    A pattern that a text fits, and every text that differs in its volatile parts alone; None where it has none.

    Args:
        text: Of an answer.
        address: The base URL under which it was recorded, which is another elsewhere.
    """
    pieces, end, is_volatile = [], 0, False
    volatile = re.compile(
        f"(?P<address>{re.escape(address)})|(?P<form>{ANY_FORM.pattern})" if address else ANY_FORM.pattern
    )
    for found in volatile.finditer(text):
        is_volatile = True
        rule = next((each.pattern for each in FORMS if each.fullmatch(found[0])), r"[^\s\"']+?")
        pieces += [re.escape(text[end : found.start()]), rule]
        end = found.end()
    return f"^{''.join(pieces)}{re.escape(text[end:])}$" if is_volatile else None
