"""Parameters and members of given names in exchanges: in queries, forms, redirects and JSON texts."""

import re
from collections.abc import Callable
from urllib.parse import unquote_plus

from .json_text import replace_members
from .marks import REDACTED
from .parameters import is_form, pointer_steps, replace_in_address, replace_pairs

__all__ = ["ParameterRedactor"]


# What stands behind a name in a text that is neither a form nor JSON: name=value, name: value, or an HTML field.
NAMED = r"""(?<![\w-])({names})(["']?\s*(?:[:=]|\bvalue\s*=)\s*)(?:"[^"]*"|'[^']*'|[^\s&"'<>,;]+)"""


class ParameterRedactor:
    """
    What may be shown of one provider's exchanges, as far as names tell it.

    Args:
        names: Names of parameters and members whose values may not be shown.
        redact_header: The value of a header, whose name is in lower case, as it may be shown.
    """

    def __init__(self, names: frozenset[str], redact_header: Callable[[str, str], str]) -> None:
        self._names = names
        self._redact_header = redact_header
        names_first = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        self._named = re.compile(NAMED.format(names=names_first))

    def header(self, name: str, value: str) -> str:
        """The value of a header; of a Location without secret parameters."""
        shown = self._redact_header(name, value)
        if name != "location" or not self._names:
            return shown
        return replace_in_address(shown, lambda place: place, self.parameters)

    def parameters(self, pairs: str) -> str:
        """A query or a form."""
        return replace_pairs(pairs, self._pair) if self._names else pairs

    def body(self, body: bytes, content_type: str | None) -> bytes:
        """A body: a form is read as one, any other is searched for JSON members, and for names with values."""
        if not self._names or not body:
            return body
        if is_form(content_type):
            return self.parameters(body.decode("latin-1")).encode("latin-1")
        if b"\\" not in body and not any(name.encode() in body for name in self._names):
            return body  # (most bodies; a name may also be written with escapes)
        text = replace_members(body.decode("latin-1"), self._names, REDACTED)
        return self._named.sub(self._value, text).encode("latin-1")

    def found(self, pointer: str, text: str) -> str:
        """What a finding shows of the value at a JSON pointer."""
        if not self._names:
            return text
        is_secret = not self._names.isdisjoint(pointer_steps(pointer))
        return REDACTED if is_secret else replace_members(text, self._names, REDACTED)

    @staticmethod
    def _value(found: re.Match[str]) -> str:
        """A name with the mark for its value; one that is marked already, or is JSON, stays."""
        value = found[0][found.end(2) - found.start() :]
        is_json = value.startswith('"') and found[2].startswith('"') and "=" not in found[2]
        if REDACTED in value or is_json:
            return found[0]
        quote = value[0] if value[0] in "\"'" else ""
        return f"{found[1]}{found[2]}{quote}{REDACTED}{quote}"

    def _pair(self, pair: str) -> str:
        name, equals, _ = pair.partition("=")
        return f"{name}={REDACTED}" if equals and unquote_plus(name) in self._names else pair
