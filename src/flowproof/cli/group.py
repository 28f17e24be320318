"""
Groups of commands: an error that we raise on purpose ends as one line on stderr and exit code 2, not a traceback.

So does output that cannot be written, and an argument that is not UTF-8.
"""

import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import suppress
from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

import click

from flowproof.errors import ContractError, FlowproofError, StoreError
from flowproof.extras import missing_extra

from . import terminal

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["CommandGroup", "LazyCommandGroup", "Misconfigured"]

MISCONFIGURED = 2


class Misconfigured(click.ClickException):
    """The run was set up wrong."""

    exit_code = MISCONFIGURED

    def show(self, file: Any = None) -> None:
        """One line, with how to fix it; on a terminal wrapped by words."""
        _complain(self.message, file, color=self.show_color)


class CommandGroup(click.Group):
    """A group that turns our errors into exit code 2 and lists its commands in the order in which they were added."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FlowproofError as error:
            raise Misconfigured(" ".join(sentence(error).split())) from error
        except ModuleNotFoundError as error:
            missing = missing_extra(error)
            if missing is None:
                raise
            raise Misconfigured(str(missing)) from error

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with the whole first sentence of their help, which click would cut."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary(ctx.command, name)) for name in self.list_commands(ctx)])


class LazyCommandGroup(CommandGroup):
    """
    A group whose commands are imported on first use, so that a command's module may import all that it needs.

    Args:
        package: Where the modules are; each has the name of its command, and an underscore after a keyword of Python.
        summaries: Of the commands, by name, in the order in which ``--help`` lists them.
    """

    def __init__(self, *arguments: Any, package: str, summaries: Mapping[str, str], **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._summaries = summaries
        self.commands = LazyCommands(package, tuple(summaries))

    def main(self, args: Sequence[str] | None = None, *arguments: Any, **extra: Any) -> Any:
        """Run a command; whatever becomes of its output, no traceback is shown."""
        terminal.lenient_streams()
        extra.setdefault("color", terminal.colour(os.environ))
        wrong = terminal.check_arguments(sys.argv[1:] if args is None else args, os.environ)
        if wrong is not None:
            _complain(wrong, color=extra["color"])
            sys.exit(MISCONFIGURED)
        try:
            return super().main(args, *arguments, **extra)
        except OSError as error:
            what = f"{error.filename} cannot be used" if error.filename else "The output cannot be written"
            with suppress(OSError):
                _complain(f"{what}: {error.strerror}.", color=extra["color"])
            terminal.discard_output(sys.stdout, sys.stderr)
            sys.exit(MISCONFIGURED)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Complete a command's name without importing the commands."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 (only a shell that completes needs it)

        found = [
            CompletionItem(name, help=text) for name, text in self._summaries.items() if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's signature)
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))


class LazyCommands(MutableMapping[str, click.Command]):
    """
    Commands by name, each imported when it is looked up.

    Args:
        package: Where the modules are.
        names: Of the modules and the commands; the module of a keyword of Python has an underscore behind it.
    """

    def __init__(self, package: str, names: Sequence[str]) -> None:
        self._package = package
        self._commands: dict[str, click.Command | None] = dict.fromkeys(names)

    def __getitem__(self, name: str) -> click.Command:
        command = self._commands[name]
        if command is None:
            own_name = f"{name}_" if iskeyword(name) else name
            command = self._commands[name] = getattr(import_module(f"{self._package}.{own_name}"), own_name)
        return command

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._commands[name] = command

    def __delitem__(self, name: str) -> None:
        del self._commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)


def summary(group: click.Command, name: str) -> str:
    """The first sentence of a command's help."""
    command = group.commands[name] if isinstance(group, click.Group) else group
    first, _, _ = " ".join((command.help or "").split("\n\n")[0].split()).partition(". ")
    return f"{first.rstrip('.')}."


def _complain(message: str, file: Any = None, *, color: bool | None) -> None:
    """Write what is wrong to stderr."""
    text = f"flowproof: {message}"
    if sys.stderr is not None and sys.stderr.isatty():
        text = click.wrap_text(text, terminal.width())
    lead, _, rest = text.partition(":")
    click.echo(f"{click.style(f'{lead}:', fg='red')}{rest}", file=file, err=True, color=color)


def sentence(error: FlowproofError) -> str:
    """What is wrong and how to fix it."""
    match error:
        case ContractError(provider=provider):
            return f"{error}. See what is wrong with: flowproof contracts check {provider}"
        case StoreError():
            return f"{error}. Name a file that can be written, or leave --state at memory."
        case _:
            return str(error)
