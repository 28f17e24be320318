"""The suite that certifies a provider: where it stands, and what tells one state of it from another."""

import platform
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from flowproof.errors import ConfigurationError

from .criteria import digest

__all__ = ["digest_of", "suite_of", "versions"]

STANDS_ON = ("pytest", "hypothesis", "requests", "jsonschema-rs", "msgspec")


def suite_of(provider: str) -> Path:
    """
    Where the suite of a provider of this package stands.

    Raises:
        ConfigurationError: It has none.
    """
    folder = files("flowproof.suites").joinpath(provider)
    if not folder.is_dir():
        raise ConfigurationError(f"There is no suite for {provider}.", "Name its folder with --suite.")
    return Path(str(folder)).resolve()


def digest_of(provider: str, suite: Path, contract: Traversable) -> str:
    """SHA-256, in hex, over all that decides what a run does: suite, contract and fixtures of a provider."""
    fixtures = files("flowproof.fixtures").joinpath(provider)
    folders = [suite, contract, *([fixtures] if fixtures.is_dir() else [])]
    return sha256("".join(map(digest, folders)).encode()).hexdigest()


def versions() -> Mapping[str, str]:
    """Versions of Python and of what a suite stands on, by name."""
    found = {"python": platform.python_version()}
    for name in STANDS_ON:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
