"""What a body is that is not the JSON or form which was expected: compressed, in another encoding, of another kind."""

import codecs
import json
import re

__all__ = ["foreign_body"]

COMPRESSED = (
    (re.compile(rb"\x1f\x8b"), "gzip"),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "zstd"),
    (re.compile(rb"\x78[\x01\x5e\x9c\xda]"), "deflate"),
)
MARKS = (  # UTF-32 before UTF-16: the one's mark begins with the other's
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
FORM = re.compile(rb"[\w.%+\[\]-]+=[^\s{}\"]*(?:&[\w.%+\[\]-]+=[^\s{}\"]*)*", re.ASCII)
LONGEST_READ = 64 * 1024  # bytes; longer bodies are judged by their beginning alone
UTF_8 = "send it as UTF-8"


def foreign_body(body: bytes, content_encoding: str | None) -> str:
    """
    What a body that cannot be read is, and what to do about it; empty where that cannot be told.

    Args:
        body: As sent.
        content_encoding: The header's value.
    """
    named = (content_encoding or "").strip().lower()
    header = f" (Content-Encoding: {named})" if named in {"gzip", "x-gzip", "zstd", "deflate", "br"} else ""
    for pattern, name in COMPRESSED:
        if pattern.match(body):
            return f"a body compressed with {name}{header}: send it uncompressed"
    if header:
        return f"a body that a header calls compressed{header}: send it uncompressed, without that header"
    return _encoding(body) or _kind(body)


def _encoding(body: bytes) -> str:
    if body.startswith(codecs.BOM_UTF8):
        return "a body that begins with a byte order mark: send it without the mark"
    name = next((name for mark, name in MARKS if body.startswith(mark)), "")
    if name or body[:2] in {b"{\0", b"\0{", b"[\0", b"\0["} or body[:4] in {b"\0\0\0{", b"\0\0\0["}:
        name = name or ("UTF-32" if body[1:4] == b"\0\0\0" or body[:3] == b"\0\0\0" else "UTF-16")
        return f"a body in {name}: {UTF_8}"
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return _single_byte(body, error.start)
    return ""


def _single_byte(body: bytes, place: int) -> str:
    """What a body is that is no UTF-8 at that place: perhaps text with a single byte for each character."""
    what = f"byte 0x{body[place]:02x} at {place}"
    if len(body) > LONGEST_READ:
        return f"a body that is not UTF-8 ({what})"
    try:
        json.loads(body.decode("cp1252"))
    except (ValueError, RecursionError):
        return f"a body that is neither UTF-8 nor compressed in a way that is known ({what})"
    return f"a body in Latin-1 or Windows-1252 ({what}): {UTF_8}"


def _kind(body: bytes) -> str:
    start = body[:LONGEST_READ].strip()
    if start.startswith(b"<"):
        return "XML or HTML"
    if start.startswith(b"--") and b"content-disposition" in start.lower():
        return "a multipart form"
    if FORM.fullmatch(start):
        return "a form, as of an HTML page"
    if start.startswith((b"{'", b"{ '", b"[{'")):
        return "a dict as Python prints it: make JSON of it, with json.dumps"
    if start in {b"[object Object]", b"undefined", b"[object FormData]"}:
        return "an object that JavaScript made text of: make JSON of it, with JSON.stringify"
    return ""
