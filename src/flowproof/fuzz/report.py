"""
What a run has found, as the events that certify's report is made of, so that every view of it is certify's own.

A test of that report is an operation with a kind of requests; its requirements are the rules of `judging.py`. What the
contract names a requirement for is shown under that one.
"""

import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any
from uuid import uuid4

from flowproof.certify import CertificationReport, Redactor, body_of, build_report, secrets_of
from flowproof.certify.criteria import digest, read_report_inputs
from flowproof.certify.events import (
    Event,
    Exchanged,
    FindingRecord,
    Planned,
    Request,
    Response,
    RunFinished,
    RunStarted,
    TestFinished,
    Verdict,
)
from flowproof.certify.report import Coverage, KnownDeviation, ReportInputs, StatedRequirement
from flowproof.conformance import Contract, check
from flowproof.conformance.coverage import items
from flowproof.curl import curl
from flowproof.kit import ProviderKit

from .judging import REFUSED, RULES, SERVER_ERROR
from .tallies import Done, Finding, Fuzzing, Tally
from .targets import Received, Target

__all__ = ["ShownFinding", "report_of", "shown_findings"]

TITLES = {
    "documented": "Requests as the documents show them",
    "valid": "Requests that the contract allows",
    "near": "Requests with one change",
    "invalid": "Requests that the contract does not allow",
}
COVERED = ("operations", "statuses")
REFUSALS = ("400", "422", "4XX")


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """
    A finding for people.

    Args:
        finding: The finding.
        curl: Its last request as a command, without secrets.
        case: The whole sequence as a case.
    """

    finding: Finding
    curl: str
    case: Mapping[str, Any]


def shown_findings(found: Fuzzing, contract: Contract) -> tuple[ShownFinding, ...]:
    """The findings of a run, each as a command and as a case."""
    return tuple(
        ShownFinding(each, _curl(each, contract), _case(each, number, found.seed, contract))
        for number, each in enumerate(found.findings, start=1)
    )


def report_of(
    found: Fuzzing, target: Target, events: list[Event], kit: ProviderKit, contract: Contract
) -> CertificationReport:
    """
    The report of a run.

    Args:
        found: What was done and found.
        target: Of the run.
        events: What else has happened there.
        kit: Of the provider.
        contract: Of the provider.
    """
    events = [
        _started(found, target, kit),
        *(event for tally in found.tallies for event in _events(tally, found, contract)),
        *events,
        RunFinished(found.ended_at, coverage={"answers": _answers(found)}),
    ]
    return build_report(events, _inputs(found, target, kit, contract, events[0]))


def _started(found: Fuzzing, target: Target, kit: ProviderKit) -> RunStarted:
    folder = kit.contract_folder()
    versions = {"python": platform.python_version()}
    versions |= {name: version(name) for name in ("flowproof", "hypothesis", "requests", "schemathesis")}
    return Redactor(secrets_of(target.site)).event(  # type: ignore[return-value]  # (of the same class)
        RunStarted(
            run=uuid4().hex,
            at=found.began_at,
            provider=kit.slug,
            target=target.info,
            suite_version=versions["flowproof"],
            suite_digest=digest(folder),
            versions=versions,
            permissions=target.permission.sentences(),
            selection=f"fuzzed with seed {found.seed}",
            controlled=target.is_fresh,
            connection=target.connection,
        )
    )


def _events(tally: Tally, found: Fuzzing, contract: Contract) -> Iterator[Event]:
    name = _test(tally)
    yield Planned(name, f"{TITLES[tally.kind]} to {tally.operation} are answered as they should be.", (*RULES,), False)
    number = 0
    for done in (tally.example, *(each for finding in tally.findings for each in finding.done)):
        if done is not None and done.received is not None:
            number += 1
            yield _exchanged(done.received, name, number, contract)
    verdict, why = _verdict(tally)
    details = "\n\n".join(f"{each.fault.text}\n{_curl(each, contract)}" for each in tally.findings)
    violated = tuple(dict.fromkeys(each.fault.rule for each in tally.findings))
    yield TestFinished(name, found.ended_at, 0.0, verdict, why, details, tally.requests, violated)


def _verdict(tally: Tally) -> tuple[Verdict, str]:
    if tally.findings:
        return "FAIL", "; ".join(f"{each.operation}: {each.fault.text}" for each in tally.findings)
    if tally.broken:
        return "ERROR", tally.broken
    if tally.example is not None:
        return "PASS", ""
    return ("OMIT", tally.omitted) if tally.omitted else ("SKIP", "the budget ended before, or none could be drawn")


def _exchanged(received: Received, test: str, number: int, contract: Contract) -> Exchanged:
    exchange, redactor = received.exchange, Redactor(secrets_of(received.site))
    match = contract.operations.find(exchange.method, exchange.path)
    event = Exchanged(
        id=f"x-{test}-{number}",
        test=test,
        at=received.at,
        duration_ms=received.duration_ms,
        operation=match.operation.id if match else None,
        request=Request(
            exchange.request_headers,
            body_of(exchange.request_body),
            exchange.method,
            received.url,
            exchange.path,
            exchange.query,
        ),
        response=Response(exchange.response_headers, body_of(exchange.response_body), exchange.status),
        findings=tuple(
            FindingRecord(each.where, each.pointer, each.expected, each.got, each.requirement, each.keyword)
            for each in check(contract, exchange)
        ),
    )
    return redactor.event(event)  # type: ignore[return-value]  # (of the same class)


def _inputs(found: Fuzzing, target: Target, kit: ProviderKit, contract: Contract, started: Event) -> ReportInputs:
    folder = kit.contract_folder()
    named = {each.fault.rule for each in found.findings}
    of_contract = read_report_inputs(kit.slug, kit.title, folder, (started,))
    stated = [each for each in of_contract.requirements if each.id in named]
    rules = [StatedRequirement(name, text, source, "documented", "provider") for name, (text, source) in RULES.items()]
    deviations = tuple(
        KnownDeviation(each.requirement, each.owner, each.reason, each.expires)
        for each in target.deviations
        if each.requirement in named
    )
    return ReportInputs(
        kit.title,
        of_contract.contract_digest,
        (*rules, *stated),
        deviations,
        coverage=tuple(_coverage(contract, found)),
    )


def _coverage(contract: Contract, found: Fuzzing) -> Iterator[Coverage]:
    known = tuple(items(contract, {"answers": _answers(found)}))
    for kind in COVERED:
        of_kind = [each for each in known if each.kind == kind]
        exercised = tuple(each.name for each in of_kind if each.tests)
        yield Coverage(kind, exercised, tuple(each.name for each in of_kind if not each.tests))


def _answers(found: Fuzzing) -> dict[str, list[str]]:
    answers: dict[str, list[str]] = {}
    for tally in found.tallies:
        for status in sorted(tally.answers):
            answers.setdefault(f"{tally.operation} {status}", []).append(_test(tally))
    return answers


def _test(tally: Tally) -> str:
    return f"fuzz/{tally.operation}::{tally.kind}"


def _curl(finding: Finding, contract: Contract) -> str:
    """The last request that was answered, as a command; its secrets are variables of the shell."""
    received = next((each.received for each in reversed(finding.done) if each.received is not None), None)
    if received is None:
        return ""
    request = _exchanged(received, "", 0, contract).request
    text = None if request.body.truncated else request.body.text
    return curl(request.method, request.url, request.headers, text=text, has_body=request.body.size > 0)


def _case(finding: Finding, number: int, seed: int, contract: Contract) -> Mapping[str, Any]:
    """The sequence as a case, whose last step expects what would have been right."""
    known = finding.fault.rule in contract.requirements
    first = next((each.received.at for each in finding.done if each.received), datetime.now(UTC))
    site = next((each.received.site for each in finding.done if each.received), None)
    name = f"{finding.operation}_{number}".lower()
    case = {
        "id": "".join(each if each.isalnum() and each.isascii() else "_" for each in name),
        "title": finding.fault.text.rstrip("."),
        "standing": "recorded",
        "source": f"flowproof fuzz, seed {seed}",
        "requirements": [finding.fault.rule] if known else [],
        "clock": f"{first.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z",
        "steps": [
            {
                "request": _request(each),
                "expect": {"status": _expected(each, finding, contract, is_last=each is finding.done[-1])},
                **({"save": dict(each.step.save)} if each.step.save else {}),
                **({"advance_s": each.step.waits_s} if each.step.waits_s else {}),
            }
            for each in finding.done
        ],
    }
    return _redacted(case, Redactor(secrets_of(site)).text) if site else case


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """A JSON value whose texts have no secret."""
    if isinstance(value, Mapping):
        return {name: _redacted(each, redact) for name, each in value.items()}
    if isinstance(value, list):
        return [_redacted(each, redact) for each in value]
    return redact(value) if isinstance(value, str) else value


def _request(done: Done) -> Mapping[str, Any]:
    request = done.step.request
    return {name: each for name, each in request.items() if name not in ("query", "headers") or each}


def _expected(done: Done, finding: Finding, contract: Contract, *, is_last: bool) -> int:
    """The status that would have been right: a refusal of what is invalid, else the documented success."""
    answered = done.received.exchange.status if done.received else 0
    fault_of_status = finding.fault.kind[0] in (REFUSED, SERVER_ERROR)
    if not is_last or (answered and not fault_of_status):
        return answered
    operation = contract.operations.by_id(finding.operation)
    documented = tuple(operation.responses) if operation else ()
    refusal = next((each for each in REFUSALS if each in documented), "400")
    if finding.fault.kind[0] == REFUSED or done.step.kind in ("near", "invalid"):
        return int(refusal.replace("XX", "00"))
    return int(next((each for each in documented if each.startswith("2") and each.isdecimal()), "200"))
