"""The ways in which one secret is written. Knows no text that it may stand in."""

import base64
import html
import json
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

__all__ = ["all_encodings", "wire_encodings"]

SHORTEST_PACKED = 8  # characters of hex or base64; fewer are found by chance
LEVELS = 3  # Python, JSON and HTML, one inside the other


@lru_cache(maxsize=4096)  # the secrets of a workspace, whose number grows with each token that is issued
def wire_encodings(secret: str) -> frozenset[str]:
    """A secret as it is, in JSON, in a URL, in a form, and as a header's bytes look."""
    plain = {secret}
    for _ in range(2):  # JSON, and JSON in a text of JSON
        plain |= {json.dumps(each, ensure_ascii=ascii_only)[1:-1] for each in plain for ascii_only in (True, False)}
    in_url = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return frozenset({*plain, *in_url, *map(_lower_escapes, in_url), secret.encode().decode("latin-1")})


def all_encodings(secret: str) -> frozenset[str]:
    """
    A secret as it is on the wire, or as a program prints or packs it.

    Python, JSON and HTML print it, one inside the other; hex and base64 pack it. Base64 has three forms of it, one for
    each byte of a group where it may begin. The characters that it shares with its neighbours are left out.
    """
    data = secret.encode()
    printed = {secret}
    for _ in range(LEVELS):
        printed |= {text for each in printed for text in _printed(each)}
    in_url = {code(each) for each in _printed(secret) for code in (quote, quote_plus)}
    packed = {data.hex(), data.hex().upper(), *_in_base64(data)}
    long_enough = (each for each in packed if len(each) >= SHORTEST_PACKED)
    return wire_encodings(secret) | frozenset({*printed, *in_url, *long_enough})


def _printed(text: str) -> Iterator[str]:
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
            is_whole = (before + len(secret)) % 3 == 0
            yield inside[(0, 2, 3)[before] : None if is_whole else -1]


def _lower_escapes(text: str) -> str:
    head, *escaped = text.split("%")
    return "%".join([head, *(each[:2].lower() + each[2:] for each in escaped)])
