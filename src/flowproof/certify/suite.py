"""The suite of a provider: its folder, and the digest and versions that identify it."""

import platform
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from flowproof.errors import ConfigurationError

from .criteria import digest

__all__ = ["find_suite", "suite_digest", "versions"]

DEPENDENCIES = ("pytest", "hypothesis", "requests", "jsonschema-rs", "msgspec")


def find_suite(provider: str) -> Path:
    """
    The folder of a provider's suite in this package.

    Raises:
        ConfigurationError: There is none.
    """
    folder = files("flowproof.suites").joinpath(provider)
    if not folder.is_dir():
        raise ConfigurationError(f"There is no suite for {provider}.", "Name its folder with --suite.")
    return Path(str(folder)).resolve()


def suite_digest(provider: str, suite: Path, contract: Traversable) -> str:
    """SHA-256, in hex, over everything that decides what a run does: suite, contract and fixtures of a provider."""
    fixtures = files("flowproof.fixtures").joinpath(provider)
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
