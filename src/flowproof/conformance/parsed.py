"""
A cache of parsed contract files beside Python's bytecode, for a quick start.

Parsing YAML and TOML takes most of the time of loading a contract. The result is kept in ``__pycache__`` with a digest
of the text and of itself, and is used for that text only. Where nothing can be written there, or what is there is
damaged, the text is parsed.
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

__all__ = ["parse_cached"]

SIZE = sha256().digest_size


def parse_cached(file: Traversable, text: str, parse: Callable[[str], Any]) -> Any:
    """
    The parsed value of a file's text.

    Args:
        file: Where the text is from.
        text: The whole text.
        parse: Returns the value, or raises an error.
    """
    if not isinstance(file, Path) or sys.dont_write_bytecode:
        return parse(text)
    place, digest = _place(file), sha256(text.encode()).digest()
    with suppress(OSError):
        kept = place.read_bytes()
        if kept.startswith(digest + sha256(kept[2 * SIZE :]).digest()):  # marshal reads nothing that is damaged
            return marshal.loads(kept[2 * SIZE :])  # noqa: S302 (trusted as the bytecode beside it is)
    value = parse(text)
    _keep(place, digest, value)
    return value


def _place(file: Path) -> Path:
    """Where Python keeps the bytecode of that folder."""
    return Path(cache_from_source(str(file))).with_suffix(".parsed")


def _keep(place: Path, digest: bytes, value: Any) -> None:
    with suppress(OSError, ValueError):  # not writable, or the value has dates
        written = marshal.dumps(value)
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(digest + sha256(written).digest() + written)
        unfinished.replace(place)
