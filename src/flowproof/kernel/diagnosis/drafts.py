"""What a client may have signed instead: a draft, and the edits that turn one draft into another. Pure values."""

import hashlib
import hmac
from collections.abc import Callable
from typing import NamedTuple

from flowproof.kernel.signing import SignedRequest, SigningScheme

__all__ = ["COMMON", "RARE", "USUAL", "Draft", "Edit", "Mistake", "first_draft", "mac", "written"]

RARE, USUAL, COMMON = range(3)

# Ways to make a digest of a key and a message, by name.
CONSTRUCTIONS: dict[str, Callable[[bytes, bytes, str], bytes]] = {
    "hmac": hmac.digest,
    "hmac_swapped": lambda key, message, digest: hmac.digest(message, key, digest),
    "hash": lambda _key, message, digest: hashlib.new(digest, message).digest(),
    "hash_secret_first": lambda key, message, digest: hashlib.new(digest, key + message).digest(),
    "hash_secret_last": lambda key, message, digest: hashlib.new(digest, message + key).digest(),
}


class Mistake(NamedTuple):
    """
    One thing that a client did otherwise than its provider asks.

    Args:
        code: Stable name, such as ``query_included``.
        text: What was done, one clause.
        mend: What to do about it, one sentence.
    """

    code: str
    text: str
    fix: str


class Draft(NamedTuple):
    """
    Everything that decides a digest except the hash. A tuple, because thousands are made for one diagnosis.

    Args:
        order: Names of the parts, in the order in which they are joined.
        method: Text of that part; likewise path, timestamp and body (bytes that are not UTF-8 as lone surrogates).
        separator: Between the parts.
        tight: Parts that no separator stands before.
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
    tight: frozenset[str] = frozenset()
    finish: tuple[Callable[[str], str], ...] = ()
    codec: str = "utf-8"
    construction: str = "hmac"


class Edit(NamedTuple):
    """
    One mistake, as something that can be done to a draft.

    Args:
        family: What it changes. A second edit of one family is tried only where the two can add up.
        mistake: What to call it.
        make: The draft with the mistake made, or None where it cannot be made.
        often: How often it is seen, which decides what it is tried together with: RARE with one that is COMMON, USUAL
            with one that is USUAL or COMMON, COMMON with any other one, and in threes.
    """

    family: str
    mistake: Mistake
    make: Callable[[Draft], Draft | None]
    often: int = USUAL


def first_draft(scheme: SigningScheme, request: SignedRequest, secret: bytes) -> Draft:
    """What the client should have signed, with the path as it was sent."""
    body = request.body.decode("utf-8", "surrogateescape")
    return Draft(scheme.parts, request.method, request.path, request.timestamp, body, scheme.separator, secret)


def written(draft: Draft) -> bytes | None:
    """The bytes of the message, or None where the text cannot be written in the draft's codec."""
    if draft.tight:
        text = ""
        for place, name in enumerate(draft.order):
            text += ("" if place == 0 or name in draft.tight else draft.separator) + getattr(draft, name)
    else:
        text = draft.separator.join([getattr(draft, name) for name in draft.order])
    for finish in draft.finish:
        text = finish(text)
    try:
        return text.encode(draft.codec, "surrogateescape")
    except UnicodeEncodeError:
        return None


def mac(draft: Draft, message: bytes, digest: str) -> bytes:
    """The digest that a client making this draft would send."""
    return CONSTRUCTIONS[draft.construction](draft.key, message, digest)
