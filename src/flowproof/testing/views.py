"""
What a search has found as a report of certify's, so that JUnit, SARIF, JSON and the page are certify's own.

A test of that report is an operation, or an event, with one thing that goes wrong with it: PASS where the client
survived it, FAIL in the weather that it did not survive, SKIP where it was not tried. Its requirements are what has to
hold after every run, and the obligations that the simplest run broke.
"""

import platform
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Any
from uuid import uuid4

from flowproof.certify import CertificationReport, build_report
from flowproof.certify.criteria import digest, read_report_inputs
from flowproof.certify.events import (
    Body,
    Event,
    Exchanged,
    FindingRecord,
    Planned,
    Request,
    Response,
    RunFinished,
    RunStarted,
    TargetInfo,
    TestFinished,
    Verdict,
)
from flowproof.certify.report import Coverage, ReportInputs, StatedRequirement
from flowproof.kit import ProviderKit
from flowproof.target.profile import MOCK

from .run import Run
from .search import Survival

__all__ = ["INVARIANTS", "report_of"]

INVARIANTS = {
    "scenario": "The client ends its scenario without an error.",
    "hang": "The client ends within its bounds of time and requests.",
    "lost": "Nothing that the client wants is missing in the end.",
    "twice": "Nothing is there twice in the end.",
    "changed": "Balances are in the end as they are in fair weather.",
    "contract": "The answers keep to the contract.",
}
PREFIX = "weather."
FEATURES = {"fault": "faults", "status": "statuses", "obligation": "obligations"}
NOT_TRIED = "the search ended before it was tried"

Entry = Mapping[str, Any]


def report_of(found: Survival, kit: ProviderKit, began_at: datetime, ended_at: datetime) -> CertificationReport:
    """
    The report of a search.

    Args:
        found: What was found.
        kit: Of the provider.
        began_at: When the search began, aware.
        ended_at: When it ended.
    """
    folder = kit.contract_folder()
    versions = {"python": platform.python_version(), **{each: version(each) for each in ("flowproof", "hypothesis")}}
    started = RunStarted(
        run=uuid4().hex,
        at=began_at,
        provider=kit.slug,
        target=TargetInfo(MOCK, "mock", ""),
        suite_version=versions["flowproof"],
        suite_digest=digest(folder),
        versions=versions,
        selection=f"a client in {found.runs} weathers, seed {found.seed}",
        controlled=True,
    )
    events = [started, *_events(found, ended_at), RunFinished(ended_at)]
    return build_report(events, _inputs(found, kit, started))


def _events(found: Survival, ended_at: datetime) -> Iterator[Event]:
    pairs = sorted({*found.tried, *found.untried, *_pairs_of(found.run)})
    broken = _pairs_of(found.run) if found.run is not None else frozenset()
    for operation, kind in pairs:
        name = f"weather/{operation}::{kind}"
        run = found.run if (operation, kind) in broken else found.examples.get((operation, kind))
        yield Planned(name, f"The client survives {kind} of {operation}.", tuple(map(_id, INVARIANTS)), False)
        entries = list(_shown(run, operation)) if run is not None else []
        yield from (_exchanged(each, name) for each in entries)
        verdict, why = _verdict(found, run)
        violated = tuple(_id(each.what) for each in found.breaches) if verdict == "FAIL" else ()
        yield TestFinished(name, ended_at, 0.0, verdict, why, exchanges=len(entries), violated=violated)


def _verdict(found: Survival, run: Run | None) -> tuple[Verdict, str]:
    if run is None:
        return "SKIP", NOT_TRIED
    if run is found.run:
        return "FAIL", f"{'; '.join(each.text for each in found.breaches)} The weather: {run.weather.plan}"
    return "PASS", ""


def _pairs_of(run: Run | None) -> frozenset[tuple[str, str]]:
    """Operation and kind of each thing that goes wrong in a run's weather; without any, of its first call."""
    if run is None:
        return frozenset()
    faults = {(str(each.get("operation", "any")), str(each["fault"])) for each in run.weather.faults}
    webhooks = {("any", name) for name in run.weather.webhooks}
    return frozenset(faults | webhooks) or frozenset({("any", "clock or account")})


def _shown(run: Run, operation: str) -> Iterator[Entry]:
    """The exchanges of a run that a fault of the operation hit, else its first one."""
    requests = [each for each in run.entries if each["direction"] == "in"]
    hit = [each for each in requests if each["operation"] == operation and each["faults"]]
    yield from (hit or requests)[:1]


def _exchanged(entry: Entry, test: str) -> Exchanged:
    request, response = entry["request"], entry["response"]
    return Exchanged(
        id=f"{test} {entry['id']}",
        test=test,
        at=datetime.fromisoformat(entry["started_at"]),
        duration_ms=float(entry["duration_ms"]),
        operation=entry["operation"],
        request=Request(
            _headers(request), _body(request), request["method"], request["url"], request["path"], request["query"]
        ),
        response=Response(_headers(response), _body(response), response["status"] or 0),
        findings=tuple(FindingRecord(**each) for each in entry["findings"]),
    )


def _headers(message: Entry) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in message["headers"])


def _body(message: Entry) -> Body:
    known = ("size", "text", "base64", "truncated")
    return Body(**{name: each for name, each in message["body"].items() if name in known})


def _inputs(found: Survival, kit: ProviderKit, started: RunStarted) -> ReportInputs:
    of_contract = read_report_inputs(kit.slug, kit.title, kit.contract_folder(), (started,))
    named = {each.what for each in found.breaches}
    own = [
        StatedRequirement(_id(name), text, "the client's own aim", "documented", "client")
        for name, text in INVARIANTS.items()
    ]
    stated = [each for each in of_contract.requirements if each.id in named]
    return ReportInputs(kit.title, of_contract.contract_digest, (*own, *stated), coverage=tuple(_coverage(found)))


def _coverage(found: Survival) -> Iterator[Coverage]:
    """Faults, statuses and obligations that the runs have touched, and those of the same calls that they have not."""
    possible, touched = found.coverage.possible(), found.coverage.touched
    for kind, name in FEATURES.items():
        done = tuple(sorted(" ".join(each[1:]) for each in touched if each[0] == kind))
        missed = tuple(sorted(" ".join(each[1:]) for each in possible - touched if each[0] == kind))
        yield Coverage(name, done, missed)


def _id(what: str) -> str:
    return f"{PREFIX}{what}" if what in INVARIANTS else what
