"""``flowproof workspace``: makes, shows, empties and forgets workspaces of a running server."""

from typing import TYPE_CHECKING

import click

from .group import Commands
from .options import Command, option
from .tables import json_text

if TYPE_CHECKING:
    from .control import Control

__all__ = ["workspace"]


def _of_server(command: Command) -> Command:
    server = option(
        "--server", default="http://127.0.0.1:4010", envvar="FLOWPROOF_SERVER", metavar="URL", help="Which server."
    )
    token = option(
        "--token", envvar="FLOWPROOF_TOKEN", show_default=False, help="The control API's token, if it has one."
    )
    return server(token(command))


@click.group(cls=Commands)
def workspace() -> None:
    """Make, show, reset and delete workspaces of a running server."""


@workspace.command()
@click.argument("identifier", metavar="[ID]", required=False)
@option("--seed", metavar="TEXT", help="What its ids and chance are drawn from.  [default: its id]")
@option("--clock", metavar="ISO-8601", help="Freeze its clock at this time.")
@_of_server
def create(identifier: str | None, seed: str | None, clock: str | None, server: str, token: str | None) -> None:
    """Make a workspace and show its base URLs and credentials as JSON."""
    wanted = {"id": identifier, "seed": seed, "clock": {"mode": "frozen", "now": clock} if clock else None}
    given = {name: value for name, value in wanted.items() if value is not None}
    click.echo(json_text(_control(server, token).post("/workspaces", given)))


@workspace.command()
@click.argument("identifier", metavar="[ID]", default="default")
@_of_server
def show(identifier: str, server: str, token: str | None) -> None:
    """Show a workspace with its base URLs, credentials, clock and faults as JSON."""
    click.echo(json_text(_control(server, token).get(_path(identifier))))


@workspace.command("list")
@_of_server
def list_(server: str, token: str | None) -> None:
    """List the ids of all workspaces."""
    control, offset = _control(server, token), 0
    while page := control.get("/workspaces", limit="1000", offset=str(offset))["workspaces"]:
        click.echo("\n".join(page))
        offset += len(page)


@workspace.command()
@click.argument("identifier", metavar="ID")
@_of_server
def reset(identifier: str, server: str, token: str | None) -> None:
    """Make a workspace as new, with the same credentials."""
    _control(server, token).post(_path(identifier, "/reset"))
    click.echo(f"workspace {identifier} is as new")


@workspace.command()
@click.argument("identifier", metavar="ID")
@_of_server
def delete(identifier: str, server: str, token: str | None) -> None:
    """Forget a workspace and everything in it."""
    _control(server, token).delete(_path(identifier))
    click.echo(f"workspace {identifier} is gone")


def _path(identifier: str, below: str = "") -> str:
    from .control import workspace_path  # noqa: PLC0415 (loads requests)

    return workspace_path(identifier, below)


def _control(server: str, token: str | None) -> "Control":
    from .control import Control  # noqa: PLC0415 (loads requests)

    return Control(server, token)
