"""Takes a provider's secret parameters out of what a journal keeps: queries, forms, redirects and JSON texts."""

import re
from urllib.parse import unquote_plus

from .provider import Provider

__all__ = ["FORM", "Scrubber"]

FORM = "application/x-www-form-urlencoded"
REDACTED = "[redacted]"


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
        names = "|".join(map(re.escape, sorted(self._names))).encode()
        member = re.compile(rb'("(?:' + names + rb')"\s*:\s*)"(?:[^"\\]|\\.)*"')
        return member.sub(rb'\1"' + REDACTED.encode() + b'"', body)

    def _pair(self, pair: str) -> str:
        name, equals, _ = pair.partition("=")
        return f"{name}={REDACTED}" if equals and unquote_plus(name) in self._names else pair
