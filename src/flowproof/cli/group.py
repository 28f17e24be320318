"""Groups of commands: an error that we raise on purpose ends as one line on stderr and exit code 2, not a traceback."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from importlib import import_module
from typing import Any

import click

from flowproof.errors import ContractError, FlowproofError, StoreError

__all__ = ["CommandGroup", "LazyCommandGroup", "Misconfigured"]


class Misconfigured(click.ClickException):
    """The run was set up wrong."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """One line, with how to fix it."""
        click.echo(f"{click.style('flowproof:', fg='red')} {self.message}", file=file, err=True)


class CommandGroup(click.Group):
    """A group that turns our errors into exit code 2 and lists its commands in the order in which they were added."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FlowproofError as error:
            raise Misconfigured(" ".join(sentence(error).split())) from error

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(self.commands)


class LazyCommandGroup(CommandGroup):
    """
    A group whose commands are imported on first use, so that a command's module may import all that it needs.

    Args:
        package: Where the modules are; each has the name of its command.
        summaries: Of the commands, by name, in the order in which ``--help`` lists them.
    """

    def __init__(self, *arguments: Any, package: str, summaries: Mapping[str, str], **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._summaries = summaries
        self.commands = LazyCommands(package, tuple(summaries))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's signature)
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))


class LazyCommands(MutableMapping[str, click.Command]):
    """
    Commands by name, each imported when it is looked up.

    Args:
        package: Where the modules are.
        names: Of the modules and the commands.
    """

    def __init__(self, package: str, names: Sequence[str]) -> None:
        self._package = package
        self._commands: dict[str, click.Command | None] = dict.fromkeys(names)

    def __getitem__(self, name: str) -> click.Command:
        command = self._commands[name]
        if command is None:
            command = self._commands[name] = getattr(import_module(f"{self._package}.{name}"), name)
        return command

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._commands[name] = command

    def __delitem__(self, name: str) -> None:
        del self._commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)


def sentence(error: FlowproofError) -> str:
    """What is wrong and how to fix it."""
    match error:
        case ContractError(provider=provider):
            return f"{error}. See what is wrong with: flowproof contracts check {provider}"
        case StoreError():
            return f"{error}. Name a file that can be written, or leave --state at memory."
        case _:
            return str(error)
