"""
The failed requirements as SARIF 2.1.0: requirements are rules, failed tests are results.

Source:
    Static Analysis Results Interchange Format (SARIF) Version 2.1.0, OASIS Standard.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from flowproof.certify.events import Body, Exchanged, Message
from flowproof.certify.report import CertificationReport, DeviationResult, RequirementResult, TestResult

__all__ = ["sarif"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
HOME = "https://flowproof.example/"


def sarif(report: CertificationReport) -> bytes:
    """The file `report.sarif`."""
    run = {
        "tool": {
            "driver": {
                "name": "Flowproof",
                "version": report.suite.version,
                "informationUri": HOME,
                "rules": [_rule(each, report.provider) for each in report.requirements],
            }
        },
        "automationDetails": {"id": f"flowproof/{report.provider}/{report.target.kind}/{report.run.id}"},
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"ROOT": {"description": {"text": "The folder in which Flowproof's contracts stand."}}},
        "results": list(_results(report)),
        "properties": {
            "verdict": report.verdict,
            "target": report.target.name,
            "targetKind": report.target.kind,
            "targetUrl": report.target.url,
        },
    }
    whole = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(whole, indent=1, ensure_ascii=False).encode() + b"\n"


def _rule(requirement: RequirementResult, provider: str) -> dict[str, Any]:
    source = f"Source: {requirement.source} ({requirement.standing}; obliges {requirement.obliges})."
    note = f" {requirement.note}" if requirement.note else ""
    return {
        "id": requirement.id,
        "shortDescription": {"text": requirement.text},
        "help": {"text": f"{source}{note}"},
        "defaultConfiguration": {"level": "error" if requirement.mandatory else "warning"},
        "properties": {
            "tags": [provider, requirement.standing, requirement.obliges],
            "verdict": requirement.verdict,
            "mandatory": requirement.mandatory,
        },
    }


def _results(report: CertificationReport) -> Iterator[dict[str, Any]]:
    tests = {each.test: each for each in report.tests}
    evidence = {each.id: each for each in report.exchanges}
    deviations = {each.requirement: each for each in report.deviations if each.state == "covers"}
    for index, requirement in enumerate(report.requirements):
        for name in requirement.tests:
            if tests[name].fails(requirement.id):
                shown = _best_evidence(tests[name], requirement.id, evidence)
                yield _result(report, index, tests[name], shown, deviations.get(requirement.id))


def _best_evidence(test: TestResult, requirement: str, evidence: Mapping[str, Exchanged]) -> Exchanged | None:
    """An exchange with a finding of the requirement, else with any finding, else the last one."""
    kept = [evidence[each] for each in test.evidence]
    cited = [each for each in kept if any(found.requirement == requirement for found in each.findings)]
    found = [each for each in kept if each.findings]
    return next(iter((*cited, *found, *reversed(kept))), None)


def _result(
    report: CertificationReport,
    index: int,
    test: TestResult,
    shown: Exchanged | None,
    deviation: DeviationResult | None,
) -> dict[str, Any]:
    requirement = report.requirements[index]
    fingerprint = _fingerprint(report.provider, requirement.id, test.test)
    result: dict[str, Any] = {
        "ruleId": requirement.id,
        "ruleIndex": index,
        "kind": "fail",
        "level": "error" if requirement.mandatory else "warning",
        "message": {"text": f"{requirement.text} {test.why}".strip()},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": f"contracts/{report.provider}/requirements.toml",
                        "uriBaseId": "ROOT",
                    },
                    "region": {"startLine": max(1, requirement.line)},
                },
                "logicalLocations": [{"fullyQualifiedName": test.test, "kind": "function"}],
            }
        ],
        "fingerprints": {"requirementAndTest/v1": fingerprint},
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
    }
    if shown is not None:
        result["webRequest"], result["webResponse"] = _request(shown), _response(shown)
    if deviation is not None:
        why = f"{deviation.reason} ({deviation.owner}, to {deviation.expires})"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return result


def _fingerprint(*parts: str) -> str:
    """What tells a result from others and stays from run to run. GitHub reads `primaryLocationLineHash` alone."""
    return sha256("\0".join(parts).encode()).hexdigest()


def _request(exchange: Exchanged) -> dict[str, Any]:
    request = exchange.request
    return {"protocol": "HTTP", "method": request.method, "target": request.url, **_message(request)}


def _response(exchange: Exchanged) -> dict[str, Any]:
    return {"protocol": "HTTP", "statusCode": exchange.response.status, **_message(exchange.response)}


def _message(message: Message) -> dict[str, Any]:
    return {"headers": dict(message.headers), "body": _body(message.body)}


def _body(body: Body) -> dict[str, str]:
    return {"binary": body.base64} if body.base64 is not None else {"text": body.text or ""}


def _invocation(report: CertificationReport) -> dict[str, Any]:
    broken = [each for each in report.tests if each.verdict == "ERROR"]
    return {
        "executionSuccessful": report.run.complete and not broken,
        "startTimeUtc": _utc(report.run.started_at),
        "endTimeUtc": _utc(report.run.ended_at),
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": f"{each.test}: {each.why}"}} for each in broken
        ],
    }


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
