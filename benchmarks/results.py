"""Tables and plots of what was measured, with the versions that it was measured on, in benchmarks/results/."""

import json
import os
import platform
import sqlite3
import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import matplotlib as mpl

from .loader import Measured

__all__ = ["FIGURES", "bars", "median", "medians", "panels", "spread", "table", "write"]

RESULTS = Path(__file__).parent / "results"
FIGURES = ("requests/s", "spread", "p50 ms", "p99 ms", "failed")
LIBRARIES = ("flask", "werkzeug", "uvicorn", "uvloop", "httptools", "jsonschema-rs", "orjson")
INK, PAPER, GRID, OURS, OTHERS = "#1b1f24", "#ffffff", "#d8dee4", "#0b6e4f", "#8c959f"

mpl.use("svg")
mpl.rcParams.update({"svg.hashsalt": "flowproof", "font.size": 10, "axes.edgecolor": GRID, "text.color": INK})

from matplotlib import pyplot as plt  # noqa: E402 (after its backend was chosen)


def median(rounds: Iterable[Measured], what: str) -> float:
    """The median over rounds of one figure."""
    return float(statistics.median(getattr(each, what) for each in rounds))


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The smallest and the largest."""
    return f"{min(values):.{digits}f}-{max(values):.{digits}f}"


def medians(name: str, rounds: Sequence[Measured]) -> tuple[object, ...]:
    """A row for `FIGURES`: medians, the spread, and how many requests failed in all."""
    return (
        name,
        f"{median(rounds, 'per_s'):.0f}",
        spread([each.per_s for each in rounds]),
        f"{median(rounds, 'p50_ms'):.1f}",
        f"{median(rounds, 'p99_ms'):.1f}",
        sum(each.failed for each in rounds),
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table, its columns aligned for people who read it as text."""
    cells = [list(head), *([str(each) for each in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def write(name: str, title: str, text: str, figures: Mapping[str, Any]) -> None:
    """
    Write ``name``.md and ``name``.json, and print the text.

    Args:
        name: Of the files, without an ending.
        title: Their heading.
        text: Markdown.
        figures: Everything measured, for programs.
    """
    RESULTS.mkdir(exist_ok=True)
    versions = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version} | {
        each: version(each) for each in LIBRARIES
    }
    said = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores shared by server and load generator; " + ", ".join(
        f"{library} {each}" for library, each in versions.items()
    )
    (RESULTS / f"{name}.md").write_text(f"# {title}\n\n{said}.\n\n{text}\n", encoding="utf-8")
    summary = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "cores": os.cpu_count(), "versions": versions, **figures}
    (RESULTS / f"{name}.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(f"\n{text}\n\n{said}")


def bars(name: str, title: str, values: Mapping[str, float], unit: str, ours: Sequence[str]) -> None:
    """A plot of one figure by name, ours in colour, each with its value."""
    figure, axes = plt.subplots(figsize=(8, 0.45 * len(values) + 1.1), layout="constrained")
    names = list(values)[::-1]
    drawn = axes.barh(
        names, [values[each] for each in names], color=[OURS if each in ours else OTHERS for each in names]
    )
    axes.bar_label(drawn, fmt="{:,.4g}", padding=4)
    axes.set_title(title, loc="left")
    axes.set_xlabel(unit)
    axes.margins(x=0.12)
    axes.spines[["top", "right", "left"]].set_visible(False)
    _save(figure, name)


def panels(
    name: str, title: str, across: str, series: Mapping[str, Mapping[int, float]], *, scale: str = "log"
) -> None:
    """How figures change as work grows, each in a panel of its own with its own unit; up begins at nought."""
    figure, below = plt.subplots(
        len(series), 1, figsize=(8, 2.3 * len(series) + 0.6), layout="constrained", sharex=True, squeeze=False
    )
    for axes, (label, points) in zip(below[:, 0], series.items(), strict=True):
        axes.plot(list(points), list(points.values()), marker="o", color=OURS)
        axes.set_xscale(scale)
        axes.set_ylim(0, max(points.values()) * 1.25)
        axes.set_ylabel(label)
        axes.grid(color=GRID)
        axes.spines[["top", "right"]].set_visible(False)
        for size, value in points.items():
            axes.annotate(f"{value:,.4g}", (size, value), textcoords="offset points", xytext=(0, 7), ha="center")
    below[0, 0].set_title(title, loc="left")
    below[-1, 0].set_xlabel(across)
    _save(figure, name)


def _save(figure: Any, name: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / f"{name}.svg", facecolor=PAPER, metadata={"Date": None})
    plt.close(figure)
