"""The control API's operations that concern the whole server."""

from collections import Counter
from typing import Any

from flask import Blueprint, current_app

from flowproof import __version__
from flowproof.conformance.requirements import Requirement
from flowproof.errors import StoreError
from flowproof.har import har
from flowproof.kernel.app import ProviderApp
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.metrics import rendered
from flowproof.kernel.mock import Mock
from flowproof.kernel.time.clock import Clock
from flowproof.kernel.time.failed_tasks import FailedTasks
from flowproof.kernel.workspaces import Workspace

from .context import NotFoundProblem, control_ctx

__all__ = ["index", "routes", "shown_workspace"]

routes = Blueprint("control", __name__)


def shown_workspace(workspace: Workspace) -> dict[str, Any]:
    """A workspace as the control API shows it, with its base URLs, and its credentials unless the query hides them."""
    mock = control_ctx.mock
    shows_credentials = control_ctx.flag("credentials", default=True)
    return {
        "id": workspace.id,
        "seed": workspace.seed,
        "clock": workspace.clock.to_json(),
        "faults": [plan.to_json() for plan in workspace.faults],
        "exchanges": mock.store.exchanges.count(workspace.id),
        "failed_tasks": FailedTasks(mock.store, workspace.id).count(),
        "created_at": workspace.created_at,
        "providers": {
            slug: {
                "base_url": control_ctx.provider_url(slug, workspace=workspace.id),
                "credentials": {
                    credential.role: credential.shown() if shows_credentials else dict.fromkeys(credential.shown())
                    for credential in mock.workspaces.credentials(workspace, slug)
                },
            }
            for slug in mock.apps
        },
    }


def index(mock: Mock) -> dict[str, Any]:
    """What a person sees who opens the server's root."""
    return {
        "flowproof": __version__,
        "providers": {slug: {"title": app.provider.title, "path": f"/{slug}"} for slug, app in mock.apps.items()},
        "control": "/_flowproof/openapi.json",
    }


@routes.get("/health")
def health() -> dict[str, Any]:
    """That the process answers, whatever has become of its state."""
    return {"status": "ok", "version": __version__}


@routes.get("/ready")
def ready() -> dict[str, Any]:
    """That the state can be read; where it cannot, the answer is 503."""
    return {"status": "ready", "workspaces": control_ctx.mock.store.workspaces.count()}


@routes.get("/metrics")
def metrics() -> Any:
    """Counts of all workers of this server in Prometheus' text format, also while the state is not available."""
    try:
        workspaces = control_ctx.mock.store.workspaces.count()
    except StoreError:
        workspaces = None
    text, media_type = rendered(control_ctx.total_metrics(), workspaces)
    return WireResponse(200, text, (("Content-Type", media_type),))


@routes.get("/openapi.json")
def openapi() -> dict[str, Any]:
    return dict(current_app.contract.document)  # type: ignore[attr-defined]  # (our own Flask subclass)


@routes.get("/providers")
def list_providers() -> dict[str, Any]:
    return {"providers": {slug: _shown_provider(app) for slug, app in control_ctx.mock.apps.items()}}


@routes.get("/providers/<slug>/openapi.json")
def provider_contract(slug: str) -> dict[str, Any]:
    """A provider's contract as one document, with this server as its only one."""
    from flowproof.conformance.bundle import bundle  # noqa: PLC0415 (no start needs it)

    return bundle(control_ctx.app(slug).contract, server=control_ctx.provider_url(slug))


def _shown_provider(app: ProviderApp) -> dict[str, Any]:
    slug = app.provider.slug
    standing = Counter(each.standing for each in app.contract.requirements.values())
    return {
        "title": app.provider.title,
        "base_url": control_ctx.provider_url(slug),
        "contract": f"{control_ctx.base_url}/_flowproof/providers/{slug}/openapi.json",
        "operations": [
            {"operationId": each.id, "method": each.method, "path": each.path} for each in app.contract.operations.all
        ],
        "requirements": dict(standing),
        "fault_plans": sorted(f"{slug}.{name}" for name in app.provider.fault_plans),
        "webhook_events": list(app.provider.webhooks.events) if app.provider.webhooks else [],
        "not_emulated": list(app.provider.not_emulated),
    }


@routes.get("/workspaces")
def list_workspaces() -> dict[str, Any]:
    """Ids of the workspaces, by page."""
    workspaces = control_ctx.mock.store.workspaces
    ids = workspaces.ids(limit=control_ctx.number("limit", 100), offset=control_ctx.number("offset", 0))
    return {"workspaces": ids, "total": workspaces.count()}


@routes.post("/workspaces")
def create_workspace() -> tuple[dict[str, Any], int]:
    options = control_ctx.json or {}
    clock = Clock.from_json(options["clock"]) if "clock" in options else None
    workspace = control_ctx.mock.workspaces.create(options.get("id"), seed=options.get("seed"), clock=clock)
    return shown_workspace(workspace), 201


@routes.get("/providers/<slug>/requirements")
def list_requirements(slug: str) -> dict[str, Any]:
    """All requirements of a contract, in its order."""
    stated = control_ctx.app(slug).contract.requirements.values()
    return {"requirements": [_shown_requirement(each) for each in stated]}


@routes.get("/providers/<slug>/requirements/<requirement>")
def get_requirement(slug: str, requirement: str) -> dict[str, Any]:
    """What a requirement says, and where it comes from."""
    found = control_ctx.app(slug).contract.requirements.get(requirement)
    if found is None:
        raise NotFoundProblem(f"The contract of {slug} has no requirement {requirement}.")
    return _shown_requirement(found)


def _shown_requirement(requirement: Requirement) -> dict[str, Any]:
    return {
        "id": requirement.id,
        "text": requirement.text,
        "source": requirement.source,
        "standing": requirement.standing,
        "obliges": requirement.obliges,
        "operations": list(requirement.operations),
        "note": requirement.note,
    }


@routes.get("/exchanges/<exchange>")
def get_exchange(exchange: str) -> dict[str, Any]:
    """
    One exchange by its id, or ``last-refused`` of a workspace.

    With the diagnosis of its signature in parts, and the operation that it may have meant.
    """
    from flowproof.kernel.diagnosis import read_rendered  # noqa: PLC0415 (no start needs it)

    entry = _entry(exchange)
    entry = {**entry, "signature": read_rendered(entry["explanation"] or "")}
    if entry["operation"] is not None:
        return entry
    request, operations = entry["request"], control_ctx.app(entry["provider"]).contract.operations
    slip, meant = operations.near_miss(request["method"], request["path"]) or ("", None)
    nearest = meant or operations.nearest(request["method"], request["path"])
    shown = nearest and {"operationId": nearest.id, "method": nearest.method, "path": nearest.path, "slip": slip}
    return {**entry, "nearest": shown}


@routes.get("/exchanges/<exchange>/har")
def get_exchange_har(exchange: str) -> dict[str, Any]:
    """One exchange as an HTTP Archive."""
    return har([_entry(exchange)], creator_version=__version__)


@routes.get("/exchanges/<exchange>/curl")
def get_exchange_curl(exchange: str) -> dict[str, Any]:
    """An exchange's request as a shell command, with secrets as variables."""
    from flowproof.kernel.journal.exports import curl_of  # noqa: PLC0415 (no start needs it)

    return {"curl": curl_of(_entry(exchange))}


@routes.get("/exchanges/<exchange>/case")
def get_exchange_case(exchange: str) -> dict[str, Any]:
    """An exchange as a documented example: the file that a folder of fixtures would hold."""
    from flowproof.kernel.journal.exports import case_of  # noqa: PLC0415 (no start needs it)

    entry = _entry(exchange)
    return case_of(entry, control_ctx.app(entry["provider"]).contract)


def _entry(exchange: str) -> dict[str, Any]:
    """
    An exchange of the journal.

    Raises:
        NotFoundProblem: The journal has none of that id.
    """
    journal = control_ctx.mock.journal
    if exchange == "last-refused":
        workspace = control_ctx.workspace(control_ctx.parameter("workspace", "default"))
        found = journal.entries(workspace.id, limit=1, refused_only=True)
        entry = found[0] if found else None
    else:
        entry = journal.find(exchange)
    if entry is None:
        raise NotFoundProblem(
            f"The journal has no exchange {exchange}; it keeps the last {journal.keep} of a workspace."
        )
    return entry
