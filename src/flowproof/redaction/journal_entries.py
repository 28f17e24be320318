"""Entries of a journal without given secrets, in whatever encoding these came."""

import base64
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from .bodies import redact_bytes
from .encodings import wire_encodings
from .known_secrets import KnownSecrets
from .marks import REDACTED

__all__ = ["redact_entry", "redact_entry_json", "redact_text"]

# Where a text of a client or of a provider can stand; ids, numbers and times of an exchange are ours.
REDACTED_MEMBERS = ("request", "response", "findings", "explanation")
# A text that JSON, a URL and a form all write as it is.
ONE_ENCODING = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)


def redact_entry_json(entry: Mapping[str, Any], secrets: frozenset[str]) -> bytes:
    """
    A journal entry as JSON, with a mark in the place of each secret.

    Most entries have no secret. Where every secret has one encoding only, and no body is cut or other than text, a
    search of the JSON shows that.
    """
    dumped = orjson.dumps(entry)
    signs = _signs(secrets)
    if signs is not None and not any(each in dumped for each in signs):
        return dumped
    return orjson.dumps(redact_entry(entry, secrets))


def redact_entry(entry: Mapping[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    """A journal entry with a mark in the place of each secret."""
    known = _known(secrets)
    return {key: _redact(value, known) if key in REDACTED_MEMBERS else value for key, value in entry.items()}


def redact_text(text: str, secrets: frozenset[str]) -> str:
    """A text with a mark in the place of each secret."""
    return _known(secrets).redact(text)


@lru_cache(maxsize=256)
def _signs(secrets: frozenset[str]) -> tuple[bytes, ...] | None:
    """What the JSON of an entry has if something may have to be replaced; None where that cannot be told."""
    if not all(map(ONE_ENCODING.fullmatch, secrets)):
        return None
    return (b'"base64":', b'"truncated":', *(secret.encode() for secret in secrets))


@lru_cache(maxsize=256)
def _known(secrets: frozenset[str]) -> KnownSecrets:
    known = KnownSecrets(wire_encodings)
    for each in secrets:
        known.add(each, REDACTED)
    return known


def _redact(value: Any, known: KnownSecrets) -> Any:
    if isinstance(value, str):
        return known.redact(value)
    if isinstance(value, list):
        return [_redact(each, known) for each in value]
    if isinstance(value, dict):
        redacted = {known.redact(key): _redact(each, known) for key, each in value.items()}
        return redacted | _redact_body(value, known) if "size" in value else redacted
    return value


def _redact_body(body: Mapping[str, Any], known: KnownSecrets) -> dict[str, str]:
    """What replaces a body that is no text or that was cut; nothing for any other."""

    def shown(text: str) -> str:
        redacted = known.redact(text)
        return known.without_cut_secret(redacted) if body.get("truncated") else redacted

    if "base64" in body:
        return {"base64": base64.b64encode(redact_bytes(base64.b64decode(body["base64"]), shown)).decode()}
    return {"text": shown(body["text"])} if "text" in body and body.get("truncated") else {}
