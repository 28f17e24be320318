"""``flowproof faults``: what goes wrong on purpose in a workspace of a running server."""

import json
from typing import Any

import click

from flowproof.errors import ConfigurationError

from .control import Control, workspace_path
from .group import CommandGroup
from .options import workspace_options
from .tables import json_text

__all__ = ["faults"]


@click.group(cls=CommandGroup)
def faults() -> None:
    """Set what goes wrong on purpose in a workspace."""


@faults.command()
@workspace_options
def show(server: str, token: str | None, workspace: str) -> None:
    """Show the fault plans, and the named plans that may be set, as JSON."""
    click.echo(json_text(Control(server, token).get(workspace_path(workspace, "/faults"))))


@faults.command("set")
@click.argument("plans", nargs=-1, required=True, metavar="NAME|JSON...")
@workspace_options
def set_(plans: tuple[str, ...], server: str, token: str | None, workspace: str) -> None:
    """
    Replace the fault plans: by named plans, or by JSON as the control API takes it.

    \b
      flowproof faults set acme.scaling_up
      flowproof faults set '{"fault": "latency", "seconds": 2, "operation": "submitOrder"}'
    """
    values = [_plan(each) for each in plans]
    click.echo(json_text(Control(server, token).put(workspace_path(workspace, "/faults"), values)["faults"]))


@faults.command()
@workspace_options
def clear(server: str, token: str | None, workspace: str) -> None:
    """Let nothing go wrong on purpose any more."""
    Control(server, token).delete(workspace_path(workspace, "/faults"))
    click.echo(f"workspace {workspace} has no faults")


def _plan(text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return {"named": text}
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is no JSON: {error}.", "Write an object, or a plan's name.") from error
