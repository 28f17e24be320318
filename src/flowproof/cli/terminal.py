"""
How output reaches the terminal: width, colour, characters that its encoding lacks, and streams that cannot be written.

Knows nothing of what is printed.
"""

import io
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TextIO

__all__ = ["check_arguments", "colour", "discard_output", "is_terminal", "lenient_streams", "width", "writes_utf8"]

NARROW, WIDE = 40, 120


def colour(environment: Mapping[str, str]) -> bool | None:
    """
    Whether output has colour: False or True where the environment says so, None for wherever a terminal is.

    Source:
        no-color.org: any value but the empty one counts. FORCE_COLOR is its counterpart.
    """
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return True if environment.get("FORCE_COLOR") else None


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def width() -> int:
    """Columns that texts are wrapped to: those of the terminal or of COLUMNS, within what can be read well."""
    return max(NARROW, min(WIDE, shutil.get_terminal_size((WIDE, 24)).columns))


def writes_utf8() -> bool:
    """Whether standard output can show every character."""
    return (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") in {"utf8", "utf8sig"}


def lenient_streams() -> None:
    r"""Let characters that a stream's encoding lacks be written as escapes such as `\u2026`, and not end a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard_output(*streams: TextIO | None) -> None:
    """Drop what streams could not write, which Python would try again, and complain of, at its end."""
    for stream in streams:
        with suppress(OSError, ValueError, AttributeError):
            descriptor = os.open(os.devnull, os.O_WRONLY)
            os.dup2(descriptor, stream.fileno())  # type: ignore[union-attr]  # (a stream that is closed is None)
            os.close(descriptor)


def check_arguments(arguments: Iterable[str], environment: Mapping[str, str]) -> str | None:
    """What is wrong with an argument, or with a variable of ours, that is not UTF-8; None where nothing is."""
    named = [("The argument", each) for each in arguments]
    named += [
        (f"The variable {name} has the value", environment[name])
        for name in environment
        if name.startswith("FLOWPROOF_")
    ]
    for what, text in named:
        try:
            text.encode()
        except UnicodeEncodeError:
            shown = os.fsencode(text).decode("ascii", "backslashreplace")
            return f"{what} {shown} is not UTF-8. Write it in UTF-8."
    return None
