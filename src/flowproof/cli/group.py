"""Groups of commands: what we raise on purpose ends as one line on stderr and exit code 2, never as a traceback."""

from collections.abc import Iterator, MutableMapping, Sequence
from importlib import import_module
from typing import Any

import click

from flowproof.errors import ConfigurationError, ContractError, FlowproofError, StoreError

__all__ = ["Commands", "LoadedWhenAsked", "Misconfigured"]


class Misconfigured(click.ClickException):
    """The run was set up wrong."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """One line, with how to mend it."""
        click.echo(f"{click.style('flowproof:', fg='red')} {self.message}", file=file, err=True)


class LoadedWhenAsked(MutableMapping[str, click.Command]):
    """
    Commands by name, each loaded when it is asked for: whoever runs one need not wait for all others.

    Args:
        package: Where the modules are; each has the name of its command.
        names: Of the commands, in the order in which they are listed.
    """

    def __init__(self, package: str, names: Sequence[str]) -> None:
        self._package = package
        self._loaded: dict[str, click.Command | None] = dict.fromkeys(names)

    def __getitem__(self, name: str) -> click.Command:
        found = self._loaded[name]
        if found is None:
            found = self._loaded[name] = getattr(import_module(f"{self._package}.{name}"), name)
        return found

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    def __len__(self) -> int:
        return len(self._loaded)


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
