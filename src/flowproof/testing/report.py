"""What a search has found, for people: the weather, what broke, what happened, and a test that replays it."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from flowproof.plurals import counted

from .run import Run
from .search import Survival
from .weather import Weather

__all__ = ["finding_text", "json_report", "regression_test", "timeline", "tried_text"]

MOST_LINES = 40


def finding_text(found: Survival, test: str, *, paste: str) -> str:
    """
    A finding as a text.

    Args:
        found: With a run that broke something.
        test: What was run, as people know it.
        paste: What replays the finding, for a reader to paste.
    """
    if found.run is None:
        return f"{test} survived: {tried_text(found)}"
    weather = found.run.weather
    commands = list(weather.commands())
    parts = [
        f"{test} does not survive this weather of {found.provider}:",
        _indented(json.dumps(weather.plan, indent=2)),
        "Broken:",
        *(_indented(str(each)) for each in found.breaches),
        "What happened:",
        *map(_indented, timeline(found.run)),
        *(["To set it in a workspace of a running server:", *map(_indented, commands)] if commands else []),
        "To replay it:",
        _indented(paste),
        f"Tried: {tried_text(found)}",
    ]
    return "\n".join(parts)


def regression_test(name: str, provider: str, weather: Weather, fixtures: tuple[str, ...]) -> str:
    """A test that replays exactly this weather, where a test of that name is in scope."""
    arguments = ", ".join(fixtures)
    return "\n".join(
        [
            f"@survives({provider!r}, weather={weather!r})",
            f"def {name}_in_this_weather({arguments}):",
            f"    {name}.scenario({arguments})",
        ]
    )


def timeline(run: Run) -> Iterator[str]:
    """Each exchange and delivery in one line, with its moment on the workspace's clock and the faults that hit it."""
    for each in run.entries[:MOST_LINES]:
        yield _line(each, run.began_at)
    if len(run.entries) > MOST_LINES:
        yield f"and {len(run.entries) - MOST_LINES} more"
    if not run.entries:
        yield "nothing was sent"


def tried_text(found: Survival) -> str:
    """How much was tried, and what was not."""
    possible, touched = found.coverage.possible(), found.coverage.touched
    counts = (
        f"{sum(each[0] == kind for each in possible & touched)} of {sum(each[0] == kind for each in possible)} {names}"
        for kind, names in (("fault", "pairs of operation and fault"), ("obligation", "obligations"))
    )
    runs = f"{counted(found.runs, 'run')} with seed {found.seed}, {', '.join(counts)}"
    left = ", ".join(f"{operation} {kind}" for operation, kind in sorted(found.untried))
    return f"{runs}; not tried: {left}" if left else f"{runs}; none left out"


def json_report(found: Survival) -> Mapping[str, Any]:
    """The same for programs."""
    report: dict[str, Any] = {
        "provider": found.provider,
        "survived": found.survived,
        "seed": found.seed,
        "runs": found.runs,
        "tried": [{"operation": operation, "fault": kind} for operation, kind in sorted(found.tried)],
        "untried": [{"operation": operation, "fault": kind} for operation, kind in sorted(found.untried)],
        "statuses": _listed(found, "status"),
        "obligations": _listed(found, "obligation"),
    }
    if found.run is not None:
        report["weather"] = found.run.weather.plan
        report["broken"] = [
            {"what": each.what, "text": each.text, "required": each.required} for each in found.breaches
        ]
        report["exchanges"] = list(timeline(found.run))
    return report


def _listed(found: Survival, kind: str) -> Mapping[str, list[str]]:
    """What the runs have touched of a kind, and what they could have touched beside it."""
    possible, touched = found.coverage.possible(), found.coverage.touched
    return {
        "touched": sorted(" ".join(each[1:]) for each in touched if each[0] == kind),
        "untouched": sorted(" ".join(each[1:]) for each in possible - touched if each[0] == kind),
    }


def _line(entry: Mapping[str, Any], began_at: datetime) -> str:
    at_s = max(0.0, round((datetime.fromisoformat(entry["started_at"]) - began_at).total_seconds(), 2))
    way = "→" if entry["direction"] == "in" else "← webhook"
    if entry["direction"] == "in":
        faults = ", ".join(f"{plan['id']} {plan['fault']}" for plan in entry["faults"])
    else:
        faults = ", ".join(f"{name}={value}" for plan in entry["faults"] for name, value in plan.items())
    request, status = entry["request"], entry["response"]["status"] or "no answer"
    name = entry["operation"] or "no operation"
    return f"+{at_s:g} s {way} {name} {request['method']} {request['path']}: {status}" + (
        f" ({faults})" if faults else ""
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
