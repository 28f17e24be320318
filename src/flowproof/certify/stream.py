"""The events of a run as a file, to which several processes can append."""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from flowproof.errors import ConfigurationError

from .events import Event, dump, read_events

__all__ = ["append", "events_of", "repair"]

OWNER_ONLY = 0o600


def append(file: Path, *events: Event) -> None:
    """
    Append events to a file, together and whole; the file is created where it is missing.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    lines = b"".join(map(dump, events))
    try:
        with open(file, "ab", buffering=0, opener=_private) as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            while lines:
                lines = lines[stream.write(lines) :]
    except OSError as error:
        raise _unusable(file, error) from error


def events_of(file: Path) -> Iterable[Event]:
    """
    Read the events of a file in order.

    Raises:
        ConfigurationError: The file cannot be read, or a line is not an event.
    """
    try:
        with file.open("rb") as stream:
            yield from read_events(stream)
    except OSError as error:
        raise _unusable(file, error) from error


def repair(file: Path) -> None:
    """
    Cut off an incomplete last line, so that the next event begins a line.

    Raises:
        ConfigurationError: The file cannot be read or written.
    """
    try:
        with file.open("r+b") as stream:
            whole = sum(len(line) for line in stream if line.endswith(b"\n"))
            stream.truncate(whole)
    except OSError as error:
        raise _unusable(file, error) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, OWNER_ONLY)


def _unusable(file: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"The events {file} cannot be used: {error.strerror}.", "Name another file.")
