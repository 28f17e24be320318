"""Pages about the command line: commands, settings and exit codes, from click's own declarations."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

import click

from flowproof.cli import main

from .markdown import code, table

__all__ = ["Setting", "commands_page", "contexts", "exit_codes_page", "settings", "settings_page"]

EXIT_CODE = re.compile(r"[^.\n]*\bexit codes?\b.*?(?:\.(?=\s|$)|$)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Setting:
    """
    An option of a command, with where its value may come from.

    Args:
        command: Such as `flowproof contracts diff`.
        option: The option itself.
        variables: Environment variables, the first that is set counts.
        key: Of the settings file, such as `contracts.diff.fail_on`; empty for options of `flowproof` itself.
        text: Of `--help`.
        default: As `--help` has it; empty without one.
    """

    command: str
    option: str
    variables: tuple[str, ...]
    key: str
    text: str
    default: str


def contexts() -> Iterator[click.Context]:
    """A context of each command and group, in the order of `--help`, none of which is run."""
    root = click.Context(main, info_name="flowproof", **main.context_settings)
    yield from _below(root)


def _below(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            if command is not None:
                yield from _below(click.Context(command, info_name=name, parent=context))


def settings() -> Iterator[Setting]:
    """Every option of every command that can be set in another way too."""
    for context in contexts():
        for each in context.command.params:
            if isinstance(each, click.Option) and not each.hidden and each.expose_value:
                yield _setting(context, each)


def _setting(context: click.Context, option: click.Option) -> Setting:
    own = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
    general = f"{context.auto_envvar_prefix}_{(option.name or '').upper()}" if context.auto_envvar_prefix else ""
    place = context.command_path.split()[1:]
    extra = option.get_help_extra(context)
    return Setting(
        context.command_path,
        max(option.opts, key=len),
        tuple(dict.fromkeys(filter(None, (*own, general)))),
        ".".join([*place, option.name or ""]) if place else "",
        option.help or "",
        str(extra.get("default", "")),
    )


def commands_page() -> str:
    """Every command with its arguments and options."""
    return """# Command line

```{eval-rst}
.. click:: flowproof.cli:main
   :prog: flowproof
   :nested: full
```
"""


def settings_page() -> str:
    """Every option with its environment variables and its key in the settings file."""
    rows = (
        (
            code(each.command.removeprefix("flowproof ")),
            code(each.option),
            ", ".join(map(code, each.variables)),
            code(each.key),
            code(each.default),
        )
        for each in settings()
    )
    intro = (
        "An option counts before its environment variable, that before the settings file `flowproof.toml`, that before "
        "the default. Where a setting has two variables, the first that is set counts. An option that is repeated "
        "takes several values with blanks between them from a variable, and a list from the file. A dotted key names "
        "the table and the key in it.\n"
    )
    return f"# Settings\n\n{intro}\n{table(('command', 'option', 'environment variable', 'key', 'default'), rows)}"


def exit_codes_page() -> str:
    """What each command says about its exit codes."""
    rows = []
    for context in contexts():
        text = inspect.cleandoc(context.command.help or "").replace("\b\n", "")
        said = " ".join(" ".join(each.split()) for each in EXIT_CODE.findall(text))
        if said and context.parent is not None:
            rows.append((code(context.command_path), said))
    general = (
        "| code | means |\n|---|---|\n| 0 | all held |\n| 1 | something failed |\n"
        "| 2 | the run was misconfigured, or the command line was wrong |\n| 130 | the run was interrupted |\n"
    )
    return f"# Exit codes\n\n{general}\nWhere a command says more:\n\n{table(('command', 'exit codes'), rows)}"
