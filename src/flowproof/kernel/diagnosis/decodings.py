"""Decodes a presented signature into digest bytes in every usual way: a wrong encoding costs the search nothing."""

import base64
import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from flowproof.kernel.signing import SigningScheme
from flowproof.plurals import counted

from .candidates import SigningMistake
from .wrappings import unwrapped

__all__ = ["Decoding", "decodings", "digest_name", "digest_sizes", "shape_problem"]

DIGEST_SIZES = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
SHORTEST = 8  # hex digits; anything shorter would match by chance

HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE | re.ASCII)
HEX_PAIRS = re.compile(r"[0-9a-f]{2}([-: ])[0-9a-f]{2}(?:\1[0-9a-f]{2})+", re.IGNORECASE | re.ASCII)
HEX_GROUPS = re.compile(
    r"<[0-9a-f]{8}(?: [0-9a-f]{1,8})+>", re.IGNORECASE | re.ASCII
)  # as Apple's NSData writes itself
SIGN_EXTENDED = re.compile(r"(?:[0-9a-f]{2}|ffffff[89a-f][0-9a-f])+", re.IGNORECASE | re.ASCII)
BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}", re.ASCII)
BYTE_LIST = re.compile(r"\[?\s*-?\d{1,3}(?:\s*,\s*-?\d{1,3}){15,63}\s*\]?", re.ASCII)
LOST_ZEROS = 3  # hex digits; more leading zeros are no chance of a digest


class Decoding(NamedTuple):
    """Digest bytes as lower-case hex (perhaps only the first of them), with the mistakes in how they were encoded."""

    hex: str
    mistakes: tuple[SigningMistake, ...]


def digest_name(digest: str) -> str:
    """The digest as people write it: ``SHA-256``, ``MD5``."""
    return re.sub(r"^SHA(?=\d)", "SHA-", digest.upper())


def digest_sizes(scheme: SigningScheme) -> dict[str, int]:
    """Bytes of the digests that a client may have used, the right one first."""
    return {scheme.digest: hashlib.new(scheme.digest).digest_size} | DIGEST_SIZES


def shape_problem(signature: str, scheme: SigningScheme) -> str:
    """What is wrong with the look of a signature, such as ``not hex: 39 characters, an HMAC-SHA1 in hex has 40``."""
    name = "hex" if scheme.encoding == "hex" else "base64"
    length = _length(scheme)
    letters = HEX if scheme.encoding == "hex" else BASE64
    if len(signature) == length and letters.fullmatch(signature):
        return ""
    if not signature:
        return f"empty: an HMAC-{scheme.digest.upper()} in {name} has {length} characters"
    verb = "of another length" if letters.fullmatch(signature) and len(signature) % 2 == 0 else f"not {name}"
    return f"{verb}: {counted(len(signature), 'character')}, an HMAC-{scheme.digest.upper()} in {name} has {length}"


def _length(scheme: SigningScheme) -> int:
    """Number of characters of a right signature."""
    size = digest_sizes(scheme)[scheme.digest]
    return 2 * size if scheme.encoding == "hex" else -(-size // 3) * 4


def decodings(signature: str, scheme: SigningScheme) -> tuple[Decoding, ...]:
    """Every plausible way to decode the signature; empty where it is neither hex nor base64."""
    core, mistakes = unwrapped(signature)
    if HEX_PAIRS.fullmatch(core) or HEX_GROUPS.fullmatch(core):
        mistakes += (_mistake("hex_separated", "the hex digits are separated, byte by byte or in groups", scheme),)
        core = re.sub(r"[-: <>]", "", core)
    if BYTE_LIST.fullmatch(core):
        text = "the signature is written as a list of the numbers of its bytes"
        numbers = [int(each) for each in re.findall(r"-?\d+", core)]
        core = bytes(each % 256 for each in numbers).hex()
        found = [Decoding(core, (*mistakes, _mistake("byte_list", text, scheme)))]
    elif HEX.fullmatch(core):
        found = list(_hex_decodings(core, mistakes + _hex_mistakes(core, scheme), scheme))
    else:
        found = [Decoding(text, mistakes + further) for text, further in _base64_decodings(core, scheme)]
    return tuple(decoding for decoding in found if len(decoding.hex) >= SHORTEST)


def _mistake(code: str, text: str, scheme: SigningScheme) -> SigningMistake:
    expected = "lower-case hex" if scheme.encoding == "hex" else "standard base64 with padding"
    return SigningMistake(code, text, f"Write the signature as {expected}, {_length(scheme)} characters.")


def _hex_decodings(core: str, mistakes: tuple[SigningMistake, ...], scheme: SigningScheme) -> Iterator[Decoding]:
    """The digits as they are; and as they were before a program lost or added some."""
    digits = core.lower()
    yield Decoding(digits, mistakes)
    if SIGN_EXTENDED.fullmatch(digits) and "ffffff" in digits:
        text = "each byte of 0x80 and more is written as a negative number, with ffffff before it"
        shortened = re.sub(r"ffffff([89a-f][0-9a-f])", r"\1", digits)
        yield Decoding(shortened, (*mistakes, _mistake("hex_sign_extended", text, scheme)))
    for size in digest_sizes(scheme).values():
        if 0 < 2 * size - len(digits) <= LOST_ZEROS:
            text = "the leading zeros of the hex digits are lost, as where the digest was made a number"
            yield Decoding(digits.zfill(2 * size), (*mistakes, _mistake("leading_zeros_lost", text, scheme)))
    if len(digits) % 2 == 0:
        raw = bytes.fromhex(digits)
        text = raw.decode("latin-1")
        if len(text) >= SHORTEST and BASE64.fullmatch(text):
            mistake = _mistake("hex_of_base64", "the signature is hex of the base64 text, not of the digest", scheme)
            yield from (Decoding(found, (mistake, *mistakes)) for found, _ in _base64_decodings(text, scheme))


def _hex_mistakes(core: str, scheme: SigningScheme) -> tuple[SigningMistake, ...]:
    if scheme.encoding == "base64":
        return (_mistake("hex", "the signature is written in hex, expected base64", scheme),)
    if core != core.lower():
        return (_mistake("upper_case", "the signature is written in upper-case hex, expected lower case", scheme),)
    return ()


def _base64_decodings(core: str, scheme: SigningScheme) -> list[tuple[str, tuple[SigningMistake, ...]]]:
    """The bytes behind a base64 text, and the digest behind a hex text that was written in base64."""
    lost: tuple[SigningMistake, ...] = ()
    if " " in core:
        core = core.replace(" ", "+")
        fix = "Percent-encode the signature where it is put in a URL."
        lost = (SigningMistake("plus_lost", "each plus sign of the signature became a blank", fix),)
    if "\n" in core or "\\n" in core:
        core = re.sub(r"\\[rn]|[\r\n]", "", core)
        lost = (_mistake("base64_broken", "the base64 text is broken into lines", scheme),)
    if not BASE64.fullmatch(core):
        return []
    bare = core.rstrip("=").translate(str.maketrans("-_", "+/"))
    raw = base64.b64decode(bare + "A" * (-len(bare) % 4))[: len(bare) * 6 // 8]
    found = [(raw.hex(), lost + _base64_mistakes(core, scheme))]
    text = raw.decode("latin-1").strip()
    if HEX.fullmatch(text):
        mistake = _mistake("base64_of_hex", "the signature is base64 of the hex text, not of the digest", scheme)
        found.insert(0, (text.lower(), (*lost, mistake)))
    elif BASE64.fullmatch(text) and len(text) % 4 == 0:
        mistake = _mistake("base64_twice", "the signature is written in base64 twice", scheme)
        found.append((base64.b64decode(text.translate(str.maketrans("-_", "+/"))).hex(), (*lost, mistake)))
    return found


def _base64_mistakes(core: str, scheme: SigningScheme) -> tuple[SigningMistake, ...]:
    url = "-" in core or "_" in core
    unpadded = not core.endswith("=") and len(core) % 4 != 0
    name = ("base64url" if url else "base64") + (" without padding" if unpadded else "")
    if scheme.encoding == "hex":
        code = "base64url" if url else "base64"
        return (_mistake(code, f"the signature is written in {name}, expected hex", scheme),)
    found = []
    if url:
        found.append(_mistake("base64url", "the signature is written in base64url, expected standard base64", scheme))
    if unpadded:
        found.append(_mistake("unpadded", "the signature lacks base64's padding", scheme))
    return tuple(found)
