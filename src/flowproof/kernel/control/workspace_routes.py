"""The control API's operations on one workspace: clock, faults, journal, snapshot, seed data."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint

from flowproof import __version__
from flowproof.errors import ConfigurationError
from flowproof.har import har
from flowproof.kernel.faults.reading import plans_from_json
from flowproof.kernel.state.rows import SEED
from flowproof.kernel.time.clock import Clock
from flowproof.kernel.workspaces import DEFAULT, Workspace

from .context import control_ctx
from .event_stream import EventStream
from .routes import shown_workspace

__all__ = ["workspace_routes"]

workspace_routes = Blueprint("workspace", __name__)

LONGEST_NUMBER = 16  # digits

Reply = tuple[str, int]
GONE: Reply = ("", 204)


@workspace_routes.get("")
def get_workspace(workspace: str) -> dict[str, Any]:
    """A workspace with its base URLs and credentials."""
    return shown_workspace(control_ctx.workspace(workspace))


@workspace_routes.delete("")
def delete_workspace(workspace: str) -> Reply:
    if workspace == DEFAULT:
        raise ConfigurationError("The default workspace cannot be deleted.", "Reset it instead.")
    control_ctx.mock.workspaces.delete(control_ctx.workspace(workspace).id)
    return GONE


@workspace_routes.post("/reset")
def reset_workspace(workspace: str) -> dict[str, Any]:
    """As new, with the same credentials."""
    return shown_workspace(control_ctx.mock.workspaces.reset(control_ctx.workspace(workspace)))


@workspace_routes.get("/clock")
def get_clock(workspace: str) -> dict[str, Any]:
    return control_ctx.workspace(workspace).clock.to_json()


@workspace_routes.put("/clock")
def set_clock(workspace: str) -> dict[str, Any]:
    """Choose the kind of clock and its time."""
    before = control_ctx.workspace(workspace)
    return _set_clock(before, Clock.from_json({"mode": before.clock.mode, **control_ctx.json}))


@workspace_routes.post("/clock/advance")
def advance_clock(workspace: str) -> dict[str, Any]:
    """Move the clock on."""
    before = control_ctx.workspace(workspace)
    return _set_clock(before, before.clock.advance(control_ctx.json["seconds"]))


def _set_clock(workspace: Workspace, clock: Clock) -> dict[str, Any]:
    return control_ctx.mock.workspaces.set_clock(workspace, clock).clock.to_json()


@workspace_routes.get("/faults")
def get_faults(workspace: str) -> dict[str, Any]:
    return _shown_faults(control_ctx.workspace(workspace))


@workspace_routes.put("/faults")
def set_faults(workspace: str) -> dict[str, Any]:
    """Replace all fault plans."""
    plans = plans_from_json(_expanded(control_ctx.json))
    changed = replace(control_ctx.workspace(workspace), faults=plans)
    control_ctx.mock.workspaces.save(changed)
    return _shown_faults(changed)


@workspace_routes.delete("/faults")
def clear_faults(workspace: str) -> Reply:
    control_ctx.mock.workspaces.save(replace(control_ctx.workspace(workspace), faults=()))
    return GONE


def _expanded(plans: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Plans with each named one replaced by what it stands for; other keys beside the name change those plans."""
    named = _named()
    expanded: list[Mapping[str, Any]] = []
    for plan in plans:
        if "named" not in plan:
            expanded.append(plan)
            continue
        if plan["named"] not in named:
            raise ConfigurationError(f"No fault plan is named {plan['named']!r}.", f"There are: {', '.join(named)}.")
        changes = {key: value for key, value in plan.items() if key != "named"}
        chosen = [{**each, **changes} for each in named[plan["named"]]]
        if len(chosen) > 1:
            chosen = [{**each, "id": f"{each['id']}-{index}"} for index, each in enumerate(chosen, start=1)]
        expanded += chosen
    return expanded


def _named() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    return {
        f"{slug}.{name}": [{"id": f"{slug}.{name}", "provider": slug, **plan} for plan in plans]
        for slug, app in control_ctx.mock.apps.items()
        for name, plans in app.provider.fault_plans.items()
    }


def _shown_faults(workspace: Workspace) -> dict[str, Any]:
    return {"faults": [plan.to_json() for plan in workspace.faults], "named": sorted(_named())}


@workspace_routes.get("/journal")
def get_journal(workspace: str) -> dict[str, Any]:
    """The last exchanges, all or those that were refused."""
    journal = control_ctx.mock.journal
    after, limit = control_ctx.number("after", 0), control_ctx.number("limit", journal.keep)
    refused_only = control_ctx.flag("refused")
    chosen = control_ctx.workspace(workspace)
    entries = journal.entries(chosen.id, after=after, limit=limit, refused_only=refused_only)
    return {"exchanges": entries, "kept": journal.keep}


@workspace_routes.post("/journal/verification")
def verify_journal(workspace: str) -> dict[str, Any]:
    """Whether the journal holds the calls that are expected; where not, with the nearest exchanges."""
    from flowproof.expectation import failures  # noqa: PLC0415 (no start needs it)

    mock, chosen = control_ctx.mock, control_ctx.workspace(workspace)
    known = [each.id for app in mock.apps.values() for each in app.contract.operations.all]
    found = failures(mock.journal.entries(chosen.id), control_ctx.json, known)
    shown = [{"what": each.what, "nearest": list(each.nearest)} for each in found]
    return {"met": not shown, "failures": shown}


@workspace_routes.delete("/journal")
def clear_journal(workspace: str) -> Reply:
    control_ctx.mock.journal.clear(control_ctx.workspace(workspace).id)
    return GONE


@workspace_routes.get("/events")  # type: ignore[type-var]  # (our own Flask subclass takes the events)
def watch(workspace: str) -> EventStream:
    """What happens in the workspace, as server-sent events. A browser that comes again says where it was."""
    chosen, last = control_ctx.workspace(workspace).id, control_ctx.wire.header("last-event-id") or ""
    after = int(last) if last.isdecimal() and len(last) < LONGEST_NUMBER else control_ctx.number("after", 0)
    return EventStream(control_ctx.mock, chosen, after)


@workspace_routes.get("/journal.har")
def get_har(workspace: str) -> dict[str, Any]:
    """The journal as an HTTP Archive."""
    return har(control_ctx.mock.journal.entries(control_ctx.workspace(workspace).id), creator_version=__version__)


@workspace_routes.get("/snapshot")
def take_snapshot(workspace: str) -> dict[str, Any]:
    return control_ctx.mock.workspaces.snapshot(control_ctx.workspace(workspace))


@workspace_routes.put("/snapshot")
def restore_snapshot(workspace: str) -> dict[str, Any]:
    return shown_workspace(control_ctx.mock.workspaces.restore(control_ctx.workspace(workspace), control_ctx.json))


@workspace_routes.get("/seed/<provider>")
def get_seed(workspace: str, provider: str) -> dict[str, Any]:
    return dict(control_ctx.provider_context(workspace, provider).seed)


@workspace_routes.put("/seed/<provider>")
def replace_seed(workspace: str, provider: str) -> dict[str, Any]:
    """Replace the seed data of one workspace, checked by the provider's schema and by the provider."""
    app, seed = control_ctx.app(provider), control_ctx.json
    schemas = app.contract.schemas
    findings = schemas.findings(schemas.uri_of_file(app.provider.seed_schema), seed, "request.body")
    if findings:
        raise ConfigurationError("; ".join(str(each) for each in findings) + ".", f"See {app.provider.seed_schema}.")
    app.provider.check_seed(seed)
    control_ctx.provider_context(workspace, provider).state.put(SEED, SEED, seed)
    return dict(seed)


@workspace_routes.delete("/seed/<provider>")
def restore_seed(workspace: str, provider: str) -> Reply:
    """Go back to the provider's own seed data."""
    control_ctx.provider_context(workspace, provider).state.delete(SEED, SEED)
    return GONE
