"""``flowproof new``: makes a distribution for a provider of one's own."""

from pathlib import Path

import click

from flowproof.plurals import counted
from flowproof.providers import Kits
from flowproof.scaffold import check_name, example_distribution, openapi_distribution

__all__ = ["new"]


@click.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the distribution, which must not exist or be empty.  [default: NAME, here]",
)
@click.option(
    "--openapi",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Make it from this OpenAPI document, 3.0 or 3.1.  [default: a small complete example]",
)
def new(name: str, into: Path | None, openapi: Path | None) -> None:
    """
    Make a distribution for a provider of your own.

    It runs at once. Without a document it has a small complete example, to be changed rule by rule: token, create,
    read, list, delete, a date window, errors and a webhook. With one, what the document does not say is inferred;
    DECISIONS.md lists it.
    """
    check_name(name, installed=Kits().names)
    folder = into if into is not None else Path(name)
    made = example_distribution(name) if openapi is None else openapi_distribution(name, openapi)
    made.write(folder)
    click.echo(
        f"{folder}: {counted(len(made.files), 'file')}. It runs at once:\n\n  cd {folder}\n  make serve\n  make test"
    )
