"""What a step of a recorded case saves of its answer: of the JSON body, a text, a cookie, or a header."""

import json
import re
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from flowproof.cases import value_at

__all__ = ["WORD", "saved_value"]

WORD = re.compile(r"[\w.~+/=%-]+", re.ASCII)
"""What a text saves behind a place."""


class Answer(Protocol):
    """What is read of a target's answer."""

    @property
    def content(self) -> bytes:
        """Body."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By name, whatever its case."""


def saved_value(answer: Answer, pointer: str) -> Any:
    """
    The value at a pointer.

    Args:
        answer: Of a target.
        pointer: A JSON pointer into its body; `after:TEXT` for the word behind a text of its body; `cookie:NAME` for a
            cookie that it sets; `header:NAME` for a header, with `?PARAMETER` for a parameter of the address in it, or
            with `#-1` for the last segment of its path.

    Raises:
        LookupError: There is no such value.
        TypeError: There is none, as :func:`value_at` says.
        ValueError: The body is no JSON, or as :func:`value_at` says.
    """
    kind, colon, rest = pointer.partition(":")
    if pointer.startswith("/") or not colon:
        return value_at(json.loads(answer.content), pointer)
    if kind == "header":
        return _of_header(answer, rest)
    if kind == "cookie":
        return _first(re.search(rf"(?:^|,\s*){re.escape(rest)}=([^;]*)", answer.headers["set-cookie"]), pointer)
    text = answer.content.decode(errors="replace")
    return _first(re.compile(f"({WORD.pattern})", re.ASCII).match(text, text.index(rest) + len(rest)), pointer)


def _first(found: re.Match[str] | None, pointer: str) -> str:
    if found is None:
        raise LookupError(pointer)
    return found[1]


def _of_header(answer: Answer, rest: str) -> str:
    name, mark, part = re.split(r"([?#]|$)", rest, maxsplit=1)
    value = answer.headers[name]
    address = urlsplit(value)
    if mark == "?":
        return dict(parse_qsl(address.query, keep_blank_values=True))[part]
    return unquote(address.path.rpartition("/")[2]) if mark == "#" else value
