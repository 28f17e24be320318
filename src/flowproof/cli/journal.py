"""``flowproof journal``: the exchanges of a workspace of a running server."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from flowproof.errors import ConfigurationError
from flowproof.text_file import read_text

from .control import Control, workspace_path
from .options import option, workspace_options
from .output import write
from .tables import json_text, table, visible

__all__ = ["journal"]


@click.command()
@workspace_options
@option(
    "--har",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Write an HTTP Archive (HAR 1.2); - is stdout.",
)
@click.option("--refused", is_flag=True, show_default=False, help="Only those that were refused.")
@option("--limit", type=click.IntRange(1, 100_000), default=20, help="How many of the last.")
@option(
    "--expect",
    "expected",
    metavar="JSON|FILE",
    show_default=False,
    help="Verify calls instead; the exit code is 1 where the journal does not hold them.",
)
@click.pass_context
def journal(
    context: click.Context,
    /,
    server: str,
    token: str | None,
    workspace: str,
    har: Path | None,
    refused: bool,
    limit: int,
    expected: str | None,
) -> None:
    """
    Show a workspace's last exchanges, or write them as a HAR file.

    The file is an HTTP Archive of all exchanges that are kept. With --expect they are verified instead: it names calls
    with how often each is expected, an order of calls, or the only ones that are allowed:

    \b
      flowproof journal --expect '{"calls": [{"operation": "pay", "times": 1}]}'
    """
    control = Control(server, token)
    if expected is not None:
        found = control.post(workspace_path(workspace, "/journal/verification"), _expectation(expected))
        for each in found["failures"]:
            click.echo("\n".join(map(visible, [each["what"], *each["nearest"]])))
        context.exit(0 if found["met"] else 1)
    if har is not None:
        write(har, json_text(control.get(workspace_path(workspace, "/journal.har"))))
        return
    query = {"limit": str(limit), "refused": "true" if refused else "false"}
    exchanges = control.get(workspace_path(workspace, "/journal"), **query)["exchanges"]
    head = ("EXCHANGE", "AT", "STATUS", "REQUEST", "REFUSED FOR")
    lines = [
        (
            each["id"],
            _second(each["started_at"]),
            each["response"]["status"] or "-",
            _shown(each),
            each["requirement"] or "",
        )
        for each in exchanges
    ]
    click.echo(table(head, lines))


def _expectation(text: str) -> Any:
    """
    An expectation as JSON, or in a file.

    Raises:
        ConfigurationError: It is no JSON, or there is no such file.
    """
    source = text if text.lstrip().startswith("{") else read_text(Path(text), fix="Give JSON, or name a file with it.")
    try:
        return json.loads(source)
    except ValueError as error:
        raise ConfigurationError(f"The expectation is no JSON: {error}.", "Fix that place.") from error


def _second(instant: str) -> str:
    """An instant of a clock, in UTC, to the second."""
    return f"{instant[:19]}Z" if instant.endswith("+00:00") else instant


def _shown(exchange: Mapping[str, Any]) -> str:
    """A request to a mock by its path; a webhook by where it went."""
    request = exchange["request"]
    if exchange["direction"] == "out":
        return f"{request['method']} {request['url']} (sent)"
    return f"{request['method']} /{exchange['provider']}{request['path']}"
