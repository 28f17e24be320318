"""Takes off what stands around a presented signature: what a program printed with it, a list, quotes, a prefix."""

import re
from urllib.parse import unquote

from .candidates import SigningMistake

__all__ = ["unwrapped"]

Unwrapped = tuple[str, tuple[SigningMistake, ...]]

PREFIX = re.compile(
    r"0x(?=[0-9a-f]+$)|(?:hmac[-_ ]?)?(?:md5|sha[-_]?\d{1,3})[=: ]\s*|v\d[=,:]|(?:signature|sig|hmac|digest)[=:]\s*",
    re.IGNORECASE | re.ASCII,
)
# What openssl dgst, sha1sum and their like print around the digits.
PROGRAM_OUTPUT = re.compile(
    r"(?:HMAC[- ])?(?:MD5|SHA[-0-9]*)? ?\([^()]*\)\s*=\s*(?P<last>[0-9a-f]+)|(?P<first>[0-9a-f]{32,}) [ *]\S*",
    re.IGNORECASE | re.ASCII,
)
BYTES_LITERAL = re.compile(r"b(['\"])(?P<text>[^'\"]*)\1", re.ASCII)
NAME_IN_LIST = re.compile(r"v\d|s|sig|signature|hmac", re.IGNORECASE | re.ASCII)
BARE = "Send the bare signature."


def unwrapped(signature: str) -> Unwrapped:
    """The signature alone, and each thing that stood around it."""
    core = signature.strip()
    if literal := BYTES_LITERAL.fullmatch(core):
        text = "the signature is a bytes object of Python, written with its b and quotes"
        return literal["text"], (SigningMistake("bytes_literal", text, "Decode the bytes to text."),)
    if printed := PROGRAM_OUTPUT.fullmatch(core):
        text = "the signature is the whole line that a program printed, such as openssl dgst"
        return printed["last"] or printed["first"], (SigningMistake("program_output", text, BARE),)
    if listed := _from_list(core):
        text = "the signature stands in a list of names and values"
        return listed, (SigningMistake("signature_list", text, BARE),)
    return _unquoted(signature)


def _from_list(core: str) -> str | None:
    """The signature of a list such as ``t=1726221600,v1=5257a8…``, as some providers have in a header."""
    pairs = [each.partition("=") for each in re.split(r"[,;]\s*", core)]
    if len(pairs) < 2 or not all(separator for _, separator, _ in pairs):
        return None
    return next((value for name, _, value in pairs if NAME_IN_LIST.fullmatch(name)), None)


def _unquoted(signature: str) -> Unwrapped:
    """The signature without blanks, quotes, percent escapes and prefixes."""
    mistakes: list[SigningMistake] = []
    core = signature.strip(" \t\r\n\"'")
    if core != signature:
        mistakes.append(SigningMistake("signature_wrapped", "the signature stands in blanks or quotes", BARE))
    if "%" in core:
        core = unquote(core)
        text = "the signature is percent-encoded"
        mistakes.append(SigningMistake("signature_escaped", text, "Send the signature unescaped."))
    if prefix := PREFIX.match(core):
        core = core[prefix.end() :]
        text = f"the signature begins with {prefix[0]!r}"
        mistakes.append(SigningMistake("prefix", text, "Send the signature without a prefix."))
    return core, tuple(mistakes)
