"""
The failed requirements as GitLab's code quality report, which merge requests show.

Source:
    docs.gitlab.com, "Code Quality", section "Code Quality report format": description, check_name, fingerprint,
    severity, location.path and location.lines.begin.
"""

import json
from typing import Any

from flowproof.certify.report import CertificationReport

from .sarif import results

__all__ = ["code_quality"]

SEVERITIES = {"error": "major", "warning": "minor"}
EXCUSED = "info"


def code_quality(report: CertificationReport) -> bytes:
    """The file `code-quality.json`."""
    return json.dumps([_entry(each) for each in results(report)], indent=1, ensure_ascii=False).encode() + b"\n"


def _entry(result: dict[str, Any]) -> dict[str, Any]:
    """An entry of a SARIF result; one that a deviation covers is a note."""
    place = result["locations"][0]["physicalLocation"]
    return {
        "description": result["message"]["text"],
        "check_name": result["ruleId"],
        "fingerprint": result["partialFingerprints"]["primaryLocationLineHash"],
        "severity": EXCUSED if "suppressions" in result else SEVERITIES[result["level"]],
        "location": {
            "path": place["artifactLocation"]["uri"],
            "lines": {"begin": place["region"]["startLine"]},
        },
    }
