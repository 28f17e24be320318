"""Takes the secrets of credentials out of an exchange before it is kept, in whatever spelling they came."""

import base64
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, overload

import orjson

from flowproof.secret_encodings import secret_encodings

__all__ = ["REDACTED", "scrubbed", "scrubbed_json"]

REDACTED = "[redacted]"
# Where what a client or a provider wrote can stand; ids, numbers and times of an exchange are ours.
PLACES = ("request", "response", "findings", "explanation")
SHORTEST_REST = 4
# What JSON, a URL and a form all write as it is.
ONE_SPELLING = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)


def scrubbed_json(entry: Mapping[str, Any], secrets: frozenset[str]) -> bytes:
    """
    A journal entry as JSON, with every occurrence of the secrets replaced.

    Most entries have none. Where every secret is spelled in one way only, and no body is cut off or other than text, a
    look at the JSON shows that there is nothing to replace.
    """
    dumped = orjson.dumps(entry)
    telling = _telling(secrets)
    if telling is not None and not any(each in dumped for each in telling):
        return dumped
    return orjson.dumps(scrubbed(entry, secrets))


@lru_cache(maxsize=256)
def _telling(secrets: frozenset[str]) -> tuple[bytes, ...] | None:
    """What an entry's JSON has where there may be something to replace; None where that cannot be told so."""
    if not all(map(ONE_SPELLING.fullmatch, secrets)):
        return None
    return (b'"base64":', b'"truncated":', *(secret.encode() for secret in secrets))


def scrubbed(entry: Mapping[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    """A journal entry with every occurrence of the secrets replaced."""
    words = _words(frozenset(secrets))
    return {key: _clean(value, words) if key in PLACES else value for key, value in entry.items()}


@lru_cache(maxsize=256)
def _words(secrets: frozenset[str]) -> list[str]:
    """Every spelling of every secret, the longest first, so that a part never spoils the whole."""
    return sorted({word for secret in secrets if secret for word in secret_encodings(secret)}, key=len, reverse=True)


def _clean(value: Any, words: list[str]) -> Any:
    if isinstance(value, str):
        return _without(value, words)
    if isinstance(value, list):
        return [_clean(each, words) for each in value]
    if isinstance(value, dict):
        return _clean_object(value, words)
    return value


def _clean_object(value: dict[str, Any], words: list[str]) -> dict[str, Any]:
    cleaned = {_without(key, words): _clean(each, words) for key, each in value.items()}
    if "base64" in value and "size" in value:  # a body that is no text
        body = _without(base64.b64decode(value["base64"]), [word.encode() for word in words])
        if value.get("truncated"):
            body = _without_beginning(body, [word.encode() for word in words])
        cleaned["base64"] = base64.b64encode(body).decode()
    elif "text" in value and value.get("truncated"):
        cleaned["text"] = _without_beginning(cleaned["text"], words)
    return cleaned


@overload
def _without(text: str, words: list[str]) -> str: ...
@overload
def _without(text: bytes, words: list[bytes]) -> bytes: ...
def _without(text: Any, words: Any) -> Any:
    for word in words:
        if word in text:
            text = text.replace(word, REDACTED if isinstance(text, str) else REDACTED.encode())
    return text


@overload
def _without_beginning(text: str, words: list[str]) -> str: ...
@overload
def _without_beginning(text: bytes, words: list[bytes]) -> bytes: ...
def _without_beginning(text: Any, words: Any) -> Any:
    """A text that was cut off, without the beginning of a secret at its end."""
    for word in words:
        for size in range(len(word) - 1, SHORTEST_REST - 1, -1):
            if text.endswith(word[:size]):
                return text[:-size]
    return text
