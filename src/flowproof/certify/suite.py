"""The digest and versions that identify a suite."""

import platform
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.resources.abc import Traversable

from .criteria import digest

__all__ = ["suite_digest", "versions"]

DEPENDENCIES = ("pytest", "hypothesis", "requests", "jsonschema-rs", "msgspec")


def suite_digest(suite: Traversable, contract: Traversable, fixtures: Traversable) -> str:
    """SHA-256, in hex, over all that decides what a run does: suite, contract and fixtures, which need not exist."""
    folders = [suite, contract, *([fixtures] if fixtures.is_dir() else [])]
    return sha256("".join(map(digest, folders)).encode()).hexdigest()


def versions() -> Mapping[str, str]:
    """Versions of Python and of the suite's dependencies, by name."""
    found = {"python": platform.python_version()}
    for name in DEPENDENCIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
