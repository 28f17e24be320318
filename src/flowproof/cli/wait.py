"""``flowproof wait``: ends when a server is ready, for scripts and the health check of a container."""

import time

import click

from .control import Control, NotReady
from .options import option

__all__ = ["wait"]

PAUSE_S = 0.05


@click.command()
@click.argument("url", required=False, metavar="[URL]")
@option("--server", default="http://127.0.0.1:4010", envvar="FLOWPROOF_SERVER", metavar="URL", help="Which server.")
@option("--timeout", default=30.0, type=click.FloatRange(0), metavar="SECONDS", help="How long to wait at most.")
@click.option("--quiet", is_flag=True, help="Print nothing when the server is ready.")
def wait(url: str | None, server: str, timeout: float, quiet: bool) -> None:
    """
    Wait until a server is ready.

    Exit codes: 0 it is ready, 1 it was not within the time, 2 what answers there is no Flowproof server.

    No token is needed. With --timeout 0 it asks once.
    """
    address = (url or server).rstrip("/")
    control = Control(address, token=None)
    deadline = time.monotonic() + timeout
    while True:
        try:
            control.check_ready(timeout_s=max(1.0, deadline - time.monotonic()))
        except NotReady as error:
            left = deadline - time.monotonic()
            if left <= 0:
                click.echo(f"flowproof: {error} It was not ready within {timeout:g} s.", err=True)
                raise SystemExit(1) from None
            time.sleep(min(PAUSE_S, left))
        else:
            break
    if not quiet:
        click.echo(f"ready {address}")
