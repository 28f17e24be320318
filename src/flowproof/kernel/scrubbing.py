"""Takes a provider's secret parameters out of what a journal keeps: queries, forms, redirects and JSON texts."""

import json
import re
from collections.abc import Collection
from dataclasses import replace
from urllib.parse import unquote_plus

from flowproof.conformance import Finding

from .provider import Provider

__all__ = ["FORM", "Scrubber"]

FORM = "application/x-www-form-urlencoded"
REDACTED = "[redacted]"
TEXT = re.compile(r'("(?:[^"\\]|\\(?:.|\Z))*(?:"|\Z))(\s*:\s*)?', re.DOTALL)  # (one cut off reaches to the end)
DECODER = json.JSONDecoder(strict=False)


class Scrubber:
    """
    What may be shown of one provider's exchanges, beside the secrets that its credentials name.

    Args:
        provider: Its ``scrub_header`` and ``secret_parameters`` say what may not.
    """

    def __init__(self, provider: Provider) -> None:
        self._names = provider.secret_parameters
        self._header = provider.scrub_header

    def header(self, name: str, value: str) -> str:
        """A header's value; an address to go to without its secret parameters."""
        shown = self._header(name, value)
        if name != "location" or not self._names:
            return shown
        address, hash_sign, fragment = shown.partition("#")
        place, mark, query = address.partition("?")
        return f"{place}{mark}{self.parameters(query)}{hash_sign}{self.parameters(fragment)}"

    def parameters(self, pairs: str) -> str:
        """The text of a query or a form."""
        return "&".join(map(self._pair, pairs.split("&"))) if self._names else pairs

    def body(self, body: bytes, content_type: str | None) -> bytes:
        """A body of any type: a form is read as one, in any other text JSON members of those names are looked for."""
        if not self._names or not body:
            return body
        if (content_type or "").partition(";")[0].strip().lower() == FORM:
            return self.parameters(body.decode("latin-1")).encode("latin-1")
        if b"\\" not in body and not any(name.encode() in body for name in self._names):
            return body  # (most bodies; a name may also be written with escapes)
        return _without_members(body.decode("latin-1"), self._names).encode("latin-1")

    def finding(self, finding: Finding) -> Finding:
        """A finding that does not repeat what came where a secret belongs."""
        if not self._names:
            return finding
        steps = {step.replace("~1", "/").replace("~0", "~") for step in finding.pointer.split("/")[1:]}
        got = REDACTED if steps & self._names else _without_members(finding.got, self._names)
        return replace(finding, got=got)

    def _pair(self, pair: str) -> str:
        name, equals, _ = pair.partition("=")
        return f"{name}={REDACTED}" if equals and unquote_plus(name) in self._names else pair


def _without_members(text: str, names: Collection[str]) -> str:
    """JSON text without the values of members of these names, whatever they are; the text may be malformed or cut."""
    pieces, kept = [], 0
    found = TEXT.search(text)
    while found:
        end = found.end()
        if found[2] is not None and _decoded(found[1]) in names:
            pieces += [text[kept:end], f'"{REDACTED}"']
            kept = end = _end_of_value(text, end)
        found = TEXT.search(text, end)
    return "".join([*pieces, text[kept:]])


def _decoded(name: str) -> str:
    try:
        return str(DECODER.decode(name))
    except ValueError:
        return name[1:-1]


def _end_of_value(text: str, start: int) -> int:
    """Where the JSON value that starts there ends; the text's end where that cannot be told."""
    try:
        return DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return len(text)
