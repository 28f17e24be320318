"""The command line. What a command needs beyond click is imported when it runs, so that ``--help`` is there at once."""

from pathlib import Path

import click

from .certify import certify
from .checklist import checklist
from .clock import clock
from .conduct import conduct
from .contracts import contracts
from .doctor import doctor
from .drift import drift
from .explain import explain
from .faults import faults
from .group import Commands
from .journal import journal
from .mutants import mutants
from .providers import providers
from .serve import serve
from .settings import default_map, settings_file
from .stop import stop
from .webhooks import webhooks
from .workspace import workspace

__all__ = ["main"]


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from flowproof import __version__  # noqa: PLC0415 (asks the installed distributions, which takes time)

        click.echo(f"flowproof {__version__}")
        context.exit()


@click.group(cls=Commands, context_settings={"auto_envvar_prefix": "FLOWPROOF", "show_default": True})
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


for command in (
    serve,
    stop,
    providers,
    explain,
    contracts,
    doctor,
    certify,
    drift,
    mutants,
    workspace,
    clock,
    faults,
    journal,
    webhooks,
    checklist,
    conduct,
):
    main.add_command(command)
