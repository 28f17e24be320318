"""What an archive of ours says beside HAR, under `_flowproof`: faults, refusals, control calls, credentials."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .exchanges import Accounts, ControlCall

__all__ = [
    "accounts_of",
    "control_call",
    "is_answered",
    "is_control",
    "is_ours",
    "is_real_time",
    "refused_for",
    "unfit",
]

LOSES_THE_ANSWER = frozenset({"reset", "truncated_body", "malformed_json"})  # (docs/faults.md)
WORKSPACES = "/_flowproof/workspaces/"


def is_ours(entry: Mapping[str, Any]) -> bool:
    return isinstance(entry.get("_flowproof"), Mapping)


def is_control(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is of the control API, by which somebody has set up the mock."""
    return is_ours(entry) and entry["_flowproof"].get("direction") == "control"


def control_call(entry: Mapping[str, Any], at: datetime | None) -> ControlCall:
    """An entry of the control API, and when that was on the clock of the workspace."""
    request, content = entry["request"], entry["response"].get("content") or {}
    _, _, below = str(request["url"]).partition(WORKSPACES)
    path = below.partition("/")[2]
    posted = request.get("postData") or {}
    return ControlCall(str(request["method"]), path, _json(posted.get("text")), _json(content.get("text")), at)


def _json(text: Any) -> Any:
    return json.loads(text) if text else None


def unfit(entry: Mapping[str, Any], *, has_control: bool) -> str | None:
    """
    Why an entry of ours cannot be sent again; None where it can.

    Args:
        entry: Of whatever program.
        has_control: The archive has the control calls, too, and so the fault plans.
    """
    own = entry.get("_flowproof")
    if not isinstance(own, Mapping):
        return None
    if own.get("direction") == "out":
        return "webhooks, which the provider sends"
    if own.get("faults") and not has_control:
        return "exchanges that a fault plan hit"
    return None


def refused_for(entry: Mapping[str, Any]) -> frozenset[str]:
    """Headers, in lower case, that are the reason why a mock of ours refused a request."""
    findings: Sequence[Mapping[str, Any]] = entry["_flowproof"].get("findings") or () if is_ours(entry) else ()
    named = (each for each in findings if each.get("where") == "request.headers")
    return frozenset(str(each.get("pointer")).strip("/").lower() for each in named)


def is_answered(entry: Mapping[str, Any]) -> bool:
    """Whether the client got the response as it is recorded."""
    faults = entry["_flowproof"].get("faults") or () if is_ours(entry) else ()
    return LOSES_THE_ANSWER.isdisjoint(each.get("fault") for each in faults)


def is_real_time(entry: Mapping[str, Any]) -> bool:
    """Whether an exchange happened on a clock that nobody has set."""
    return not is_ours(entry) or entry["_flowproof"].get("clock", "real") == "real"


def accounts_of(log: Mapping[str, Any]) -> Accounts:
    """The credentials of the recorded clients, as far as the archive has them."""
    own = log.get("_flowproof")
    accounts: Accounts = own.get("accounts", {}) if isinstance(own, Mapping) else {}
    return accounts
