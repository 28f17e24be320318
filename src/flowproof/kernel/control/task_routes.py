"""The control API's operations on a workspace's tasks: those that are still to be run, and those that failed."""

from typing import Any

from flask import Blueprint

from flowproof.kernel.journal.journal import exchange_id
from flowproof.kernel.provider_context import exchange_of_task
from flowproof.kernel.time.clock import Clock
from flowproof.kernel.time.failed_tasks import FailedTasks

from .context import MAX_NUMBER, NotFoundProblem, control_ctx

__all__ = ["task_routes"]

task_routes = Blueprint("tasks", __name__)

SHOWN = ("id", "provider", "name", "failed_at", "error")  # the value may hold what a client sent as a secret


@task_routes.get("")
def list_tasks(workspace: str) -> dict[str, Any]:
    """What is still to be done, and what failed."""
    chosen = control_ctx.workspace(workspace).id
    limit = control_ctx.number("limit", MAX_NUMBER)
    pending = [
        {"provider": row.provider, "name": row.name, **_origin(chosen, row.due_us, row.rng_key)}
        for row in control_ctx.mock.store.tasks.of_workspace(chosen, limit=limit)
    ]
    return {"pending": pending, "failed": _failed(chosen)}


@task_routes.post("/<task>/run")
def run_task(workspace: str, task: str) -> dict[str, Any]:
    """Run a failed task again. If it fails once more, it is kept once more."""
    chosen = control_ctx.workspace(workspace)
    if not control_ctx.mock.workspaces.run_again(chosen, task):
        raise NotFoundProblem(f"There is no failed task {task}.")
    return {"failed": _failed(chosen.id)}


def _failed(workspace: str) -> list[dict[str, Any]]:
    return [
        {**{name: each[name] for name in SHOWN}, **_origin(workspace, each["due_us"], each["rng_key"])}
        for each in FailedTasks(control_ctx.mock.store, workspace).all()
    ]


def _origin(workspace: str, due_us: int, rng_key: str) -> dict[str, Any]:
    number = exchange_of_task(rng_key)
    return {
        "due_at": Clock.at_microseconds(due_us).isoformat(),
        "exchange": None if number is None else exchange_id(workspace, number),
    }
