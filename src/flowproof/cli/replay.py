"""``flowproof replay``: a mock that answers from a recording alone."""

from pathlib import Path

import click

from flowproof.errors import ConfigurationError
from flowproof.plurals import counted
from flowproof.recording import read_recording
from flowproof.replay import Replay, ReplayServer

from .console import log_to_stderr
from .options import option
from .signals import wait_for_a_signal
from .tables import heading, rows

__all__ = ["replay"]


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@option("--host", default="127.0.0.1", help="Name or address to listen on.")
@option("--port", type=click.IntRange(0, 65535), default=4020, help="0 for any that is free.")
@option(
    "--control-port", default=4010, type=click.IntRange(0, 65535), help="Of the control API beside it, on loopback."
)
@option("--journal", default=10_000, type=click.IntRange(1), metavar="N", help="Exchanges kept.")
@option(
    "--fall-through",
    metavar="URL",
    show_default=False,
    help="Base URL of a server that answers what was not recorded, such as a mock's.  [default: none: 404]",
)
def replay(
    files: tuple[Path, ...], host: str, port: int, control_port: int, journal: int, fall_through: str | None
) -> None:
    """
    Answer recorded requests as they were answered when they were recorded.

    A request is found by method, path, query and body; times, ids and tokens may differ. One that was recorded several
    times has its answers in turn. Any other is answered with 404, the nearest recorded request and the difference.
    flowproof journal, explain and faults read and set from the control API beside it what they do of a mock. Ends on
    Ctrl-C.
    """
    if fall_through is not None and not fall_through.startswith(("http://", "https://")):
        raise ConfigurationError("--fall-through is no URL.", "Name a server as http://HOST:PORT/PATH.")
    found = Replay([read_recording(each) for each in files])
    log_to_stderr()
    server = ReplayServer(
        found, fall_through=fall_through, host=host, port=port, control_port=control_port, journal_keep=journal
    )
    with server:
        facts = (
            ("recorded", counted(found.count, "exchange")),
            ("base URL", server.url),
            ("the rest", f"goes to {fall_through}" if fall_through is not None else "is answered with 404"),
            ("control API", f"{server.control_url}/_flowproof"),
        )
        click.echo("\n".join([heading("Recorded traffic, replayed"), rows(facts), "", f"ready {server.url}"]))
        wait_for_a_signal()
