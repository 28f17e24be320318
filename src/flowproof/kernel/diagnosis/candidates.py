"""What a client may have signed: a candidate, and the edits that turn one candidate into another. Pure values."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, NamedTuple

from flowproof.kernel.signing import SignedRequest, SigningScheme

__all__ = [
    "ALONE",
    "COMMON",
    "RARE",
    "USUAL",
    "Candidate",
    "Edit",
    "SigningMistake",
    "first_candidate",
    "mac",
    "message_of",
    "set_edit",
]

ALONE, RARE, USUAL, COMMON = -3, 0, 1, 2

# Ways to make a digest of a key and a message, by name.
CONSTRUCTIONS: dict[str, Callable[[bytes, bytes, str], bytes]] = {
    "hmac": hmac.digest,
    "hmac_swapped": lambda key, message, digest: hmac.digest(message, key, digest),
    "hash": lambda _key, message, digest: hashlib.new(digest, message).digest(),
    "hash_secret_first": lambda key, message, digest: hashlib.new(digest, key + message).digest(),
    "hash_secret_last": lambda key, message, digest: hashlib.new(digest, message + key).digest(),
}


class SigningMistake(NamedTuple):
    """
    One thing that a client did differently from what its provider asks.

    Args:
        code: Stable name, such as ``query_included``.
        text: What was done, one clause.
        fix: What to do about it, one sentence.
    """

    code: str
    text: str
    fix: str


class Candidate(NamedTuple):
    """
    Everything that decides a digest except the hash. A tuple, because thousands are made for one diagnosis.

    Args:
        order: Names of the parts, in the order in which they are joined.
        method: Text of that part; likewise path, timestamp and body (bytes that are not UTF-8 as lone surrogates).
        separator: Between the parts.
        unseparated: Parts that no separator stands before.
        finish: What is done to the joined text, in order.
        codec: How the text becomes bytes.
        key: The key.
        construction: Name in CONSTRUCTIONS.
    """

    order: tuple[str, ...]
    method: str
    path: str
    timestamp: str
    body: str
    separator: str
    key: bytes
    unseparated: frozenset[str] = frozenset()
    finish: tuple[Callable[[str], str], ...] = ()
    codec: str = "utf-8"
    construction: str = "hmac"


class Edit(NamedTuple):
    """
    One mistake, as something that can be done to a candidate.

    Args:
        family: What it changes. A second edit of one family is tried only where the two can add up.
        mistake: What to call it.
        make: The candidate with the mistake made, or None where it cannot be made.
        often: How often it is seen, which decides what it is tried together with: ALONE with none, RARE with one that
            is COMMON, USUAL with one that is USUAL or COMMON, COMMON with any but those, and in threes.
    """

    family: str
    mistake: SigningMistake
    make: Callable[[Candidate], Candidate | None]
    often: int = USUAL


def set_edit(family: str, code: str, text: str, fix: str, *, often: int = USUAL, **fields: Any) -> Edit:
    """An edit that puts fixed values in place."""
    return Edit(family, SigningMistake(code, text, fix), lambda candidate: candidate._replace(**fields), often)


def first_candidate(scheme: SigningScheme, request: SignedRequest, secret: bytes) -> Candidate:
    """The right candidate: what the client should have signed, with the path as it was sent."""
    body = request.body.decode("utf-8", "surrogateescape")
    return Candidate(scheme.parts, request.method, request.path, request.timestamp, body, scheme.separator, secret)


def message_of(candidate: Candidate) -> bytes | None:
    """The bytes of the message, or None where the text cannot be written in the candidate's codec."""
    if candidate.unseparated:
        text = ""
        for place, name in enumerate(candidate.order):
            is_separated = place > 0 and name not in candidate.unseparated
            text += (candidate.separator if is_separated else "") + getattr(candidate, name)
    else:
        text = candidate.separator.join([getattr(candidate, name) for name in candidate.order])
    for finish in candidate.finish:
        text = finish(text)
    try:
        return text.encode(candidate.codec, "surrogateescape")
    except UnicodeEncodeError:
        return None


def mac(candidate: Candidate, message: bytes, digest: str) -> bytes:
    """The digest that a client making this candidate would send."""
    return CONSTRUCTIONS[candidate.construction](candidate.key, message, digest)
