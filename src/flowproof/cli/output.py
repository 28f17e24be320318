"""Writes a command's result to a file or stdout."""

from pathlib import Path

import click

from flowproof.errors import ConfigurationError

__all__ = ["write"]


def write(file: Path, text: str) -> None:
    """
    Write a text to a file and report that; `-` is stdout.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    if str(file) == "-":
        click.echo(text)
        return
    try:
        file.write_text(f"{text}\n", encoding="utf-8", errors="backslashreplace")  # a lone surrogate, as JSON has it
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}.", "Name another file.") from error
    click.echo(f"wrote {file}")
