"""``flowproof clock``: shows and moves the clock of a workspace on a running server."""

from typing import Any

import click

from .control import Control, workspace_path
from .options import duration_s, option, workspace_options

__all__ = ["clock"]


@click.command()
@workspace_options
@click.option("--set", "instant", metavar="ISO-8601", help="Show this time from now on, in the same mode.")
@option("--advance", metavar="DURATION", help="Move on by a time such as 90s, 15m, 1d or 1d12h.")
@click.option("--freeze", is_flag=True, show_default=False, help="Stand still, at the time of --set if it is given.")
@click.option("--real", is_flag=True, show_default=False, help="Follow the operating system again.")
def clock(
    server: str, token: str | None, workspace: str, instant: str | None, advance: str | None, freeze: bool, real: bool
) -> None:
    """Show or change a workspace's clock. What becomes due by the change is done."""
    if freeze and real:
        raise click.UsageError("A clock cannot be frozen and real at once.")
    seconds = None if advance is None else duration_s(advance, what="time to move on by")
    control, path = Control(server, token), workspace_path(workspace, "/clock")
    shown = control.get(path)
    change = _change(shown, instant, freeze=freeze, real=real)
    if change:
        shown = control.put(path, change)
    if seconds is not None:
        shown = control.post(f"{path}/advance", {"seconds": seconds})
    click.echo(f"{shown['now']} ({shown['mode']})")


def _change(shown: dict[str, Any], instant: str | None, *, freeze: bool, real: bool) -> dict[str, Any]:
    change: dict[str, Any] = {} if instant is None else {"now": instant}
    if real:
        change["mode"] = "real"
    elif freeze:
        change = {"now": shown["now"], **change, "mode": "frozen"}
    return change
