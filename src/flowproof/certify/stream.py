"""
The events of a run as a file, to which several processes can append.

A file beside it, the seal, has the size and a digest of all lines. So a run is not resumed from events that somebody
else has edited. Whoever computes the seal anew can still lie: `docs/certify.md` says what a certificate proves.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO

from flowproof.errors import ConfigurationError

from .events import Event, dump, read_events

__all__ = ["append", "events_of", "repair", "seal_of", "sealed_size"]

OWNER_ONLY = 0o600
DIGEST_SIZE = sha256().digest_size
SEAL_SIZE = 8 + DIGEST_SIZE  # the size of the sealed lines in bytes, big-endian, and their digest


def seal_of(file: Path) -> Path:
    """The seal of a file of events."""
    return file.with_name(f"{file.name}.seal")


def append(file: Path, *events: Event) -> None:
    """
    Append events to a file, together and whole; the file is created where it is missing.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    lines = list(map(dump, events))
    try:
        with open(file, "ab", buffering=0, opener=_private) as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            with _sealing(file, stream, lines):
                _write(stream, b"".join(lines))
    except OSError as error:
        raise _unusable(file, error) from error


def _write(stream: IO[bytes], data: bytes) -> None:
    while data:
        data = data[stream.write(data) :]


def sealed_size(file: Path) -> int:
    """How many bytes of the events are sealed; what is behind them was left by a process that was killed."""
    try:
        return _parsed(seal_of(file).read_bytes())[0]
    except FileNotFoundError:
        return 0


@contextmanager
def _sealing(file: Path, stream: IO[bytes], lines: Sequence[bytes]) -> Iterator[None]:
    """
    Seal a locked file after lines were added to it.

    What another process wrote and did not seal before it was killed is cut off first. A file that has lines and no seal
    gets none: nobody knows who wrote them.
    """
    before = os.fstat(stream.fileno()).st_size
    if before and not seal_of(file).exists():
        yield
        return
    descriptor = os.open(seal_of(file), os.O_RDWR | os.O_CREAT, OWNER_ONLY)
    try:
        size, digest = _parsed(os.pread(descriptor, SEAL_SIZE, 0))
        if before > size:
            os.ftruncate(stream.fileno(), size)
        try:
            yield
        finally:  # an interrupt may come in between: the lines count together, or none of them does
            whole = size + sum(map(len, lines))
            if os.fstat(stream.fileno()).st_size == whole:
                for line in lines:
                    digest = _next_digest(digest, line)
                os.pwrite(descriptor, whole.to_bytes(8, "big") + digest, 0)
            else:
                os.ftruncate(stream.fileno(), size)
    finally:
        os.close(descriptor)


def _parsed(seal: bytes) -> tuple[int, bytes]:
    return int.from_bytes(seal[:8], "big"), seal[8:] or bytes(DIGEST_SIZE)


def _next_digest(digest: bytes, line: bytes) -> bytes:
    return sha256(digest + line).digest()


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
    Cut off what is behind the sealed lines, such as an incomplete last line.

    Raises:
        ConfigurationError: The file cannot be read or written, or was changed by somebody else.
    """
    try:
        size, sealed = _parsed(seal_of(file).read_bytes())
        with file.open("r+b") as stream:
            digest = bytes(DIGEST_SIZE)
            for line in stream.read(size).splitlines(keepends=True):
                digest = _next_digest(digest, line)
            if digest != sealed or not size:
                raise ConfigurationError(
                    f"The events {file} were changed since the run wrote them.", "Begin a new run in another folder."
                )
            stream.truncate(size)
    except OSError as error:
        raise _unusable(file, error) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, OWNER_ONLY)


def _unusable(file: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"The events {file} cannot be used: {error.strerror}.", "Name another file.")
