"""Reads the JSON of rows, and says so where one is damaged."""

from typing import Any

import orjson

from flowproof.errors import StoreError

__all__ = ["loaded"]


def loaded(body: bytes | str, what: str) -> Any:
    """
    The value of a row's JSON.

    Args:
        body: What the row holds.
        what: Which row it is, for people.

    Raises:
        StoreError: It is no JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise StoreError(f"{what} is damaged: restore a copy of the state, or delete it") from error
