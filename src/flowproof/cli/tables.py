"""Plain text tables, lists and paragraphs, within the columns of the terminal. Knows nothing of what they show."""

import json
import re
import textwrap
from collections.abc import Iterable, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import Any

import click

from . import terminal

__all__ = ["bullets", "columns", "heading", "json_text", "paragraph", "rows", "table", "visible", "with_verdicts"]

GAP = "  "
READABLE = 30
"""Columns that the last cell of a line needs at least; with less, cells go onto lines of their own."""

VERDICTS = MappingProxyType({"PASS": "green", "FAIL": "red", "ERROR": "red", "SKIP": "yellow", "OMIT": "cyan"})
LEAD = re.compile(r" *(?:- |\S+(?: \S+)* {2,})?")
"""What stands before a line's text: its indentation, and a bullet or a label."""

VERDICT = re.compile(rf"(?<![\w-])(?:{'|'.join(VERDICTS)})(?![\w-])")


def table(head: Sequence[str], body: Iterable[Sequence[object]]) -> str:
    """
    Columns as wide as their widest cell, the head in bold on a terminal.

    On a terminal no line is longer than it: the last cell is wrapped by words; where too little is left of it, the last
    cells of a row go onto lines of their own, and the names in the head with them.
    """
    cells = [[visible(str(cell)) for cell in row] for row in body]
    widths = [max(len(line[column]) for line in [list(head), *cells]) for column in range(len(head))]
    on_line = _cells_on_a_line(widths) if terminal.is_terminal() else len(widths)
    lines = [_laid_out(row, widths, on_line) for row in cells]
    return "\n".join([heading(_laid_out(head, widths, on_line)), *map(with_verdicts, lines)])


def columns(pairs: Iterable[tuple[str, str]]) -> str:
    """A name and its value on each line, none of them wrapped: addresses and commands can be copied."""
    known = list(pairs)
    wide = max((len(name) for name, _ in known), default=0)
    return "\n".join(f"{name:<{wide}}{GAP}{value}".rstrip() for name, value in known)


def rows(pairs: Iterable[tuple[str, object]]) -> str:
    """A name and its value on each line, long values wrapped below themselves."""
    known = [(name, str(value)) for name, value in pairs]
    wide = max((len(name) for name, _ in known), default=0)
    return "\n".join(_wrapped(visible(value), f"{name:<{wide}}{GAP}", " " * (wide + len(GAP))) for name, value in known)


def bullets(sentences: Iterable[str]) -> str:
    """A list of sentences."""
    return "\n".join(with_verdicts(_wrapped(visible(each), "- ", "  ")) for each in sentences)


def paragraph(text: str) -> str:
    """Lines of text; on a terminal each is wrapped by words, below its indentation or below the value of its label."""
    lines = [visible(line) for line in text.splitlines()]
    if not terminal.is_terminal():
        return "\n".join(lines)
    leads = [found[0] if (found := LEAD.match(line)) else "" for line in lines]
    return "\n".join(
        _wrapped(line[len(lead) :], lead, " " * len(lead)) for line, lead in zip(lines, leads, strict=True)
    )


def heading(text: str) -> str:
    """Bold on a terminal and wrapped by words, a verdict in it in its colour."""
    text = "\n".join(_wrapped(line, "", "") for line in text.split("\n")) if terminal.is_terminal() else text
    found = VERDICT.search(text)
    if found is None:
        return click.style(text, bold=True)
    parts = (text[: found.start()], text[found.end() :])
    before, after = (click.style(part, bold=True) if part else "" for part in parts)
    return f"{before}{click.style(found[0], fg=VERDICTS[found[0]], bold=True)}{after}"


def with_verdicts(text: str) -> str:
    """The text with the verdict at the beginning of a line in its colour."""
    return "\n".join(VERDICT.sub(_coloured, line, count=1) for line in text.split("\n"))


def json_text(value: Any) -> str:
    """JSON for people and programs, with escapes where standard output could not show a character."""
    return json.dumps(value, indent=2, ensure_ascii=not terminal.writes_utf8())


def visible(text: str) -> str:
    """The text with every control character escaped: what a client sent must not steer a terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def _coloured(verdict: re.Match[str]) -> str:
    return click.style(verdict[0], fg=VERDICTS[verdict[0]])


def _cells_on_a_line(widths: Sequence[int]) -> int:
    """How many cells of a row stand beside each other: all of them if the last one has room to be wrapped."""
    most = terminal.width()
    starts = [0, *accumulate(each + len(GAP) for each in widths)]
    if starts[-2] + min(widths[-1], READABLE) <= most:
        return len(widths)
    return max(1, sum(start + width <= most for start, width in zip(starts, widths, strict=False)))


def _laid_out(cells: Sequence[str], widths: Sequence[int], on_line: int) -> str:
    """A row: so many cells side by side, the others below them."""
    first = GAP.join(cell.ljust(width) for cell, width in zip(cells[: on_line - 1], widths, strict=False))
    lead = f"{first}{GAP}" if first else ""
    if not terminal.is_terminal():
        return f"{lead}{cells[on_line - 1]}".rstrip()
    lines = [_wrapped(cells[on_line - 1], lead, " " * len(lead))]
    return "\n".join([*lines, *(_wrapped(cell, GAP, GAP) for cell in cells[on_line:] if cell)])


def _wrapped(text: str, first: str, others: str) -> str:
    """A text behind a lead, wrapped by words; a word that is longer than the line stays whole."""
    if not text:
        return first.rstrip()
    return textwrap.fill(
        text,
        terminal.width(),
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
