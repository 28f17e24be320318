"""The control API's operations that concern the whole server, and what all its routes share."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qs

from flask import Blueprint, current_app, g

from flowproof import __version__
from flowproof.errors import ConfigurationError, FlowproofError
from flowproof.kernel.mock import Mock
from flowproof.kernel.provider_context import ProviderContext
from flowproof.kernel.time.clock import Clock
from flowproof.kernel.workspaces import Workspace

__all__ = [
    "ControlScene",
    "Missing",
    "checked_body",
    "index",
    "now_in_control",
    "provider_context",
    "routes",
    "shown_workspace",
]

routes = Blueprint("control", __name__)
MOST = 2**62


@dataclass(eq=False)
class Missing(FlowproofError):
    """Something that a control request names is not there."""

    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True, slots=True)
class ControlScene:
    """
    What is known of the current control request.

    Args:
        mock: What is steered.
        base_url: Scheme and host as the client wrote them.
        json: The body's JSON value, or None.
        query: The query string.
    """

    mock: Mock
    base_url: str
    json: Any
    query: str

    def parameter(self, name: str, default: str) -> str:
        """A parameter of the query."""
        return parse_qs(self.query).get(name, [default])[0]

    def number(self, name: str, default: int) -> int:
        """A parameter of the query that is a whole number, as far as the store can count."""
        return min(int(self.parameter(name, str(default))), MOST)

    def workspace(self, workspace_id: str) -> Workspace:
        """
        The workspace of that id, with everything done that is due.

        Raises:
            Missing: There is none.
        """
        workspace = self.mock.workspaces.find(workspace_id)
        if workspace is None:
            raise Missing(f"There is no workspace {workspace_id}.")
        self.mock.workspaces.run_due(workspace)
        return workspace


def now_in_control() -> ControlScene:
    """The scene of the current control request."""
    return cast("ControlScene", g.control)


def provider_context(workspace_id: str, slug: str, *, rng_key: str = "control") -> ProviderContext:
    """
    A workspace as one provider sees it, for that provider's own control operations.

    Raises:
        Missing: There is no such workspace.
    """
    scene = now_in_control()
    return scene.mock.workspaces.context(scene.workspace(workspace_id), slug, rng_key=rng_key)


def checked_body(context: ProviderContext, schema_file: str) -> Any:
    """
    The body of the current control request, valid by a schema file of the provider's contract.

    Raises:
        ConfigurationError: It is not valid.
    """
    body = now_in_control().json
    findings = context.findings(schema_file, body)
    if findings:
        raise ConfigurationError("; ".join(map(str, findings)) + ".", f"See {schema_file} of the contract.")
    return body


def shown_workspace(scene: ControlScene, workspace: Workspace) -> dict[str, Any]:
    """A workspace as the control API shows it, with its base URLs and credentials."""
    return {
        "id": workspace.id,
        "seed": workspace.seed,
        "clock": workspace.clock.to_json(),
        "faults": [plan.to_json() for plan in workspace.faults],
        "exchanges": scene.mock.store.exchanges.count(workspace.id),
        "created_at": workspace.created_at,
        "providers": {
            slug: {
                "base_url": f"{scene.base_url}/w/{workspace.id}/{slug}",
                "credentials": {
                    credential.role: {"key": credential.key, **credential.public, **credential.secrets}
                    for credential in scene.mock.workspaces.credentials(workspace, slug)
                },
            }
            for slug in scene.mock.apps
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
    """Whether the server answers."""
    mock = now_in_control().mock
    return {"status": "ok", "version": __version__, "workspaces": mock.store.count_workspaces()}


@routes.get("/openapi.json")
def openapi() -> dict[str, Any]:
    """The control API's document."""
    return dict(current_app.contract.document)  # type: ignore[attr-defined]  # (our own Flask subclass)


@routes.get("/providers")
def list_providers() -> dict[str, Any]:
    """The providers that are served."""
    scene = now_in_control()
    return {"providers": {slug: _shown_provider(scene, slug) for slug in scene.mock.apps}}


def _shown_provider(scene: ControlScene, slug: str) -> dict[str, Any]:
    app = scene.mock.apps[slug]
    standing = Counter(each.standing for each in app.contract.requirements.values())
    return {
        "title": app.provider.title,
        "base_url": f"{scene.base_url}/{slug}",
        "operations": [
            {"operationId": each.id, "method": each.method, "path": each.path} for each in app.contract.operations.all
        ],
        "requirements": dict(standing),
        "fault_plans": sorted(f"{slug}.{name}" for name in app.provider.fault_plans),
        "not_emulated": list(app.provider.not_emulated),
    }


@routes.get("/workspaces")
def list_workspaces() -> dict[str, Any]:
    """Ids of the workspaces, by page."""
    scene = now_in_control()
    limit, offset = scene.number("limit", 100), scene.number("offset", 0)
    ids = scene.mock.store.workspace_ids(limit=limit, offset=offset)
    return {"workspaces": ids, "total": scene.mock.store.count_workspaces()}


@routes.post("/workspaces")
def create_workspace() -> tuple[dict[str, Any], int]:
    """Make a workspace."""
    scene = now_in_control()
    wanted = scene.json or {}
    clock = Clock.from_json(wanted["clock"]) if "clock" in wanted else None
    workspace = scene.mock.workspaces.create(wanted.get("id"), seed=wanted.get("seed"), clock=clock)
    return shown_workspace(scene, workspace), 201


@routes.get("/exchanges/<exchange>")
def get_exchange(exchange: str) -> dict[str, Any]:
    """One exchange by its id."""
    scene = now_in_control()
    if exchange == "last-refused":
        workspace = scene.workspace(scene.parameter("workspace", "default"))
        found = scene.mock.journal.entries(workspace.id, limit=1, refused_only=True)
        entry = found[0] if found else None
    else:
        entry = scene.mock.journal.find(exchange)
    if entry is None:
        raise Missing(
            f"The journal has no exchange {exchange}; it keeps the last {scene.mock.journal.keep} of a workspace."
        )
    return entry
