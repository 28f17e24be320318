"""
Patch mutants: the provider's ``mutants.toml`` beside the mock, each one a change of a few words in its source.

    [[mutant]]
    requirement = "acme.card.expiration.maximum"
    breaks = "a card may expire a day too late"
    module = "rules"
    find = "elif day > days.last:"      # stands in the module exactly once
    put = "elif day > days.last + timedelta(days=1):"
"""

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.resources import files
from types import CodeType, ModuleType
from typing import Any

from flowproof.conformance import Contract
from flowproof.errors import ConfigurationError
from flowproof.plurals import counted

from .mutant import Mutant, Patch

__all__ = ["install_patch", "package_of", "patch_mutants"]

NAME = "mutants.toml"
KEYS = {"requirement", "breaks", "module", "find", "put"}


def package_of(module: str) -> str:
    """The package of a mock, by one of its imported modules; empty for a module that is in none."""
    return module if hasattr(sys.modules[module], "__path__") else module.rpartition(".")[0]


def patch_mutants(package: str, contract: Contract) -> list[Mutant]:
    """
    Read the list of a mock; none where it has no list.

    Args:
        package: The mock's package; empty where it has none, and so no list.
        contract: Whose requirements the list names.

    Raises:
        ConfigurationError: An entry has other keys, an unknown requirement, or a text that does not stand in its module
            exactly once.
    """
    file = files(package).joinpath(NAME) if package else None
    if file is None or not file.is_file():
        return []
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{NAME} of {package} is no TOML: {error}.", "Fix it there.") from error
    mutants, counts = [], Counter[str]()
    for entry in content.get("mutant", ()):
        requirement = entry.get("requirement", "")
        counts[requirement] += 1
        mutants.append(_mutant(package, contract, entry, counts[requirement]))
    return mutants


def _mutant(package: str, contract: Contract, entry: dict[str, Any], number: int) -> Mutant:
    if set(entry) != KEYS or entry["requirement"] not in contract.requirements:
        raise ConfigurationError(
            f"{NAME} of {package} has an entry that is none: {entry}.",
            f"An entry has {', '.join(sorted(KEYS))}, and its requirement is in requirements.toml.",
        )
    source = files(package).joinpath(f"{entry['module']}.py").read_text(encoding="utf-8")
    often = source.count(entry["find"])
    if often != 1:
        raise ConfigurationError(
            f"{NAME} of {package}: {entry['module']}.py has {counted(often, 'time')} {entry['find']!r}.",
            "Name a text that stands there once.",
        )
    name = re.sub(r"[^a-z0-9]+", "-", entry["breaks"].lower()).strip("-")
    return Mutant(
        id=f"{entry['requirement']}:own-{number}-{name[:60]}",
        provider=contract.slug,
        family="requirement",
        kind="own",
        says=entry["breaks"],
        requirement=entry["requirement"],
        patch=Patch(_module(package, entry["module"]), entry["find"], entry["put"]),
    )


def _module(package: str, name: str) -> str:
    return package if name == "__init__" else f"{package}.{name}"


def install_patch(patch: Patch) -> None:
    """
    Have a module imported with its source changed.

    Raises:
        ConfigurationError: This process has imported it already.
    """
    if patch.module in sys.modules:
        raise ConfigurationError(f"{patch.module} is imported already.", "Break it before the mock is loaded.")
    sys.meta_path.insert(0, _Finder(patch))


class _Finder(MetaPathFinder):
    def __init__(self, patch: Patch) -> None:
        self._patch = patch

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname == self._patch.module else None
        if spec is not None and spec.origin:
            spec.loader = _Loader(fullname, spec.origin, self._patch)
        return spec


class _Loader(SourceFileLoader):
    """Loads one module with its source changed, and writes no bytecode."""

    def __init__(self, fullname: str, path: str, patch: Patch) -> None:
        super().__init__(fullname, path)
        self._patch = patch

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 (importlib's signature)
        source = self.get_data(self.path).decode()
        return self.source_to_code(source.replace(self._patch.find, self._patch.put, 1).encode(), self.path)
