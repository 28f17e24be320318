"""
What the text of a contract's file says, parsed once: kept beside the file as Python keeps bytecode, for a quick start.

The parsers of YAML and TOML take longer than all else in loading a contract. What they gave stands in ``__pycache__``
with a digest of the text, and counts for that text alone. Where nothing can be kept there, it is parsed each time.
"""

import marshal
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from importlib.resources.abc import Traversable
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

__all__ = ["parsed"]


def parsed(file: Traversable, text: str, parse: Callable[[str], Any]) -> Any:
    """
    The value that a file's text stands for.

    Args:
        file: Where the text is from.
        text: All of it.
        parse: Makes the value, or raises what is wrong with the text.
    """
    if not isinstance(file, Path) or sys.dont_write_bytecode:
        return parse(text)
    place, digest = _place(file), sha256(text.encode()).digest()
    with suppress(OSError, EOFError, ValueError, TypeError):  # it is missing, or was written by nobody of us
        of, value = marshal.loads(place.read_bytes())  # noqa: S302 (trusted as the bytecode beside it is)
        if of == digest:
            return value
    value = parse(text)
    _keep(place, (digest, value))
    return value


def _place(file: Path) -> Path:
    """Beside the bytecode of that folder, wherever the interpreter has been told to have it."""
    return Path(cache_from_source(str(file))).with_suffix(".parsed")


def _keep(place: Path, value: tuple[bytes, Any]) -> None:
    with suppress(OSError, ValueError):  # nothing can be written there, or the value has dates
        written = marshal.dumps(value)
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(written)
        unfinished.replace(place)
