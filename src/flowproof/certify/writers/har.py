"""The evidence as an HTTP Archive."""

import json

from msgspec import to_builtins

from flowproof.certify.events import Exchanged
from flowproof.certify.report import CertificationReport
from flowproof.har import har

__all__ = ["archive"]


def archive(report: CertificationReport) -> bytes:
    """The file `exchanges.har`."""
    made = har(map(_entry, report.exchanges), creator_version=report.suite.version)
    return json.dumps(made, indent=1, ensure_ascii=False).encode() + b"\n"


def _entry(exchange: Exchanged) -> dict[str, object]:
    entry: dict[str, object] = to_builtins(exchange)
    del entry["event"]
    entry["started_at"] = exchange.at.isoformat(timespec="microseconds")
    del entry["at"]
    return entry
