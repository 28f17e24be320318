"""
The usual mistakes in signing, as edits of a candidate, in the order in which a client would make them.

Each family is one function that yields its edits for one request. The order of the list matters twice: an edit is
made after those before it, and of two that end in the same bytes the earlier one is reported.
"""

import base64
import functools
import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from flowproof.kernel.signing import SignedRequest, SigningScheme

from .body_mistakes import body_edits
from .candidates import COMMON, RARE, USUAL, Candidate, Edit, SigningMistake, set_edit
from .key_mistakes import key_edits
from .path_mistakes import path_edits
from .timestamp_mistakes import timestamp_edits

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


def edits(
    scheme: SigningScheme, request: SignedRequest, secret: bytes, others: Mapping[str, bytes]
) -> tuple[Edit, ...]:
    """Every edit that can make a difference to this request; ``others`` are secrets that the key is mistaken for."""
    found = itertools.chain(
        key_edits(request, secret, others),
        _method_edits(request) if "method" in scheme.parts else (),
        path_edits(scheme, request) if "path" in scheme.parts else (),
        timestamp_edits(request) if "timestamp" in scheme.parts else (),
        _missing_edits(scheme),
        _included_edits(scheme, request),
        body_edits(request),
        _order_edits(scheme),
        _separator_edits(scheme),
        _finish_edits(),
        _construction_edits(),
    )
    return tuple(found)


def _method_edits(request: SignedRequest) -> Iterator[Edit]:
    sent = request.method
    fix = f"Sign the method as it is sent, {sent}."
    yield set_edit(
        "method", "method_lower", "the method is signed in lower case", fix, often=COMMON, method=sent.lower()
    )
    text = "the method is signed with a capital"
    yield set_edit("method", "method_capitalised", text, fix, method=sent.capitalize())
    yield set_edit("method", "method_upper", "the method is signed in upper case", fix, often=RARE, method=sent.upper())
    for other in METHODS:
        if other != sent:
            text = f"the method is signed as {other}, but {sent} was sent"
            yield set_edit(
                "method", "method_other", text, fix, often=USUAL if other in ("GET", "POST") else RARE, method=other
            )


def _missing_edits(scheme: SigningScheme) -> Iterator[Edit]:
    if len(scheme.parts) < 2:
        return
    for part in scheme.parts:
        rest = tuple(name for name in scheme.parts if name != part)
        text, fix = f"the {part} is left out", f"Sign {_listed(scheme.parts)}."
        yield set_edit("order", f"{part}_missing", text, fix, order=rest)
        fields: dict[str, Any] = {part: ""}
        yield set_edit(part, f"{part}_missing", f"{text}, its separator kept", fix, often=RARE, **fields)


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
            yield set_edit("order", f"{part}_included", text, fix, often=often, order=order)
        text = f"the {part} is signed too, at the end without a separator"
        unseparated = frozenset({part})
        yield set_edit("order", f"{part}_included", text, fix, order=(*scheme.parts, part), unseparated=unseparated)


def _listed(parts: tuple[str, ...]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _order_edits(scheme: SigningScheme) -> Iterator[Edit]:
    for order in itertools.permutations(scheme.parts):
        if order != scheme.parts:
            text = f"the parts are signed in the order {_listed(order)}"
            yield set_edit("order", "order", text, f"Sign {_listed(scheme.parts)}, in this order.", order=order)


def _separator_edits(scheme: SigningScheme) -> Iterator[Edit]:
    right = scheme.separator
    named = SEPARATORS.get(right, repr(right))
    fix = f"Put {named} between the parts."
    for other, name in SEPARATORS.items():
        if other != right:
            code, often = "separator" if other else "separator_missing", _separator_often(other)
            text = f"{name} stands between the parts, expected {named}"
            yield set_edit("separator", code, text, fix, often=often, separator=other)
    text = f"{named} stands twice between the parts"
    yield set_edit("separator", "separator_doubled", text, fix, separator=right * 2)
    for part in (*scheme.parts[1:], "body"):
        text = f"nothing stands before the {part}, expected {named}"
        yield set_edit("separator", f"separator_missing_before_{part}", text, fix, unseparated=frozenset({part}))


def _separator_often(separator: str) -> int:
    if separator in {"", "\n", " "}:
        return COMMON
    return USUAL if separator in {"\t", ",", ":", "|"} else RARE


def _finish_edits() -> Iterator[Edit]:
    for code, text, change in _FINISHES:
        make = functools.partial(_with_finish, change=change)
        often = RARE if code.startswith("text_") else COMMON if "line feed" in text else USUAL
        yield Edit("finish", SigningMistake(code, text, "Sign the parts and separators alone."), make, often)
    for code, codec, name in (
        ("utf_16", "utf-16-le", "UTF-16LE"),
        ("utf_16", "utf-16-be", "UTF-16BE"),
        ("utf_16", "utf-16", "UTF-16 with a mark"),
        ("utf_8_mark", "utf-8-sig", "UTF-8 with a byte order mark"),
        ("latin_1", "latin-1", "Latin-1"),
        ("latin_1", "cp1252", "Windows-1252"),
    ):
        text = f"the text is signed as {name}, expected UTF-8"
        yield set_edit("codec", code, text, "Turn the text into bytes as UTF-8.", codec=codec)


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
        yield set_edit("construction", code, text, fix, construction=code)
