"""``flowproof workspace``: makes, shows, resets and deletes workspaces of a running server."""

import click

from .control import Control, workspace_path
from .group import CommandGroup
from .options import option, server_options
from .tables import json_text

__all__ = ["workspace"]


@click.group(cls=CommandGroup)
def workspace() -> None:
    """Make, show, reset and delete workspaces of a running server."""


@workspace.command()
@click.argument("identifier", metavar="[ID]", required=False)
@option("--seed", metavar="TEXT", help="What its ids and random numbers are drawn from.  [default: its id]")
@option("--clock", metavar="ISO-8601", help="Freeze its clock at this time.")
@server_options
def create(identifier: str | None, seed: str | None, clock: str | None, server: str, token: str | None) -> None:
    """Make a workspace and show its base URLs and credentials as JSON."""
    options = {"id": identifier, "seed": seed, "clock": {"mode": "frozen", "now": clock} if clock else None}
    value = {name: each for name, each in options.items() if each is not None}
    click.echo(json_text(Control(server, token).post("/workspaces", value)))


@workspace.command()
@click.argument("identifier", metavar="[ID]", default="default")
@server_options
def show(identifier: str, server: str, token: str | None) -> None:
    """Show a workspace with its base URLs, credentials, clock and faults as JSON."""
    click.echo(json_text(Control(server, token).get(workspace_path(identifier))))


@workspace.command("list")
@server_options
def list_(server: str, token: str | None) -> None:
    """List the ids of all workspaces."""
    control, offset = Control(server, token), 0
    while page := control.get("/workspaces", limit="1000", offset=str(offset))["workspaces"]:
        click.echo("\n".join(page))
        offset += len(page)


@workspace.command()
@click.argument("identifier", metavar="ID")
@server_options
def reset(identifier: str, server: str, token: str | None) -> None:
    """Empty a workspace; its credentials stay."""
    Control(server, token).post(workspace_path(identifier, "/reset"))
    click.echo(f"workspace {identifier} is as new")


@workspace.command()
@click.argument("identifier", metavar="ID")
@server_options
def delete(identifier: str, server: str, token: str | None) -> None:
    """Delete a workspace and everything in it."""
    Control(server, token).delete(workspace_path(identifier))
    click.echo(f"workspace {identifier} is gone")
