"""
The usual mistakes in signing, as edits of a candidate, in the order in which a client would make them.

Each family is one function that yields its edits for one request. The order of the list matters twice: an edit is
made after those before it, and of two that end in the same bytes the earlier one is reported.
"""

import base64
import binascii
import functools
import hashlib
import itertools
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote

from flowproof.kernel.signing import SignedRequest, SigningScheme

from . import instants
from .body_mistakes import body_edits
from .candidates import COMMON, RARE, USUAL, Candidate, Edit, SigningMistake
from .path_mistakes import path_edits

__all__ = ["SECRET_SENT", "SWAPPED", "edits"]

SWAPPED = SigningMistake(
    "swapped",
    "secret and token are swapped: what was presented as the token is the secret",
    "Present the token, and keep the secret as the key of the HMAC; a secret that was sent should be replaced.",
)
SECRET_SENT = SigningMistake(
    "secret_sent",
    "the secret itself was sent in place of a signature",
    "Send the HMAC made with the secret, and replace the secret, which has been on the wire.",
)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
SEPARATORS = {
    "": "nothing",
    "\n": "a line feed",
    " ": "a blank",
    "\t": "a tab",
    ",": "a comma",
    ":": "a colon",
    "|": "a vertical bar",
    "\r\n": "CR LF",
    "\\n": "a backslash and an n",
    ";": "a semicolon",
    "&": "an ampersand",
    ".": "a full stop",
    "-": "a hyphen",
    "+": "a plus sign",
    "/": "a slash",
    "_": "an underscore",
}


def edits(scheme: SigningScheme, request: SignedRequest, secret: bytes) -> tuple[Edit, ...]:
    """Every edit that can make a difference to this request."""
    found = itertools.chain(
        _key_edits(request, secret),
        _method_edits(request) if "method" in scheme.parts else (),
        path_edits(scheme, request) if "path" in scheme.parts else (),
        _timestamp_edits(request) if "timestamp" in scheme.parts else (),
        _missing_edits(scheme),
        _included_edits(scheme, request),
        body_edits(request),
        _order_edits(scheme),
        _separator_edits(scheme),
        _finish_edits(),
        _construction_edits(),
    )
    return tuple(found)


def _set(family: str, code: str, text: str, fix: str, *, often: int = USUAL, **fields: Any) -> Edit:
    """An edit that puts fixed values in place."""
    return Edit(family, SigningMistake(code, text, fix), lambda candidate: candidate._replace(**fields), often)


def _key_edits(request: SignedRequest, secret: bytes) -> Iterator[Edit]:
    fix = "Use the secret as the key, byte for byte as it was issued."
    token = request.token.encode("utf-8", "surrogateescape")
    yield _set("key", "key_token", "the key is the token, expected the secret", fix, often=COMMON, key=token)
    yield _set("key", "key_empty", "the key is empty: the secret was not loaded", fix, often=COMMON, key=b"")
    for name, tail in (("a line feed", b"\n"), ("CR LF", b"\r\n"), ("a blank", b" ")):
        yield _set("key", "key_blank", f"the key is the secret followed by {name}", fix, key=secret + tail)
    yield _set("key", "key_stripped", "the key is the secret without the blanks around it", fix, key=secret.strip())
    for quoted in (b'"%s"', b"'%s'"):
        yield _set("key", "key_quoted", "the key is the secret in quotes", fix, often=RARE, key=quoted % secret)
    for code, how, decode in (
        ("key_base64_decoded", "base64-decoded", _base64_decoded),
        ("key_hex_decoded", "hex-decoded", _hex_decoded),
    ):
        if key := decode(secret):
            yield _set("key", code, f"the key is the secret {how}", fix, key=key)
    encoded = base64.b64encode(secret)
    yield _set("key", "key_base64_encoded", "the key is the secret base64-encoded", fix, often=RARE, key=encoded)
    yield _set(
        "key", "key_hex_encoded", "the key is the secret hex-encoded", fix, often=RARE, key=secret.hex().encode()
    )
    yield _set("key", "key_pair", "the key is token:secret", fix, often=RARE, key=token + b":" + secret)
    for case in (secret.lower(), secret.upper()):
        yield _set("key", "key_case", "the key is the secret in another case", fix, often=RARE, key=case)


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


def _method_edits(request: SignedRequest) -> Iterator[Edit]:
    sent = request.method
    fix = f"Sign the method as it is sent, {sent}."
    yield _set("method", "method_lower", "the method is signed in lower case", fix, often=COMMON, method=sent.lower())
    text = "the method is signed with a capital"
    yield _set("method", "method_capitalised", text, fix, method=sent.capitalize())
    yield _set("method", "method_upper", "the method is signed in upper case", fix, often=RARE, method=sent.upper())
    for other in METHODS:
        if other != sent:
            text = f"the method is signed as {other}, but {sent} was sent"
            yield _set(
                "method", "method_other", text, fix, often=USUAL if other in ("GET", "POST") else RARE, method=other
            )


def _timestamp_edits(request: SignedRequest) -> Iterator[Edit]:
    """Its source first, then its format, then what stands around it; so that two of them add up."""
    name = request.date_header
    fix = f"Sign the very characters that are sent in {name}."
    seen = {request.timestamp}
    for other, value in request.headers:
        dated = any(word in other.lower() for word in ("date", "time")) or instants.parse(value) is not None
        if dated and other.lower() != name.lower() and value not in seen:
            seen.add(value)
            text = f"the timestamp is taken from the {other} header, expected {name}"
            yield _set(
                "timestamp",
                "timestamp_source",
                text,
                fix,
                often=COMMON if other.lower() == "date" else USUAL,
                timestamp=value,
            )
    rewritten = functools.cache(_rewritten)
    for form in instants.FORMATS:
        yield Edit(
            "timestamp",
            SigningMistake("timestamp_format", f"the timestamp is signed as {form}", fix),
            lambda candidate, form=form: _with_timestamp(candidate, rewritten(candidate.timestamp, form)),  # type: ignore[misc]  # bound
            _format_often(form),
        )
    for code, how, change in (
        ("timestamp_quoted", "in double quotes", '"{}"'.format),
        ("timestamp_quoted", "in single quotes", "'{}'".format),
        ("timestamp_blank", "with a blank before it", " {}".format),
        ("timestamp_blank", "with a blank after it", "{} ".format),
        ("timestamp_blank", "with blanks around it", " {} ".format),
        ("timestamp_blank", "without the blanks around it", str.strip),
        ("timestamp_escaped", "percent-encoded", _escaped),
        ("timestamp_lower", "in lower case", str.lower),
    ):
        yield Edit(
            "timestamp",
            SigningMistake(code, f"the timestamp is signed {how}", fix),
            lambda candidate, change=change: _with_timestamp(candidate, change(candidate.timestamp)),  # type: ignore[misc]  # bound
            RARE,
        )


def _format_often(form: str) -> int:
    if form in {"Unix seconds", "ISO 8601 with Z", "RFC 1123 GMT"}:
        return COMMON
    return RARE if "micro" in form or "basic" in form else USUAL


def _rewritten(timestamp: str, form: str) -> str | None:
    instant = instants.parse(timestamp)
    return None if instant is None else instants.write(instant, form)


def _with_timestamp(candidate: Candidate, timestamp: str | None) -> Candidate | None:
    return None if timestamp is None or timestamp == candidate.timestamp else candidate._replace(timestamp=timestamp)


def _missing_edits(scheme: SigningScheme) -> Iterator[Edit]:
    if len(scheme.parts) < 2:
        return
    for part in scheme.parts:
        rest = tuple(name for name in scheme.parts if name != part)
        text, fix = f"the {part} is left out", f"Sign {_listed(scheme.parts)}."
        yield _set("order", f"{part}_missing", text, fix, order=rest)
        fields: dict[str, Any] = {part: ""}
        yield _set(part, f"{part}_missing", f"{text}, its separator kept", fix, often=RARE, **fields)


def _included_edits(scheme: SigningScheme, request: SignedRequest) -> Iterator[Edit]:
    """A part that the scheme does not sign, at each place, the last one first."""
    for part in ("body", "timestamp", "method", "path"):
        if part in scheme.parts or not getattr(request, part):
            continue
        fix = f"Sign {_listed(scheme.parts)}, and no {part}."
        for place in range(len(scheme.parts), -1, -1):
            order = (*scheme.parts[:place], part, *scheme.parts[place:])
            where = f"after the {order[place - 1]}" if place else "before all else"
            often = COMMON if part == "body" and place == len(scheme.parts) else RARE
            text = f"the {part} is signed too, {where}"
            yield _set("order", f"{part}_included", text, fix, often=often, order=order)
        text = f"the {part} is signed too, at the end without a separator"
        unseparated = frozenset({part})
        yield _set("order", f"{part}_included", text, fix, order=(*scheme.parts, part), unseparated=unseparated)


def _listed(parts: tuple[str, ...]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _order_edits(scheme: SigningScheme) -> Iterator[Edit]:
    for order in itertools.permutations(scheme.parts):
        if order != scheme.parts:
            text = f"the parts are signed in the order {_listed(order)}"
            yield _set("order", "order", text, f"Sign {_listed(scheme.parts)}, in this order.", order=order)


def _separator_edits(scheme: SigningScheme) -> Iterator[Edit]:
    right = scheme.separator
    named = SEPARATORS.get(right, repr(right))
    fix = f"Put {named} between the parts."
    for other, name in SEPARATORS.items():
        if other != right:
            code, often = "separator" if other else "separator_missing", _separator_often(other)
            text = f"{name} stands between the parts, expected {named}"
            yield _set("separator", code, text, fix, often=often, separator=other)
    text = f"{named} stands twice between the parts"
    yield _set("separator", "separator_doubled", text, fix, separator=right * 2)
    for part in (*scheme.parts[1:], "body"):
        text = f"nothing stands before the {part}, expected {named}"
        yield _set("separator", f"separator_missing_before_{part}", text, fix, unseparated=frozenset({part}))


def _separator_often(separator: str) -> int:
    if separator in {"", "\n", " "}:
        return COMMON
    return USUAL if separator in {"\t", ",", ":", "|"} else RARE


def _finish_edits() -> Iterator[Edit]:
    for code, text, change in _FINISHES:
        make = functools.partial(_with_finish, change=change)
        often = RARE if code.startswith("text_") else COMMON if "line feed" in text else USUAL
        yield Edit("finish", SigningMistake(code, text, "Sign the parts and separators alone."), make, often)
    for codec, name in (("utf-16-le", "UTF-16LE"), ("utf-16-be", "UTF-16BE"), ("utf-16", "UTF-16 with a mark")):
        text = f"the text is signed as {name}, expected UTF-8"
        yield _set("codec", "utf_16", text, "Turn the text into bytes as UTF-8.", codec=codec)


def _with_finish(candidate: Candidate, change: Callable[[str], str]) -> Candidate:
    return candidate._replace(finish=(*candidate.finish, change))


def _escaped(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


def _unescaped(text: str) -> str:
    return unquote(text, errors="surrogateescape")


def _sha1(text: str) -> str:
    return hashlib.new("sha1", _raw(text), usedforsecurity=False).hexdigest()


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


_FINISHES: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("trailing_newline", "a line feed follows the last part", "{}\n".format),
    ("trailing_newline", "CR LF follows the last part", "{}\r\n".format),
    ("trailing_newline", "a backslash and an n follow the last part", "{}\\n".format),
    ("trailing_blank", "a blank follows the last part", "{} ".format),
    ("leading_blank", "a blank precedes the first part", " {}".format),
    ("text_lower", "the whole text is signed in lower case", str.lower),
    ("text_upper", "the whole text is signed in upper case", str.upper),
    ("text_quoted", "the whole text is signed in quotes", '"{}"'.format),
    ("text_escaped", "the whole text is signed percent-encoded", _escaped),
    ("text_unescaped", "the whole text is signed percent-decoded", _unescaped),
    ("text_base64", "the whole text is signed as base64", lambda text: base64.b64encode(_raw(text)).decode()),
    ("text_hashed", "a hex SHA-256 of the text is signed", lambda text: hashlib.sha256(_raw(text)).hexdigest()),
    ("text_hashed", "a hex SHA-1 of the text is signed", _sha1),
)


def _construction_edits() -> Iterator[Edit]:
    fix = "Make an HMAC with the secret as its key and the text as its message."
    for code, text in (
        ("hash", "a plain hash of the text, without the secret"),
        ("hash_secret_first", "a plain hash of the secret followed by the text, expected an HMAC"),
        ("hash_secret_last", "a plain hash of the text followed by the secret, expected an HMAC"),
        ("hmac_swapped", "key and message of the HMAC are swapped: the text was used as the key"),
    ):
        yield _set("construction", code, text, fix, construction=code)
