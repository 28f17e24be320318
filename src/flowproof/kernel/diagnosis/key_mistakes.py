"""The usual mistakes in the key of an HMAC: another secret, or the secret after something was done to it."""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from urllib.parse import quote_from_bytes, unquote_to_bytes

from flowproof.kernel.signing import SignedRequest

from .candidates import ALONE, COMMON, RARE, USUAL, Edit, set_edit

__all__ = ["key_edits"]

FIX = "Use the secret as the key, byte for byte as it was issued."
BOM = b"\xef\xbb\xbf"
UNSET = (b"undefined", b"null", b"None", b"nil", b"secret", b"YOUR_SECRET", b"your-secret")


def key_edits(request: SignedRequest, secret: bytes, others: Mapping[str, bytes]) -> Iterator[Edit]:
    """
    Other keys that a client may have used.

    Args:
        request: As it came.
        secret: The right key.
        others: Further secrets that are at hand to a client, by what they are, such as ``the API secret``.
    """
    token = request.token.encode("utf-8", "surrogateescape")
    yield _key("key_token", "the token, expected the secret", token, COMMON)
    yield _key("key_empty", "empty: the secret was not loaded", b"", COMMON)
    for what, other in others.items():
        if other != secret:
            fix = f"Use the secret that belongs to this signature; {what} is another."
            yield set_edit("key", "key_other", f"the key is {what}", fix, often=COMMON, key=other)
    yield from _blanks(secret)
    yield from _encodings(secret)
    yield from _hashes(secret)
    for prefix, part in _prefixed(secret):
        yield _key("key_prefix", f"the secret without {prefix}", part)
        yield _key("key_prefix", f"the secret without {prefix}, base64-decoded", _base64_decoded(part), RARE)
    yield _key("key_pair", "token:secret", token + b":" + secret, RARE)
    yield _key("key_pair", "the secret followed by an ampersand, as in OAuth 1.0", secret + b"&", RARE)
    for case in (secret.lower(), secret.upper()):
        yield _key("key_case", "the secret in another case", case, RARE)
    for word in UNSET:
        text = f"the word {word.decode()}: the secret was not loaded"
        yield _key("key_unset", text, word, ALONE)


def _key(code: str, what: str, key: bytes, often: int = USUAL) -> Edit:
    return set_edit("key", code, f"the key is {what}", FIX, often=often, key=key)


def _blanks(secret: bytes) -> Iterator[Edit]:
    """What a file or a variable adds at the ends of a secret, and what trimming takes off."""
    for name, tail in (("a line feed", b"\n"), ("CR LF", b"\r\n"), ("a blank", b" ")):
        yield _key("key_blank", f"the secret followed by {name}", secret + tail)
    yield _key("key_blank", "the secret after a blank", b" " + secret, RARE)
    yield _key("key_blank", "the secret followed by a backslash and an n", secret + b"\\n", RARE)
    yield _key("key_bom", "the secret after a byte order mark, as of a file saved as UTF-8 with one", BOM + secret)
    yield _key("key_stripped", "the secret without the blanks around it", secret.strip())
    for quoted in (b'"%s"', b"'%s'"):
        yield _key("key_quoted", "the secret in quotes", quoted % secret, RARE)
    yield _key("key_literal", "the secret as Python writes bytes, with b and quotes", b"b'%s'" % secret, RARE)


def _encodings(secret: bytes) -> Iterator[Edit]:
    for code, how, key in (
        ("key_base64_decoded", "base64-decoded", _base64_decoded(secret)),
        ("key_hex_decoded", "hex-decoded", _hex_decoded(secret)),
    ):
        if key:
            yield _key(code, f"the secret {how}", key)
    yield _key("key_base64_encoded", "the secret base64-encoded", base64.b64encode(secret), RARE)
    yield _key("key_hex_encoded", "the secret hex-encoded", secret.hex().encode(), RARE)
    yield _key("key_escaped", "the secret percent-encoded", quote_from_bytes(secret, safe="").encode(), RARE)
    yield _key("key_escaped", "the secret percent-encoded", quote_from_bytes(secret).encode(), RARE)
    yield _key("key_unescaped", "the secret percent-decoded", unquote_to_bytes(secret), RARE)
    yield _key("key_unescaped", "the secret decoded as in a form", unquote_to_bytes(secret.replace(b"+", b" ")), RARE)
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        return
    for codec in ("utf-16-le", "utf-16-be", "utf-16"):
        yield _key("key_utf_16", "the secret as UTF-16, expected UTF-8", text.encode(codec), RARE)


def _hashes(secret: bytes) -> Iterator[Edit]:
    for digest in ("sha256", "sha1", "md5", "sha512"):
        hashed = hashlib.new(digest, secret, usedforsecurity=False)
        yield _key("key_hashed", f"a hex {digest} of the secret", hashed.hexdigest().encode(), RARE)
        yield _key("key_hashed", f"the bytes of a {digest} of the secret", hashed.digest(), ALONE)


def _prefixed(secret: bytes) -> Iterator[tuple[str, bytes]]:
    """A secret such as ``whsec_MfKQ…`` without its prefix, which some libraries take off."""
    for separator in (b"_", b"-", b"."):
        prefix, found, rest = secret.partition(separator)
        if found and rest and 0 < len(prefix) <= 8:
            yield f"what stands before its first {separator.decode()}", rest
    last = secret.rpartition(b"_")
    if last[0].count(b"_"):
        yield "what stands before its last _", last[2]


def _base64_decoded(secret: bytes) -> bytes:
    bare = secret.strip().rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        return b""


def _hex_decoded(secret: bytes) -> bytes:
    try:
        return binascii.unhexlify(secret.strip())
    except binascii.Error:
        return b""
