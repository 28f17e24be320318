"""Masks secrets in a text, in every usual encoding. Knows nothing of what the text is for."""

import json
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from flowproof.plurals import counted

__all__ = ["Mask"]

SHOWN = 2_000  # characters of a long text
# Characters. A shorter secret is masked only in what came over the wire, since our own words may contain it by chance.
MASKED_ANYWHERE = 8


class Mask:
    """Replaces secrets, in any of their usual encodings, by ``[secret]``. Its repr does not show them."""

    __slots__ = ("_forms", "_long_forms", "_secrets")

    def __init__(self, *secrets: bytes) -> None:
        self._secrets = tuple(secret for secret in secrets if secret)
        self._forms = _forms(self._secrets)
        self._long_forms = _forms([secret for secret in self._secrets if len(secret) >= MASKED_ANYWHERE])

    def __call__(self, text: str) -> str:
        """A sentence of ours without the secrets."""
        return self._masked(text, self._long_forms)

    def shown(self, message: bytes) -> str:
        """What came over the wire, masked, control characters and backslashes escaped, cut where it is very long."""
        for secret in self._secrets:
            message = message.replace(secret, self._word.encode())
        reach = SHOWN + max(map(len, self._forms), default=0)
        text = self._masked(escaped(message[:reach].decode("utf-8", "backslashreplace")), self._forms)
        whole = len(message) <= SHOWN and len(text) <= SHOWN
        return text if whole else self._masked(f"{text[:SHOWN]}… ({counted(len(message), 'byte')})", self._forms)

    @property
    def _word(self) -> str:
        return "***" if any(form in "[secret]" for form in self._forms) else "[secret]"

    def _masked(self, text: str, forms: Sequence[str]) -> str:
        """Mask again where the mask and the text beside it spell a secret; after eight times show nothing."""
        for _ in range(8):
            if not any(form in text for form in forms):
                return text
            for form in forms:
                text = text.replace(form, self._word)
        return "***"


def _forms(secrets: Iterable[bytes]) -> list[str]:
    """The usual encodings of some secrets, the longest first."""
    forms: set[str] = set()
    for secret in secrets:
        text = secret.decode("utf-8", "backslashreplace")
        stripped = text.strip()
        forms |= {text, stripped if len(stripped) >= MASKED_ANYWHERE else text}
    for form in tuple(forms):
        forms |= {escaped(form), quote(form, safe=""), quote(form), json.dumps(form)[1:-1]}
        forms |= {json.dumps(form, ensure_ascii=False)[1:-1]}
    forms |= {escaped(form) for form in forms}
    return sorted(forms - {""}, key=lambda form: (-len(form), form))


def escaped(text: str) -> str:
    """The text with control characters and backslashes as a Python literal would write them."""
    return "".join(
        character
        if character.isprintable() and character != "\\"
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )
