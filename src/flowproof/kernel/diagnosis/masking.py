"""Masks one secret in a text, in every usual encoding. Knows nothing of what the text is for."""

import json
from urllib.parse import quote

__all__ = ["Mask"]

SHOWN = 2_000  # characters of a long text
# Characters. A shorter secret is masked only in what came over the wire, since our own words may contain it by chance.
MASKED_ANYWHERE = 8


class Mask:
    """Replaces a secret, in any of its usual encodings, by ``[secret]``. Its repr does not show the secret."""

    __slots__ = ("_forms", "_secret")

    def __init__(self, secret: bytes) -> None:
        text = secret.decode("utf-8", "backslashreplace")
        stripped = text.strip()
        forms = {text, stripped if len(stripped) >= MASKED_ANYWHERE else text}
        for form in tuple(forms):
            forms |= {escaped(form), quote(form, safe=""), quote(form), json.dumps(form)[1:-1]}
            forms |= {json.dumps(form, ensure_ascii=False)[1:-1]}
        forms |= {escaped(form) for form in forms}
        self._forms = sorted(forms - {""}, key=lambda form: (-len(form), form))
        self._secret = secret

    def __call__(self, text: str) -> str:
        """A sentence of ours without the secret."""
        return text if len(self._secret) < MASKED_ANYWHERE else self._masked(text)

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
        """Mask again where the mask and the text beside it spell the secret; after eight times show nothing."""
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
