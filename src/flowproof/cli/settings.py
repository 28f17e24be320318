"""The settings file: tables by command, keys by option. An unknown name is refused, not ignored."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from flowproof.errors import ConfigurationError

__all__ = ["default_map", "settings_file"]

USUAL_FILE = Path("flowproof.toml")


def settings_file(named: Path | None) -> Path | None:
    """The file that was named, or the usual one of the working directory where that exists."""
    if named is not None:
        return named
    return USUAL_FILE if USUAL_FILE.is_file() else None


def default_map(file: Path, group: click.Group) -> dict[str, Any]:
    """
    Read a settings file as click's defaults.

    Raises:
        ConfigurationError: It cannot be read, or names a command or an option that does not exist.
    """
    import tomllib  # noqa: PLC0415 (takes milliseconds, and most runs have no settings file)

    from flowproof.text_file import read_text  # noqa: PLC0415 (as tomllib)

    fix = "Name a TOML file with one table a command."
    try:
        tables = tomllib.loads(read_text(file, fix=fix))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"The settings file {file} cannot be read: {error}.", fix) from error
    return _of_group(file, group, tables, ())


def _of_group(file: Path, group: click.Group, tables: Mapping[str, Any], above: tuple[str, ...]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, table in tables.items():
        command = group.commands.get(name)
        if command is None or not isinstance(table, Mapping):
            there = ", ".join(f"[{'.'.join((*above, each))}]" for each in group.commands)
            raise ConfigurationError(
                f"{file} has an unknown entry {'.'.join((*above, name))}.", f"Its tables may be {there}."
            )
        if isinstance(command, click.Group):
            read[name] = _of_group(file, command, table, (*above, name))
        else:
            read[name] = _of_command(file, command, table, (*above, name))
    return read


def _of_command(file: Path, command: click.Command, table: Mapping[str, Any], above: tuple[str, ...]) -> dict[str, Any]:
    known = {_key(each): each.name for each in command.params if each.name}
    unknown = [key for key in table if key.replace("_", "-") not in known]
    if unknown:
        raise ConfigurationError(
            f"{file} has an unknown setting {'.'.join((*above, unknown[0]))}.",
            f"There are: {', '.join(sorted(known))}.",
        )
    return {str(known[key.replace("_", "-")]): value for key, value in table.items()}


def _key(parameter: click.Parameter) -> str:
    """An option's key: what is written on the command line, without its dashes; an argument's name."""
    name = max(parameter.opts, key=len) if isinstance(parameter, click.Option) else parameter.name or ""
    return name.lstrip("-").replace("_", "-")
