"""
The command line. A command's module is imported when it is asked for, and what it needs beyond click when it runs, so
that it begins at once.
"""

from pathlib import Path

import click

from .group import Commands, LoadedWhenAsked
from .settings import default_map, settings_file

__all__ = ["main"]

# Each has a module of its own name here, with a command of that name.
# fmt: off
COMMANDS = (  # in the order in which --help lists them
    "serve", "stop", "providers", "explain", "contracts", "doctor", "certify", "verify", "keygen", "drift",
    "mutants", "workspace", "clock", "faults", "journal", "webhooks", "checklist", "conduct",
)
# fmt: on


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from flowproof import __version__  # noqa: PLC0415 (asks the installed distributions, which takes time)

        click.echo(f"flowproof {__version__}")
        context.exit()


@click.group(
    cls=Commands,
    commands=LoadedWhenAsked(__name__, COMMANDS),
    context_settings={"auto_envvar_prefix": "FLOWPROOF", "show_default": True},
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Settings, one table a command.  [default: flowproof.toml, if it is here]",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.pass_context
def main(context: click.Context, /, config: Path | None) -> None:
    """
    Strict mock servers and contract tests for provider APIs.

    An option counts before its environment variable, that before the settings file, that before the default.
    Exit codes: 0 all held, 1 something failed, 2 the run was misconfigured.
    """
    file = settings_file(config)
    context.default_map = default_map(file, main) if file else None
