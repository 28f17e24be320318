"""``flowproof verify``: is a certificate whole, valid and signed by somebody who is trusted, and what does it say?"""

from pathlib import Path

import click

from flowproof.certify.certificate import InvalidCertificate
from flowproof.certify.keys import read_public_key
from flowproof.certify.writers import write_views
from flowproof.errors import ConfigurationError

from .options import option
from .tables import json_text, visible
from .verification import examine

__all__ = ["verify"]

LARGEST = 512 * 1024 * 1024


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@option(
    "--key",
    "keys",
    type=click.Path(path_type=Path),
    multiple=True,
    show_default=False,
    metavar="PUBLIC-KEY-FILE",
    help="Trust signatures of this key; may be repeated.",
)
@click.option(
    "--report",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the report's page and other views there, from what was verified.",
)
@click.option("--json", "as_json", is_flag=True, show_default=False, help="For programs.")
@click.pass_context
def verify(context: click.Context, /, file: Path, keys: tuple[Path, ...], folder: Path | None, as_json: bool) -> None:
    """
    Check a certificate offline, and say what it certifies.

    Every byte counts: the file's form, the digests of its parts, the signature, the dates, and whether report and
    certificate are what the events say; suite and contract are compared with those that are installed here. Exit code 0
    when it is valid, signed by a key that --key names, and of the same suite. Exit code 1 when it is not, or when no
    --key says whose signature counts. Exit code 2 when a file cannot be read.
    """
    trusted = {str(each): read_public_key(each) for each in keys}
    data = _content(file)
    try:
        verification = examine(data, trusted)
    except InvalidCertificate as error:
        result = {"valid": False, "why": str(error)}
        click.echo(
            json_text(result) if as_json else f"{click.style('INVALID', fg='red', bold=True)}  {visible(str(error))}"
        )
        context.exit(1)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_views(verification.examined.report, folder)
    click.echo(json_text(verification.to_json()) if as_json else verification.text())
    context.exit(0 if verification.is_good else 1)


def _content(file: Path) -> bytes:
    fix = "Give the file that flowproof certify --sign wrote."
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.", fix) from error
    if len(data) > LARGEST or not data.startswith(b"PK"):
        raise ConfigurationError(f"{file} is no certificate.", fix)
    return data
