"""What identifies a suite: its digest, its versions, and whether its files are those of the wheel that brought them."""

import platform
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distributions, version
from importlib.resources.abc import Traversable
from pathlib import Path

from .criteria import digest

__all__ = ["changed_files", "suite_digest", "versions"]

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


def changed_files(suite: Path) -> tuple[str, ...]:
    """
    The files of Flowproof and of a suite's distribution that are not those of their wheels, by the wheels' RECORD.

    Any file of a package counts: what judges a run is as much a part of it as its tests. A checkout, an editable
    installation and a folder of somebody's own have no such list, so nothing is known of them.
    """
    found: set[str] = set()
    own = Path(__file__).resolve().parents[1]
    for folder in {own} if suite.is_relative_to(own) else {own, suite}:
        found.update(_changed_files(folder))
    return tuple(sorted(found))


def _changed_files(folder: Path) -> Iterator[str]:
    for each in distributions():
        root = Path(str(each.locate_file(""))).resolve()
        place = folder.relative_to(root).as_posix() if folder.is_relative_to(root) else ""
        if place and f"{place}/" in (each.read_text("RECORD") or ""):
            yield from _changes(each, root, place.partition("/")[0])
            return


def _changes(distribution: Distribution, root: Path, package: str) -> Iterator[str]:
    """The changed, missing and added files of a distribution's package."""
    recorded = {str(each): each.hash for each in distribution.files or () if each.parts[0] == package}
    for name, known in recorded.items():
        if known is None:
            continue  # (RECORD itself, and bytecode)
        file = root / name
        digest = urlsafe_b64encode(sha256(file.read_bytes()).digest()).decode() if file.is_file() else ""
        if known.mode == "sha256" and digest.rstrip("=") != known.value:
            yield name
    for file in (root / package).rglob("*.py"):
        if (name := file.relative_to(root).as_posix()) not in recorded:
            yield name
