"""In how many ways one secret can be written. Whoever takes secrets out of a text asks here; knows no text itself."""

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

__all__ = ["hidden_encodings", "secret_encodings"]

SHORTEST_CODED = 8
DEEPEST = 3


def secret_encodings(secret: str) -> frozenset[str]:
    """A secret as itself, in JSON, in a URL, in a form, and as a header's bytes look."""
    plain = {secret}
    for _ in range(2):  # JSON, and JSON in a text of JSON
        plain |= {json.dumps(each, ensure_ascii=ascii_only)[1:-1] for each in plain for ascii_only in (True, False)}
    in_url = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return frozenset({*plain, *in_url, *map(_lower_escapes, in_url), secret.encode().decode("latin-1")})


def hidden_encodings(secret: str) -> frozenset[str]:
    """
    A secret as a program may show or pack it: as Python, JSON or HTML write it, one in the other, in hex, in base64.

    In base64 a text looks in three ways, as it begins with the first, second or third byte of a group; what its
    neighbours have a share in is left out. What is too short to be told from chance is none.
    """
    coded = secret.encode()
    shown = {secret}
    for _ in range(DEEPEST):
        shown |= {written for each in shown for written in _written(each)}
    in_url = {code(each) for each in _written(secret) for code in (quote, quote_plus)}
    packed = {coded.hex(), coded.hex().upper(), *_in_base64(coded)}
    return frozenset({*shown, *in_url, *(each for each in packed if len(each) >= SHORTEST_CODED)})


def _written(text: str) -> Iterator[str]:
    yield from (json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))
    yield from (html.escape(text, quote) for quote in (True, False))
    escaped = text.replace("\\", "\\\\")
    for each in (escaped, escaped.replace("'", "\\'")):  # Python's, in either quotes
        yield each
        yield each.encode("ascii", "backslashreplace").decode()
        yield "".join(chr(byte) if byte < 128 else f"\\x{byte:02x}" for byte in each.encode())


def _in_base64(secret: bytes) -> Iterator[str]:
    for before in range(3):
        for code in (base64.b64encode, base64.urlsafe_b64encode):
            inside = code(b"\0" * before + secret).decode().rstrip("=")
            whole = (before + len(secret)) % 3 == 0
            yield inside[(0, 2, 3)[before] : None if whole else -1]


def _lower_escapes(text: str) -> str:
    head, *escaped = text.split("%")
    return "%".join([head, *(each[:2].lower() + each[2:] for each in escaped)])
