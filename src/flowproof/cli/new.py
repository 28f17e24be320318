"""``flowproof new``: makes a distribution for a provider of one's own."""

from pathlib import Path

import click

from flowproof.errors import ConfigurationError
from flowproof.plurals import counted
from flowproof.providers import Kits
from flowproof.scaffold import (
    Distribution,
    check_name,
    example_distribution,
    openapi_distribution,
    traffic_distribution,
)

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
@click.option(
    "--har",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Make it from recorded traffic: an HTTP Archive.",
)
@click.option(
    "--postman",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Make it from recorded traffic: a Postman collection with saved responses.",
)
@click.option(
    "--base-url",
    metavar="URL",
    help="With --har or --postman: where the API's paths begin.  [default: found in the recording]",
)
def new(
    name: str, into: Path | None, openapi: Path | None, har: Path | None, postman: Path | None, base_url: str | None
) -> None:
    """
    Make a distribution for a provider of your own.

    It runs at once. Without a file it has a small complete example, to be changed rule by rule: token, create, read,
    list, delete, a date window, errors and a webhook. With an OpenAPI document, what the document does not say is
    inferred; with recorded traffic, the document is inferred, too, and has no secret of the recording. DECISIONS.md
    lists what was inferred.
    """
    check_name(name, installed=Kits().names)
    given = {"--openapi": openapi, "--har": har, "--postman": postman}
    named = [option for option, file in given.items() if file is not None]
    if len(named) > 1:
        raise ConfigurationError(f"{' and '.join(named)} exclude each other.", "Choose one of them.")
    if base_url is not None and har is None and postman is None:
        raise ConfigurationError("--base-url says where a recording's paths begin.", "Name it with --har or --postman.")
    folder = into if into is not None else Path(name)
    made = _distribution(name, openapi, har, postman, base_url)
    made.write(folder)
    click.echo(
        f"{folder}: {counted(len(made.files), 'file')}. It runs at once:\n\n  cd {folder}\n  make serve\n  make test"
    )


def _distribution(
    name: str, openapi: Path | None, har: Path | None, postman: Path | None, base_url: str | None
) -> Distribution:
    if openapi is not None:
        return openapi_distribution(name, openapi)
    if har is not None:
        return traffic_distribution(name, har, "har", base_url=base_url)
    if postman is not None:
        return traffic_distribution(name, postman, "postman", base_url=base_url)
    return example_distribution(name)
