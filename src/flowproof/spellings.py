"""In how many ways one secret can be written. Whoever takes secrets out of a text asks here; knows no text itself."""

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

__all__ = ["hidden_spellings", "spellings"]

SHORTEST_CODED = 8


def spellings(secret: str) -> frozenset[str]:
    """A secret as itself, in JSON, in a URL, in a form, and as a header's bytes look."""
    plain = {secret}
    for _ in range(2):  # JSON, and JSON in a text of JSON
        plain |= {json.dumps(each, ensure_ascii=ascii_only)[1:-1] for each in plain for ascii_only in (True, False)}
    in_url = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return frozenset({*plain, *in_url, *map(_lower_escapes, in_url), secret.encode().decode("latin-1")})


def hidden_spellings(secret: str) -> frozenset[str]:
    """
    A secret as a program may show or pack it: as Python or HTML writes it, in hex, and inside base64.

    In base64 a text looks in three ways, as it begins with the first, second or third byte of a group; what its
    neighbours have a share in is left out. What is too short to be told from chance is none.
    """
    coded = secret.encode()
    shown = {
        repr(secret)[1:-1],
        ascii(secret)[1:-1],
        repr(coded)[2:-1],
        html.escape(secret),
        html.escape(secret, False),
    }
    packed = {coded.hex(), coded.hex().upper(), *_in_base64(coded)}
    return frozenset({*shown, *(each for each in packed if len(each) >= SHORTEST_CODED)})


def _in_base64(secret: bytes) -> Iterator[str]:
    for before in range(3):
        for code in (base64.b64encode, base64.urlsafe_b64encode):
            inside = code(b"\0" * before + secret).decode().rstrip("=")
            whole = (before + len(secret)) % 3 == 0
            yield inside[(0, 2, 3)[before] : None if whole else -1]


def _lower_escapes(text: str) -> str:
    head, *escaped = text.split("%")
    return "%".join([head, *(each[:2].lower() + each[2:] for each in escaped)])
