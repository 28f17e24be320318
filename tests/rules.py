"""A rule about modules is a function of one; it is judged over the files of what ships."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tests import tree
from tests.imports import Module, name_of

__all__ = ["Rule", "below", "is_below", "judge", "module_name"]

Rule = Callable[[Module], Iterator[str]]


def is_below(name: str, *prefixes: str) -> bool:
    """Whether a dotted name is one of these or inside one of them."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def below(*prefixes: str) -> list[Path]:
    """Python files of what ships, by the prefix of their module."""
    return [path for path in tree.modules("src", "mocks", "suites") if is_below(module_name(path), *prefixes)]


def module_name(path: Path) -> str:
    """The name that a file's module is imported by."""
    return name_of(path, tree.ROOT)


def judge(rule: Rule, paths: list[Path]) -> list[str]:
    """What a rule has against these files."""
    return [offence for path in paths for offence in rule(Module.read(path, tree.ROOT))]
