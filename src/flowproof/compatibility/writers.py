"""Changes between two documents as text, JSON, GitHub annotations and SARIF."""

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from flowproof.plurals import counted
from flowproof.workflow_commands import workflow_command

from .changes import Change, Place

__all__ = ["as_github", "as_json", "as_sarif", "as_text"]

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
HEADINGS = {
    "both": "Breaks clients and the provider",
    "clients": "Breaks clients",
    "provider": "Breaks the provider",
    "none": "Compatible",
}
LEVELS = {"both": "error", "clients": "error", "provider": "warning", "none": "note"}
COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def as_text(changes: Sequence[Change], *, everything: bool) -> str:
    """
    Changes for a person, the worst first.

    Args:
        changes: All of them.
        everything: Whether compatible changes are listed, too; they are counted in any case.
    """
    lines = []
    for breaks, heading in HEADINGS.items():
        found = [each for each in changes if each.rule.breaks == breaks]
        if found and (everything or breaks != "none"):
            lines += [f"{heading} ({len(found)})", *(line for each in found for line in _lines(each)), ""]
    lines.append(summary(changes))
    return "\n".join(lines)


def summary(changes: Iterable[Change]) -> str:
    """How many changes there are of each kind."""
    kinds = [each.rule.breaks for each in changes]
    if not kinds:
        return "No changes."
    clients, provider = (sum(kind in {side, "both"} for kind in kinds) for side in ("clients", "provider"))
    compatible = kinds.count("none")
    return (
        f"{counted(len(kinds), 'change')}: {counted(clients, 'breaks', 'break')} clients, "
        f"{counted(provider, 'breaks', 'break')} the provider, {counted(compatible, 'is', 'are')} compatible."
    )


def _lines(change: Change) -> Iterator[str]:
    yield f"  {_operations(change)}{_where(change)}: {change.what}"
    yield f"    {change.rule.text} [{change.rule_id}]"
    yield f"    {_places(change)}"


def _operations(change: Change) -> str:
    if not change.operations:
        return "the document"
    more = len(change.operations) - 1
    return change.operations[0] + (f" and {more} more" if more else "")


def _where(change: Change) -> str:
    return f", {change.where}" if change.where else ""


def _places(change: Change) -> str:
    return " → ".join(str(each) if each else "nothing" for each in (change.old, change.new))


def as_json(changes: Iterable[Change], *, old: str, new: str) -> str:
    """Changes for programs; `old` and `new` are the documents' names."""
    listed = [
        {
            "rule": each.rule_id,
            "breaks": each.rule.breaks,
            "text": each.rule.text,
            "what": each.what,
            "where": each.where,
            "operations": list(each.operations),
            "old": _place(each.old),
            "new": _place(each.new),
        }
        for each in changes
    ]
    return json.dumps({"old": old, "new": new, "changes": listed}, indent=2, ensure_ascii=False)


def _place(place: Place | None) -> dict[str, Any] | None:
    return None if place is None else {"file": place.file, "pointer": place.pointer, "line": place.line}


def as_github(changes: Iterable[Change]) -> str:
    """Changes that break somebody as workflow commands of GitHub Actions."""
    return "\n".join(_command(each) for each in changes if each.rule.breaks != "none")


def _command(change: Change) -> str:
    place = change.new or change.old
    where = {"file": place.file, "line": str(place.line)} if place else {}
    title = f"{HEADINGS[change.rule.breaks]}: {change.rule_id}"
    message = f"{change.rule.text} {_operations(change)}{_where(change)}: {change.what}"
    return workflow_command(COMMANDS[LEVELS[change.rule.breaks]], message, **where, title=title)


def as_sarif(changes: Sequence[Change], *, version: str) -> str:
    """Changes as SARIF 2.1.0; `version` is Flowproof's."""
    rules = {each.rule_id: each.rule for each in changes}
    indices = {rule_id: index for index, rule_id in enumerate(rules)}
    driver = {
        "name": "Flowproof contracts diff",
        "version": version,
        "rules": [{"id": rule.id, "shortDescription": {"text": rule.text}} for rule in rules.values()],
    }
    results = [_result(each, indices[each.rule_id]) for each in changes]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False)


def _result(change: Change, rule_index: int) -> dict[str, Any]:
    identity = "\0".join((change.rule_id, change.what, change.where, *change.operations))
    result: dict[str, Any] = {
        "ruleId": change.rule_id,
        "ruleIndex": rule_index,
        "level": LEVELS[change.rule.breaks],
        "message": {"text": f"{_operations(change)}{_where(change)}: {change.what}. {change.rule.text}"},
        "locations": [_location(each) for each in (change.new or change.old,) if each],
        "partialFingerprints": {"change/v1": sha256(identity.encode()).hexdigest()},
        "properties": {"breaks": change.rule.breaks, "operations": list(change.operations)},
    }
    if change.new and change.old:
        result["relatedLocations"] = [_location(change.old)]
    return result


def _location(place: Place) -> dict[str, Any]:
    uri = place.file.replace("\\", "/").replace(" ", "%20")
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": place.line}}}
