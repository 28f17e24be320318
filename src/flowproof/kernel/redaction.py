"""Takes the secrets of credentials out of an exchange before it is kept, in whatever spelling they came."""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, overload
from urllib.parse import quote, quote_plus

import orjson

__all__ = ["REDACTED", "scrubbed", "scrubbed_json", "spellings"]

REDACTED = "[redacted]"
# Where what a client or a provider wrote can stand; ids, numbers and times of an exchange are ours.
PLACES = ("request", "response", "findings", "explanation")
SHORTEST_REST = 4
# What JSON, a URL and a form all write as it is.
ONE_SPELLING = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)


def scrubbed_json(entry: Mapping[str, Any], secrets: Iterable[str]) -> bytes:
    """
    A journal entry as JSON, with every occurrence of the secrets replaced.

    Most entries have none. Where every secret is spelled in one way only, and no body is cut off or other than text, a
    look at the JSON shows that there is nothing to replace.
    """
    chosen = frozenset(secrets)
    dumped = orjson.dumps(entry)
    plain = all(map(ONE_SPELLING.fullmatch, chosen)) and not any(
        mark in dumped for mark in (b'"base64":', b'"truncated":')
    )
    if plain and not any(secret.encode() in dumped for secret in chosen):
        return dumped
    return orjson.dumps(scrubbed(entry, chosen))


def scrubbed(entry: Mapping[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    """A journal entry with every occurrence of the secrets replaced."""
    words = _words(frozenset(secrets))
    return {key: _clean(value, words) if key in PLACES else value for key, value in entry.items()}


@lru_cache(maxsize=256)
def _words(secrets: frozenset[str]) -> list[str]:
    """Every spelling of every secret, the longest first, so that a part never spoils the whole."""
    return sorted({word for secret in secrets if secret for word in spellings(secret)}, key=len, reverse=True)


def spellings(secret: str) -> frozenset[str]:
    """A secret as itself, in JSON, in a URL, in a form, and as a header's bytes look."""
    plain = {secret}
    for _ in range(2):  # JSON, and JSON in a text of JSON
        plain |= {json.dumps(each, ensure_ascii=ascii_only)[1:-1] for each in plain for ascii_only in (True, False)}
    in_url = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return frozenset({*plain, *in_url, *map(_lower_escapes, in_url), secret.encode().decode("latin-1")})


def _lower_escapes(text: str) -> str:
    head, *escaped = text.split("%")
    return "%".join([head, *(each[:2].lower() + each[2:] for each in escaped)])


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
