"""``flowproof new``: makes a distribution for a provider of one's own."""

from pathlib import Path

import click

from flowproof.providers import Kits
from flowproof.scaffold import check_name, example_distribution

__all__ = ["new"]


@click.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the distribution, which must not exist or be empty.  [default: NAME, here]",
)
def new(name: str, into: Path | None) -> None:
    """
    Make a distribution for a provider of your own, which runs at once.

    It has a small complete example, to be changed rule by rule: token, create, read, list, delete, a date window,
    errors and a webhook.
    """
    check_name(name, installed=Kits().names)
    folder = into if into is not None else Path(name)
    made = example_distribution(name)
    made.write(folder)
    click.echo(f"{folder}: {len(made.files)} files. It runs at once:\n\n  cd {folder}\n  make serve\n  make test")
