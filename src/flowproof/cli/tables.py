"""Plain text tables, readable without colour. Knows nothing of what they show."""

import json
import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import click

__all__ = ["bullets", "heading", "json_text", "rows", "table", "visible"]

GAP = "  "
NARROW, WIDE = 60, 120


def table(head: Sequence[str], body: Iterable[Sequence[object]]) -> str:
    """Columns as wide as their widest cell, the head in bold on a terminal."""
    cells = [[visible(str(cell)) for cell in row] for row in body]
    widths = [max(len(line[column]) for line in [list(head), *cells]) for column in range(len(head))]
    return "\n".join([heading(_row(head, widths)), *(_row(each, widths) for each in cells)])


def rows(pairs: Iterable[tuple[str, object]]) -> str:
    """A name and its value on each line, long values wrapped below themselves."""
    known = [(name, str(value)) for name, value in pairs]
    wide = max((len(name) for name, _ in known), default=0)
    return "\n".join(_pair(name, value, wide) for name, value in known)


def bullets(sentences: Iterable[str]) -> str:
    """A list of sentences."""
    return "\n".join(
        textwrap.fill(
            visible(each),
            _width(),
            initial_indent="- ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for each in sentences
    )


def heading(text: str) -> str:
    """Bold on a terminal."""
    return click.style(text, bold=True)


def json_text(value: Any) -> str:
    """JSON for people and programs."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def visible(text: str) -> str:
    """The text with every control character escaped: what a client sent must not steer a terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _pair(name: str, value: str, wide: int) -> str:
    indent = " " * (wide + len(GAP))
    lines = textwrap.wrap(visible(value), _width() - len(indent), break_long_words=False, break_on_hyphens=False) or [
        ""
    ]
    return f"\n{indent}".join([f"{name:<{wide}}{GAP}{lines[0]}", *lines[1:]]).rstrip()


def _width() -> int:
    return max(NARROW, min(WIDE, shutil.get_terminal_size((WIDE, 24)).columns))
