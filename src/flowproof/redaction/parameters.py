"""Pairs of queries and forms, addresses, and JSON pointers: taken apart, and put together as they were."""

from collections.abc import Callable

__all__ = ["is_form", "media_type", "replace_in_address", "replace_pairs"]

FORM = "application/x-www-form-urlencoded"


def replace_pairs(pairs: str, replacement: Callable[[str], str]) -> str:
    """A query or a form, each ``name=value`` of which is replaced."""
    return "&".join(map(replacement, pairs.split("&")))


def replace_in_address(address: str, place: Callable[[str], str], pairs: Callable[[str], str]) -> str:
    """An absolute or relative URL: its place is replaced, and the pairs of its query and of its fragment."""
    before, hash_sign, fragment = address.partition("#")
    path, question_mark, query = before.partition("?")
    return f"{place(path)}{question_mark}{pairs(query)}{hash_sign}{pairs(fragment)}"


def media_type(content_type: str | None) -> str:
    """The media type of a Content-Type header, in lower case; empty where there is none."""
    return (content_type or "").partition(";")[0].strip().lower()


def is_form(content_type: str | None) -> bool:
    """Whether a body of this Content-Type is a form."""
    return media_type(content_type) == FORM
