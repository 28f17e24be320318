"""``flowproof stop``: ends the server that a pid file remembers."""

from pathlib import Path

import click

from .options import option
from .pidfile import PidFile, default_pid_file

__all__ = ["stop"]

PATIENCE_S = 15.0


@click.command()
@option(
    "--pid-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="As given to flowproof serve."
)
@click.pass_context
def stop(context: click.Context, /, pid_file: Path | None) -> None:
    """Stop the server that was started with --background or --pid-file; exit code 1 when there is none."""
    remembered = PidFile(pid_file or default_pid_file())
    if not remembered.is_running():
        click.echo(f"No server is running by {remembered.path}.", err=True)
        context.exit(1)
    content = remembered.content()
    if not remembered.stop(timeout_s=PATIENCE_S):
        click.echo(f"The server (pid {content.get('pid')}) did not end within {PATIENCE_S:g} s.", err=True)
        context.exit(1)
    click.echo(f"stopped {content.get('url', 'a server that was just starting')}")
