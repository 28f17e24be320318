"""``flowproof replay``: a mock that answers from a recording alone."""

from contextlib import suppress
from pathlib import Path

import click

from flowproof.errors import ConfigurationError
from flowproof.plurals import counted
from flowproof.recording import read_recording
from flowproof.replay import Replay, ReplayServer

from .options import option

__all__ = ["replay"]


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@option("--host", default="127.0.0.1", help="Name or address to listen on.")
@option("--port", type=click.IntRange(0, 65535), default=4020, help="0 for any that is free.")
@option(
    "--fall-through",
    metavar="URL",
    show_default=False,
    help="Base URL of a server that answers what was not recorded, such as a mock's.  [default: none: 404]",
)
def replay(files: tuple[Path, ...], host: str, port: int, fall_through: str | None) -> None:
    """
    Answer recorded requests as they were answered when they were recorded.

    A request is found by method, path, query and body; times, ids and tokens may differ. One that was recorded several
    times has its answers in turn. Any other is answered with 404, the nearest recorded request and the difference.
    """
    if fall_through is not None and not fall_through.startswith(("http://", "https://")):
        raise ConfigurationError("--fall-through is no URL.", "Name a server as http://HOST:PORT/PATH.")
    found = Replay([read_recording(each) for each in files])
    try:
        server = ReplayServer(found, fall_through=fall_through, host=host, port=port)
    except (OSError, OverflowError) as error:
        what = error.strerror if isinstance(error, OSError) else "no such port"
        raise ConfigurationError(
            f"{host}:{port} cannot be listened on: {what}.", "Name another --host or --port."
        ) from error
    with server, suppress(KeyboardInterrupt):
        click.echo(f"{counted(found.count, 'recorded exchange')} at {server.url}")
        server.wait()
