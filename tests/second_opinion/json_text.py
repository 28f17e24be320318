"""JSON as the second hands read and write it: strict in, unusual out. Knows no provider."""

import json
from math import isfinite
from typing import Any, NoReturn

BLANKS = (" ,", " : ")


def read(raw: bytes) -> Any:
    """
    One JSON text in UTF-8.

    Raises:
        ValueError: It is none, a name stands twice in an object, or a number is too large.
    """
    try:
        return json.loads(
            raw.decode(), object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite_number
        )
    except RecursionError as error:
        raise ValueError("too many levels") from error


def write(value: Any) -> bytes:
    """Members in alphabetical order, blanks, and each character that is not ASCII escaped: all of it is still JSON."""
    return json.dumps(value, sort_keys=True, indent=1, separators=BLANKS).replace("/", "\\/").encode()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite_number(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} is too large")
    return number
