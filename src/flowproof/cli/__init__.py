"""
The command line. A command's module is imported when the command is used, so that each starts at once.

A module may therefore import at its top what its command needs. Imports inside functions are left where a command has
a way that needs Flask or starts a server, and one that does not.
"""

from pathlib import Path
from types import MappingProxyType

import click

from .group import LazyCommandGroup
from .settings import default_map, settings_file

__all__ = ["main"]

# Each command has a module of its own name here; its summary is the first sentence of its help.
SUMMARIES = MappingProxyType(
    {
        "serve": "Serve the mocks of these providers, or of all that are installed.",
        "wait": "Wait until a server is ready.",
        "env": "Show base URLs and credentials of a running server as environment variables.",
        "providers": "List the providers and what is not emulated.",
        "new": "Make a distribution for a provider of your own.",
        "explain": "Say why a request was refused.",
        "contracts": "Check the contracts' own files, and what a run exercised of them.",
        "doctor": "Find what is misconfigured in a sandbox profile.",
        "certify": "Run a provider's suite on a target; report on each requirement.",
        "verify": "Check a certificate offline, and say what it certifies.",
        "keygen": "Make a pair of Ed25519 keys for certificates.",
        "proxy": "Stand between a client and a provider's sandbox, and check every exchange.",
        "drift": "Show where two targets answer differently, or one answers otherwise than was recorded.",
        "import": "Make cases of recorded traffic.",
        "record": "Make a case of the exchanges that a running server has in its journal.",
        "replay": "Answer recorded requests as they were answered when they were recorded.",
        "mutants": "Break each mock in one thing at a time: does its suite notice?",
        "workspace": "Make, show, reset and delete workspaces of a running server.",
        "clock": "Show or change a workspace's clock.",
        "faults": "Set what goes wrong on purpose in a workspace.",
        "journal": "Show a workspace's last exchanges, or write them as a HAR file.",
        "webhooks": "Show, send and spoil the webhooks of a workspace.",
        "checklist": "Show the progress of a provider's integration checklist.",
        "completion": "Write the script that completes commands, options and providers in bash, zsh or fish.",
        "conduct": "Judge a client by the journal of a mock that it used.",
        "break": "Search for the outage that a client does not survive.",
        "fuzz": "Send a provider requests that its contract allows, nearly allows, and does not allow.",
    }
)


def _show_version(context: click.Context, _: click.Parameter, is_requested: bool) -> None:
    if is_requested and not context.resilient_parsing:
        from flowproof import __version__  # noqa: PLC0415 (computed on access: reads the installed distributions)

        click.echo(f"flowproof {__version__}")
        context.exit()


@click.group(
    cls=LazyCommandGroup,
    package=__name__,
    summaries=SUMMARIES,
    context_settings={"auto_envvar_prefix": "FLOWPROOF", "show_default": True},
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Settings, one table a command.  [default: flowproof.toml, if it is here]",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
@click.pass_context
def main(context: click.Context, /, config: Path | None) -> None:
    """
    Strict mock servers and contract tests for provider APIs.

    An option counts before its environment variable, that before the settings file, that before the default.
    Exit codes: 0 all held, 1 something failed, 2 the run was misconfigured.
    """
    file = settings_file(config)
    context.default_map = default_map(file, main) if file else None
