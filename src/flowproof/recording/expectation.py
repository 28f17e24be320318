"""What an answer is expected to be the next time: volatile values by their form, bound ones by name."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from .binding import Bindings
from .exchanges import RecordedExchange
from .placeholders import Placeholders
from .values import Body, Leaf, changed
from .volatile import identifies, is_issued, is_lost, is_moment, is_of_volatile_form, pattern_of

__all__ = ["Expectations"]

ANY = {"$any": True}
REFUSED = 400


@dataclass(frozen=True, slots=True)
class Expectations:
    """
    The expectations of one recording.

    Args:
        bindings: Of its values.
        placeholders: Of its secrets and personal data.
        volatile: Names of members whose values mean nothing.
        address: The base URL under which it was recorded.
    """

    bindings: Bindings
    placeholders: Placeholders
    volatile: Collection[str]
    address: str

    def expect(self, index: int, exchange: RecordedExchange, body: Body, sent: Collection[str]) -> dict[str, Any]:
        """
        What is expected of the answer to a step.

        Args:
            index: Place of the exchange in the conversation.
            exchange: With the response.
            body: Of the response.
            sent: Texts that the client has sent until then, with placeholders.
        """
        if not exchange.is_answered:
            return {"status": 0}
        response = exchange.response
        expected: dict[str, Any] = {"status": exchange.status}
        if body.kind != "none" and response.media_type:
            expected["content_type"] = response.media_type
        if body.kind == "json":
            expected["body"] = changed(
                body.value, lambda leaf: self._leaf(leaf, index, sent, exchange.status), self.placeholders.text
            )
        elif body.kind == "text":
            text = self.placeholders.text(body.value)
            expected["text"] = self._text(text, index, sent) if text == body.value or text in sent else ANY
        return expected

    def _leaf(self, leaf: Leaf, index: int, sent: Collection[str], status: int) -> Any:
        value = leaf.value
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str) and is_lost(value):
            return ANY
        name = self.bindings.name_of(value, index)
        if name is not None:
            return f"{{{name}}}" if isinstance(value, str) else {"$saved": name}
        shown = self.placeholders.value(leaf.names, value)
        if shown != value and status >= REFUSED and not self.placeholders.is_sensitive(leaf.names, value):
            return ANY  # (the provider's own words can be somebody's name by chance)
        if str(shown) in sent and not (isinstance(value, str) and self.bindings.is_bound(value)):
            return self._text(shown, index, sent) if isinstance(shown, str) else shown
        if shown != value or self.placeholders.is_placeholder(shown):
            return ANY  # (a secret or a person that the client has not named)
        if (leaf.names and leaf.names[-1] in self.volatile) or is_moment(value) or is_issued(leaf.names, value):
            return ANY
        if isinstance(value, str):
            return self._text(value, index, sent)
        return ANY if identifies(leaf.names, value) else value

    def _text(self, text: str, index: int, sent: Collection[str]) -> Any:
        """A text: bound values by name, else a pattern for its volatile parts, else itself."""
        filled = self.bindings.inside(text, index)
        if filled != text:
            return filled
        is_clients = text in sent and not is_of_time(text)
        pattern = None if is_clients else pattern_of(text, self.address)
        return text if pattern is None else {"$match": pattern}


def is_of_time(text: str) -> bool:
    """Whether a text that a client has sent may come back otherwise: as the same moment, written in another way."""
    return is_of_volatile_form(text) and ":" in text
