"""Reads a request's JSON or form, and refuses every text that two parsers might read differently."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, NoReturn

import orjson

from flowproof.conformance import Finding
from flowproof.kernel.refusals import MalformedBody, WrongContentType
from flowproof.plurals import counted

from .pairs import MOST_PAIRS, read_pairs

__all__ = ["DEEPEST", "FORM", "check_content_type", "read_form", "read_json"]

DEEPEST = 100
LONGEST_NAME = 80  # characters of a name that a message repeats
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
    check_content_type(content_type, accepted)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        _malformed("JSON in UTF-8 (RFC 8259)", f"{counted(len(body), 'byte')}: {_mistake(body, error)}")
    if body.count(b"{") + body.count(b"[") > DEEPEST and _depth(value) > DEEPEST:
        _malformed(f"JSON with at most {DEEPEST} levels of nesting", f"{_depth(value)} levels")
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
        MalformedBody: The body is no form in UTF-8, has more than 1,000 fields, or gives a name twice.
    """
    check_content_type(content_type, accepted)
    if body.count(b"&") >= MOST_PAIRS:
        _malformed(f"at most {MOST_PAIRS} fields", f"{body.count(b'&') + 1}", "form")
    try:
        pairs = read_pairs(body.decode("ascii"), strict=bool(body))
    except ValueError:  # a UnicodeDecodeError is one too; its text would show the body
        expected = "a form: names and values like those of a query, in percent-encoded UTF-8"
        _malformed(expected, counted(len(body), "byte"), "form")
    if (repeated := _repeated(name for name, _ in pairs if name not in lists)) is not None:
        _malformed("a form that has each name once", repeated, "form")
    return pairs


def check_content_type(content_type: str | None, accepted: tuple[str, ...]) -> None:
    """
    Refuse a media type that an operation does not take, or one with another charset than UTF-8.

    Raises:
        WrongContentType: It is such a one, or there is none.
    """
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


def _mistake(body: bytes, error: orjson.JSONDecodeError) -> str:
    """What keeps a body from being JSON, and where; lines and columns count from 1."""
    try:
        body.decode()
    except UnicodeDecodeError as undecodable:  # orjson names the first byte wherever the wrong one is
        before = body[: undecodable.start].decode()
        place = f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"
        return f"the byte 0x{body[undecodable.start]:02x} at {place} is not UTF-8"
    return f"{error.msg.partition(': line ')[0]} at line {error.lineno}, column {error.colno}"


def _as_many_keys(body: bytes, value: Any) -> bool:
    """
    Whether a body's text has no more keys than its value.

    A body that is the value's JSON, byte for byte, has lost no key. Where the body is written as orjson writes, the
    value's JSON has as many ends of keys, or fewer where a key came twice: counting them is faster than a look at each.
    """
    written = orjson.dumps(value)
    if written == body:
        return True
    for spelling in OTHER_SPELLINGS:
        if spelling[:1] in body and spelling in body:  # (one byte is found many times as fast as two)
            return len(KEY.findall(body)) == _keys(value)
    return body.count(b'":') == written.count(b'":')


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
        if len(seen) < len(pairs) and (repeated := _repeated(name for name, _ in pairs)) is not None:
            _malformed("JSON that has each key once in an object", repeated)
        return seen

    json.loads(body, object_pairs_hook=unique)


def _repeated(names: Iterable[str]) -> str | None:
    """The first name that comes again, with how often it comes; None where each comes once."""
    counted = Counter(names)
    name = next((name for name, times in counted.items() if times > 1), None)
    return None if name is None else f"{_short(name)} {counted[name]} times"


def _short(name: str) -> str:
    return repr(name) if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]!r}…"


def _malformed(expected: str, got: str, keyword: str = "json") -> NoReturn:
    raise MalformedBody([Finding("request.body", "", expected, got, keyword=keyword)])
