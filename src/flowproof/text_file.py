"""Reads files that people write or that other tools wrote: UTF-8, with or without a byte order mark."""

from pathlib import Path

from flowproof.errors import ConfigurationError

__all__ = ["read_text"]

# What a file in another encoding begins with.
MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def read_text(file: Path, *, fix: str = "Name another file.") -> str:
    """
    The text of a file, without a byte order mark.

    Args:
        file: Its path.
        fix: How to mend it where the file cannot be opened, in one sentence.

    Raises:
        ConfigurationError: The file cannot be read, or is not UTF-8.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.", fix) from error
    except ValueError as error:  # a path with a null byte
        raise ConfigurationError(f"{str(file)!r} is no path: {error}.", fix) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        encoding = MARKS.get(data[:2])
        what = f"It is {encoding}." if encoding else f"Byte {error.start + 1} is {data[error.start]:#04x}."
        raise ConfigurationError(f"{file} is not UTF-8. {what}", "Save it as UTF-8.") from error
