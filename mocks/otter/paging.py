"""
Pages of a list whose entries have a fixed position. The token names the position of the last entry shown.

As in the spec's example the token is base64 with ``+``, ``/`` and ``=``, so a client that does not percent-encode it
fails here.
"""

import base64
import hashlib
import struct
from binascii import Error
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from flowproof.conformance import Finding

from .errors import Malformed

__all__ = ["FROM_THE_START", "page", "place_of"]

FROM_THE_START = -1
SEAL = 8  # bytes


def page(entries: Iterable[tuple[int, Mapping[str, Any]]], *, limit: int, of: str) -> dict[str, Any]:
    """
    A page of a list.

    Args:
        entries: Those behind the last page, each with its place.
        limit: How many there are on a page at most.
        of: Names the list, so that no token leads into another.
    """
    shown = list(islice(entries, limit + 1))
    items = [entry for _, entry in shown[:limit]]
    return {"items": items, "offsetToken": token(shown[limit - 1][0], of)} if len(shown) > limit else {"items": items}


def token(place: int, of: str) -> str:
    packed = struct.pack(">Q", place)
    return base64.b64encode(_seal(packed, of) + packed).decode()


def place_of(presented: str | None, of: str) -> int:
    """
    The position that a token names; without a token, the position before the first entry.

    Raises:
        Malformed: This list never issued that token.
    """
    if presented is None:
        return FROM_THE_START
    try:
        raw = base64.b64decode(presented, validate=True)
    except (Error, ValueError):
        raw = b""
    seal, packed = raw[:SEAL], raw[SEAL:]
    if len(packed) != 8 or seal != _seal(packed, of):
        finding = Finding(
            "request.query",
            "/token",
            "an offsetToken of this list",
            "another text",
            "otter.paging.token_issued",
            "token",
        )
        raise Malformed([finding], note=_diagnosis(presented, of))
    place: int = struct.unpack(">Q", packed)[0]
    return place


def _seal(packed: bytes, of: str) -> bytes:
    return hashlib.sha256(of.encode() + b"\0" + packed).digest()[:SEAL]


def _diagnosis(presented: str, of: str) -> str:
    """An explanation where the token was not percent-encoded: a plus sign then reads as a blank."""
    if " " not in presented:
        return ""
    try:
        place_of(presented.replace(" ", "+"), of)
    except Malformed:
        return ""
    return "The token has blanks where it was issued with plus signs: it was not percent-encoded in the query."
