"""Keeps one secret out of every text, however the text came to hold it. Knows nothing of what the text is for."""

import json
from urllib.parse import quote

__all__ = ["Mask"]

SHOWN = 2_000  # characters of a long text
TELLING = 8  # characters; a shorter secret is masked in what came over the wire only, else it would eat our own words


class Mask:
    """Replaces a secret, in any of its usual writings, by ``[secret]``. Its repr does not tell the secret."""

    __slots__ = ("_forms", "_secret")

    def __init__(self, secret: bytes) -> None:
        text = secret.decode("utf-8", "backslashreplace")
        stripped = text.strip()
        forms = {text, stripped if len(stripped) >= TELLING else text}
        for form in tuple(forms):
            forms |= {escaped(form), quote(form, safe=""), quote(form), json.dumps(form)[1:-1]}
            forms |= {json.dumps(form, ensure_ascii=False)[1:-1]}
        forms |= {escaped(form) for form in forms}
        self._forms = sorted(forms - {""}, key=lambda form: (-len(form), form))
        self._secret = secret

    def __call__(self, text: str) -> str:
        """A sentence of ours without the secret."""
        return text if len(self._secret) < TELLING else self._masked(text)

    def shown(self, message: bytes) -> str:
        """What came over the wire, masked, control characters and backslashes escaped, cut where it is very long."""
        if self._secret:
            message = message.replace(self._secret, self._word.encode())
        reach = SHOWN + max(map(len, self._forms), default=0)
        text = self._masked(escaped(message[:reach].decode("utf-8", "backslashreplace")))
        whole = len(message) <= SHOWN and len(text) <= SHOWN
        return text if whole else self._masked(f"{text[:SHOWN]}… ({len(message)} bytes)")

    @property
    def _word(self) -> str:
        return "***" if any(form in "[secret]" for form in self._forms) else "[secret]"

    def _masked(self, text: str) -> str:
        """A mask can, next to other text, spell the secret again: then once more, and at last nothing is shown."""
        for _ in range(8):
            if not any(form in text for form in self._forms):
                return text
            for form in self._forms:
                text = text.replace(form, self._word)
        return "***"


def escaped(text: str) -> str:
    """The text with control characters and backslashes as a Python literal would write them."""
    return "".join(
        character
        if character.isprintable() and character != "\\"
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )
