"""The control API's operations on one workspace: clock, faults, journal, snapshot, seed data."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint

from flowproof import __version__
from flowproof.errors import ConfigurationError
from flowproof.har import har
from flowproof.kernel.faults.reading import plans_from_json
from flowproof.kernel.time.clock import Clock
from flowproof.kernel.workspaces import DEFAULT, Workspace

from .routes import ControlScene, Missing, now_in_control, shown_workspace

__all__ = ["workspace_routes"]

workspace_routes = Blueprint("workspace", __name__)

Reply = tuple[str, int]
GONE: Reply = ("", 204)


@workspace_routes.get("")
def get_workspace(workspace: str) -> dict[str, Any]:
    """A workspace with its base URLs and credentials."""
    scene = now_in_control()
    return shown_workspace(scene, scene.workspace(workspace))


@workspace_routes.delete("")
def delete_workspace(workspace: str) -> Reply:
    """Forget a workspace."""
    scene = now_in_control()
    if workspace == DEFAULT:
        raise ConfigurationError("The default workspace cannot be deleted.", "Reset it instead.")
    scene.mock.workspaces.delete(scene.workspace(workspace).id)
    return GONE


@workspace_routes.post("/reset")
def reset_workspace(workspace: str) -> dict[str, Any]:
    """As new, with the same credentials."""
    scene = now_in_control()
    return shown_workspace(scene, scene.mock.workspaces.reset(scene.workspace(workspace)))


@workspace_routes.get("/clock")
def get_clock(workspace: str) -> dict[str, Any]:
    """The workspace's clock."""
    return now_in_control().workspace(workspace).clock.to_json()


@workspace_routes.put("/clock")
def set_clock(workspace: str) -> dict[str, Any]:
    """Choose the kind of clock and its time."""
    scene = now_in_control()
    before = scene.workspace(workspace)
    wanted: Mapping[str, Any] = {"mode": before.clock.mode, **scene.json}
    return scene.mock.workspaces.set_clock(before, Clock.from_json(dict(wanted))).clock.to_json()


@workspace_routes.post("/clock/advance")
def advance_clock(workspace: str) -> dict[str, Any]:
    """Move the clock on."""
    scene = now_in_control()
    before = scene.workspace(workspace)
    return scene.mock.workspaces.set_clock(before, before.clock.advance(scene.json["seconds"])).clock.to_json()


@workspace_routes.get("/faults")
def get_faults(workspace: str) -> dict[str, Any]:
    """The fault plans."""
    scene = now_in_control()
    return _shown_faults(scene, scene.workspace(workspace))


@workspace_routes.put("/faults")
def set_faults(workspace: str) -> dict[str, Any]:
    """Replace all fault plans."""
    scene = now_in_control()
    plans = plans_from_json(_expanded(scene, scene.json))
    changed = replace(scene.workspace(workspace), faults=plans)
    scene.mock.workspaces.save(changed)
    return _shown_faults(scene, changed)


@workspace_routes.delete("/faults")
def clear_faults(workspace: str) -> Reply:
    """Nothing goes wrong on purpose any more."""
    scene = now_in_control()
    scene.mock.workspaces.save(replace(scene.workspace(workspace), faults=()))
    return GONE


def _expanded(scene: ControlScene, wanted: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Plans with each named one replaced by what it stands for; other keys beside the name change those plans."""
    named = _named(scene)
    expanded: list[Mapping[str, Any]] = []
    for plan in wanted:
        if "named" not in plan:
            expanded.append(plan)
            continue
        if plan["named"] not in named:
            raise ConfigurationError(f"No fault plan is named {plan['named']!r}.", f"There are: {', '.join(named)}.")
        changes = {key: value for key, value in plan.items() if key != "named"}
        chosen = [{**each, **changes} for each in named[plan["named"]]]
        several = len(chosen) > 1
        expanded += [
            {**each, "id": f"{each['id']}-{index}"} if several else each for index, each in enumerate(chosen, start=1)
        ]
    return expanded


def _named(scene: ControlScene) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    return {
        f"{slug}.{name}": [{"id": f"{slug}.{name}", "provider": slug, **plan} for plan in plans]
        for slug, app in scene.mock.apps.items()
        for name, plans in app.provider.fault_plans.items()
    }


def _shown_faults(scene: ControlScene, workspace: Workspace) -> dict[str, Any]:
    return {"faults": [plan.to_json() for plan in workspace.faults], "named": sorted(_named(scene))}


@workspace_routes.get("/journal")
def get_journal(workspace: str) -> dict[str, Any]:
    """The last exchanges."""
    scene = now_in_control()
    after, limit = scene.number("after", 0), scene.number("limit", scene.mock.journal.keep)
    refused_only = scene.parameter("refused", "false") == "true"
    chosen = scene.workspace(workspace)
    entries = scene.mock.journal.entries(chosen.id, after=after, limit=limit, refused_only=refused_only)
    return {"exchanges": entries, "kept": scene.mock.journal.keep}


@workspace_routes.delete("/journal")
def clear_journal(workspace: str) -> Reply:
    """Empty the journal."""
    scene = now_in_control()
    scene.mock.journal.clear(scene.workspace(workspace).id)
    return GONE


@workspace_routes.get("/journal.har")
def get_har(workspace: str) -> dict[str, Any]:
    """The journal as an HTTP Archive."""
    scene = now_in_control()
    return har(scene.mock.journal.entries(scene.workspace(workspace).id), creator_version=__version__)


@workspace_routes.get("/snapshot")
def take_snapshot(workspace: str) -> dict[str, Any]:
    """Everything that the workspace's mocks know."""
    scene = now_in_control()
    return scene.mock.workspaces.snapshot(scene.workspace(workspace))


@workspace_routes.put("/snapshot")
def restore_snapshot(workspace: str) -> dict[str, Any]:
    """Put the workspace back to a snapshot."""
    scene = now_in_control()
    return shown_workspace(scene, scene.mock.workspaces.restore(scene.workspace(workspace), scene.json))


@workspace_routes.get("/seed/<provider>")
def get_seed(workspace: str, provider: str) -> dict[str, Any]:
    """The account set-up."""
    scene = now_in_control()
    return dict(scene.mock.workspaces.context(scene.workspace(workspace), _known(scene, provider)).seed)


@workspace_routes.put("/seed/<provider>")
def replace_seed(workspace: str, provider: str) -> dict[str, Any]:
    """Replace the account set-up."""
    scene = now_in_control()
    app = scene.mock.apps[_known(scene, provider)]
    schemas = app.contract.schemas
    findings = schemas.findings(schemas.uri_of_file(app.provider.seed_schema), scene.json, "request.body")
    if findings:
        raise ConfigurationError("; ".join(str(each) for each in findings) + ".", f"See {app.provider.seed_schema}.")
    app.provider.check_seed(scene.json)
    scene.mock.workspaces.context(scene.workspace(workspace), provider).state.put("seed", "seed", scene.json)
    return dict(scene.json)


@workspace_routes.delete("/seed/<provider>")
def restore_seed(workspace: str, provider: str) -> Reply:
    """Back to the provider's own seed data."""
    scene = now_in_control()
    scene.mock.workspaces.context(scene.workspace(workspace), _known(scene, provider)).state.delete("seed", "seed")
    return GONE


def _known(scene: ControlScene, provider: str) -> str:
    if provider not in scene.mock.apps:
        raise Missing(f"There is no provider {provider}; there are {', '.join(scene.mock.apps)}.")
    return provider
