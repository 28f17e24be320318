"""Groups of commands: what we raise on purpose ends as one line on stderr and exit code 2, never as a traceback."""

from typing import Any

import click

from flowproof.errors import ConfigurationError, ContractError, FlowproofError, StoreError

__all__ = ["Commands", "Misconfigured"]


class Misconfigured(click.ClickException):
    """The run was set up wrong."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """One line, with how to mend it."""
        click.echo(f"{click.style('flowproof:', fg='red')} {self.message}", file=file, err=True)


class Commands(click.Group):
    """A group that turns our errors into exit code 2 and lists its commands in the order in which they were added."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FlowproofError as error:
            raise Misconfigured(" ".join(sentence(error).split())) from error

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(self.commands)


def sentence(error: FlowproofError) -> str:
    """What is wrong and how to mend it."""
    match error:
        case ConfigurationError():
            return str(error)
        case ContractError(provider=provider):
            return f"{error}. See what is wrong with: flowproof contracts check {provider}"
        case StoreError():
            return f"{error}. Name a file that can be written, or leave --state at memory."
        case _:
            return str(error)
