"""The usual mistakes in signing a body: JSON that was serialised twice, blanks, and a hash in the body's place."""

import base64
import hashlib
import itertools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from flowproof.kernel.signing import SignedRequest

from .candidates import RARE, USUAL, Candidate, Edit, SigningMistake

__all__ = ["body_edits"]

JSON_LIMIT = 32 * 1024  # bytes; larger bodies are not re-serialised

_LAYOUTS: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":")},
    "with blanks": {},
    "indented by two": {"indent": 2},
    "indented by four": {"indent": 4},
}
_ESCAPES = ("", ", escaped to ASCII", ", escaped to ASCII, slashes escaped", ", slashes escaped")


def body_edits(request: SignedRequest) -> Iterator[Edit]:
    """Another text of the body, for candidates that sign one."""
    text = request.body.decode("utf-8", "surrogateescape")
    seen = {text}
    fix = "Sign the bytes of the body that are sent, serialised once."
    for how, other in itertools.chain(_reserialised(request.body), _trimmed(text)):
        if other not in seen:
            seen.add(other)
            yield _body_edit(
                "body_reserialised", f"the body is signed {how}", fix, other, RARE if "," in how else USUAL
            )
    fix = "Sign the body itself, as it is sent."
    for code, how, other in _as_other_text(request.body):
        if other not in seen:
            seen.add(other)
            yield _body_edit(code, f"{how} is signed in the place of the body", fix, other, RARE)
    fix = "Sign the body itself, not a hash of it."
    for digest in ("sha256", "md5", "sha1"):
        hashed = hashlib.new(digest, request.body)
        yield _body_edit("body_hashed", f"a hex {digest} of the body is signed in its place", fix, hashed.hexdigest())
        encoded = base64.b64encode(hashed.digest()).decode()
        yield _body_edit("body_hashed", f"a base64 {digest} of the body is signed in its place", fix, encoded, RARE)


def _body_edit(code: str, text: str, fix: str, body: str, often: int = USUAL) -> Edit:
    def make(candidate: Candidate) -> Candidate | None:
        return candidate._replace(body=body) if "body" in candidate.order else None

    return Edit("body", SigningMistake(code, text, fix), make, often)


def _reserialised(body: bytes) -> Iterator[tuple[str, str]]:
    """The same JSON as other serialisers would write it; nothing where it is no JSON, or too much."""
    if len(body) > JSON_LIMIT:
        return
    try:
        value = json.loads(body)
        for order, layout, escapes in itertools.product((False, True), _LAYOUTS, _ESCAPES):
            how = f"re-serialised: {layout}{', keys sorted' if order else ''}{escapes}"
            text = json.dumps(value, sort_keys=order, ensure_ascii="ASCII" in escapes, **_LAYOUTS[layout])
            yield how, text.replace("/", "\\/") if "slashes" in escapes else text
    except (ValueError, TypeError, RecursionError):
        return


def _as_other_text(body: bytes) -> Iterator[tuple[str, str, str]]:
    """What programs make of a body that is no text: JSON as they print it, its members as a query, or nothing."""
    for word in ("{}", "null", "undefined", "[object Object]", "None"):
        yield "body_placeholder", repr(word), word
    encoded = base64.b64encode(body).decode()
    yield "body_base64", "base64 of the body", encoded
    if len(body) > JSON_LIMIT:
        return
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    yield "body_printed", "the body as Python prints a dict", repr(value)
    if isinstance(value, dict) and not any(isinstance(each, dict | list) for each in value.values()):
        pairs = [(name, each if isinstance(each, str) else json.dumps(each)) for name, each in value.items()]
        for order, members in (("", pairs), (", sorted", sorted(pairs))):
            yield "body_as_query", f"the members as a query{order}", urlencode(members, errors="replace")
            yield "body_as_query", f"the members as a query, unescaped{order}", "&".join(map("=".join, members))
            yield "body_as_query", f"names and values in a row{order}", "".join(map("".join, members))


def _trimmed(text: str) -> Iterator[tuple[str, str]]:
    yield "without the blanks around it", text.strip()
    yield "with a line feed after it", text + "\n"
    yield "with CR LF for each line feed", text.replace("\r\n", "\n").replace("\n", "\r\n")
    yield "with a line feed for each CR LF", text.replace("\r\n", "\n")
    yield "in quotes, as a JSON string", json.dumps(text, ensure_ascii=False)
