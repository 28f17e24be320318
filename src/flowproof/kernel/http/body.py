"""Reads a request's JSON or form, and refuses every text that two parsers might read differently."""

import json
import re
from collections.abc import Collection
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import orjson

from flowproof.conformance import Finding
from flowproof.kernel.refusals import MalformedBody, WrongContentType

__all__ = ["DEEPEST", "FORM", "read_form", "read_json"]

DEEPEST = 100
# The end of a key. A text may hold such bytes too, and is then read once more; a key never comes without them.
KEY = re.compile(rb'"\s*:')
# Other ways to write a key's end, or a character of a text, than orjson's.
OTHER_SPELLINGS = (b"\\u", b" :", b"\n:", b"\t:", b"\r:")
FORM = "application/x-www-form-urlencoded"


def read_json(body: bytes, content_type: str | None, accepted: tuple[str, ...]) -> Any:
    """
    The JSON value of a body.

    Args:
        body: As sent.
        content_type: The header's value.
        accepted: Media types that the operation takes.

    Raises:
        WrongContentType: The media type is another, or there is none.
        MalformedBody: The body is no JSON (RFC 8259) in UTF-8, says NaN or Infinity, names a key twice in one object,
            or is nested deeper than 100 levels.
    """
    _check_content_type(content_type, accepted)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        _malformed(f"JSON in UTF-8 (RFC 8259): {error}", f"{len(body)} bytes")
    if body.count(b"{") + body.count(b"[") > DEEPEST and _depth(value) > DEEPEST:
        _malformed(f"at most {DEEPEST} levels of nesting", f"{_depth(value)} levels")
    if not _as_many_keys(body, value):
        _refuse_repeated_keys(body)
    return value


def read_form(
    body: bytes, content_type: str | None, accepted: tuple[str, ...], *, lists: Collection[str] = ()
) -> list[tuple[str, str]]:
    """
    The names and values of a form, in the order in which they were sent.

    Args:
        body: As sent.
        content_type: The header's value.
        accepted: Media types that the operation takes.
        lists: Names that may be given more than once.

    Raises:
        WrongContentType: The media type is another, or there is none.
        MalformedBody: The body is no form in UTF-8, or gives a name twice.
    """
    _check_content_type(content_type, accepted)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), errors="strict")
    except ValueError:  # a UnicodeDecodeError is one too; its text would show the body
        _malformed("names and values in the form of a query, percent-encoded UTF-8", f"{len(body)} bytes", "form")
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1 and name not in lists:
            _malformed("each name once in a form", f"{name!r} {names.count(name)} times", "form")
    return pairs


def _check_content_type(content_type: str | None, accepted: tuple[str, ...]) -> None:
    media_type, _, parameters = (content_type or "").partition(";")
    if media_type.strip().lower() not in accepted or _other_charset(parameters):
        expected = " or ".join(accepted)
        raise WrongContentType([Finding("request.headers", "/content-type", expected, content_type or "nothing")])


def _other_charset(parameters: str) -> bool:
    """Whether the header's parameters name another charset than UTF-8."""
    for each in parameters.split(";"):
        name, _, value = each.partition("=")
        if name.strip().lower() == "charset":
            return value.strip(" \"'").lower() not in ("utf-8", "utf8", "us-ascii")
    return False


def _as_many_keys(body: bytes, value: Any) -> bool:
    """
    Whether a body's text has no more keys than its value.

    Where the body is written as orjson writes, the value's JSON has as many ends of keys, or fewer where a key came
    twice. Counting them is faster than a look at each key.
    """
    for spelling in OTHER_SPELLINGS:
        if spelling[:1] in body and spelling in body:  # (one byte is found many times as fast as two)
            return len(KEY.findall(body)) == _keys(value)
    return body.count(b'":') == orjson.dumps(value).count(b'":')


def _keys(value: Any) -> int:
    """How many keys the objects of a value have: as many as the text has, unless one came twice."""
    counted, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            counted += len(each)
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return counted


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while containers := [each for each in level if isinstance(each, dict | list)]:
        deepest += 1
        level = [each for inner in containers for each in (inner.values() if isinstance(inner, dict) else inner)]
    return deepest


def _refuse_repeated_keys(body: bytes) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen = dict(pairs)
        if len(seen) < len(pairs):
            names = [name for name, _ in pairs]
            repeated = next(name for name in names if names.count(name) > 1)
            _malformed("each key once in an object", f"{repeated!r} {names.count(repeated)} times")
        return seen

    json.loads(body, object_pairs_hook=unique)


def _malformed(expected: str, got: str, keyword: str = "json") -> NoReturn:
    raise MalformedBody([Finding("request.body", "", expected, got, keyword=keyword)])
