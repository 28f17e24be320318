"""Which page a list is asked for, by the usual names of its parameters, and what its answer says about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flowproof.conformance.operations import Operation

__all__ = ["Page", "described_page", "page_of"]

SIZES = ("limit", "perpage", "pagesize", "maxresults", "count", "first", "size", "top", "take", "maxitems")
NUMBERS = ("page", "pagenumber", "pageindex", "pageno")
OFFSETS = ("offset", "skip", "startindex", "startat")
CURSORS = (
    "cursor",
    "after",
    "startingafter",
    "pagetoken",
    "nextpagetoken",
    "next",
    "marker",
    "continuationtoken",
    "nexttoken",
)
TOTALS = ("total", "totalcount", "totalitems", "totalresults", "totalentries", "totalsize", "count", "size")
NEXTS = ("nextcursor", "nextpagetoken", "next", "nextmarker", "nexttoken", "cursor", "continuationtoken", "after")
MORE = ("hasmore", "hasnext", "hasnextpage", "more")
DEFAULT = 20
MOST = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """
    A page.

    Args:
        offset: How many records come before it.
        size: How many it has at most.
    """

    offset: int
    size: int


def page_of(operation: Operation, query: Mapping[str, str], defaults: Mapping[str, Any]) -> Page:
    """
    The page that a request asks for.

    Args:
        operation: The list.
        query: Of the request.
        defaults: Of its parameters, by name.
    """
    named = {_plain(each.name): each.name for each in operation.parameters if each.place == "query"}

    def number(names: tuple[str, ...], otherwise: int) -> int:
        name = next((named[each] for each in names if each in named), "")
        text = str(query.get(name, defaults.get(name, "")))
        return int(text) if text.isascii() and text.isdecimal() else otherwise

    size = min(number(SIZES, DEFAULT), MOST)
    offset = number(OFFSETS, 0) or number(CURSORS, 0) or max(number(NUMBERS, 1) - 1, 0) * size
    is_paged = offset > 0 or any(each in named for each in SIZES)
    return Page(offset, size if is_paged else MOST)


def described_page(answer: Any, page: Page, total: int) -> Any:
    """An answer with the members that speak about its page."""
    if not isinstance(answer, dict):
        return answer
    is_more = page.offset + page.size < total
    made: dict[str, Any] = {}
    for name, value in answer.items():
        plain = _plain(name)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if plain in TOTALS and is_number:
            made[name] = total
        elif plain in MORE and isinstance(value, bool):
            made[name] = is_more
        elif plain in NEXTS and isinstance(value, str):
            made[name] = str(page.offset + page.size) if is_more else ""
        elif plain == "offset" and is_number:
            made[name] = page.offset
        elif plain in ("limit", "perpage", "pagesize") and is_number:
            made[name] = page.size
        elif isinstance(value, dict):
            made[name] = described_page(value, page, total)
        else:
            made[name] = value
    return made


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
