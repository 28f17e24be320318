"""Reads from a syntax tree what a module imports and names, whichever way it is spelled. Knows no rule."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# Functions that import what their first argument names.
IMPORTERS = frozenset(
    {
        "__import__",
        "builtins.__import__",
        "importlib.__import__",
        "importlib.import_module",
        "importlib.util.find_spec",
        "pkgutil.resolve_name",
        "pytest.importorskip",
        "runpy.run_module",
    }
)
UNREADABLE = "?"


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """
    A module's syntax tree and the name it is imported by.

    Args:
        name: Dotted name, such as ``flowproof.mocks.oneflow.rules``.
        is_package: Whether it is an ``__init__``: relative imports then start at itself.
        tree: Its syntax tree.
        nodes: Everything in that tree.
    """

    name: str
    is_package: bool
    tree: ast.Module
    nodes: tuple[ast.AST, ...]

    @classmethod
    @cache  # every rule asks for every module
    def read(cls, path: Path, root: Path) -> "Module":
        """The module of a file, named as it ships: the top-level folders are parts of flowproof."""
        name = name_of(path, root)
        return cls.parse(path.read_text(encoding="utf-8"), name, path.stem == "__init__")

    @classmethod
    def parse(cls, source: str, name: str, is_package: bool = False) -> "Module":
        """The module that a source would be under this name."""
        parsed = ast.parse(source)
        return cls(name, is_package, parsed, tuple(ast.walk(parsed)))

    @property
    def package(self) -> str:
        """The package that relative imports start at."""
        return self.name if self.is_package else self.name.rpartition(".")[0]


def name_of(path: Path, root: Path) -> str:
    """The dotted name by which a file is imported."""
    parts = list(path.relative_to(root).with_suffix("").parts)
    parts = parts[1:] if parts[0] == "src" else ["flowproof", *parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@dataclass(frozen=True, slots=True)
class Import:
    """
    One name that a module imports.

    Args:
        target: Absolute dotted name of the module or of a name in it, or ``?`` where only running it would tell.
        line: Line in the importing module.
        is_relative: Whether it is spelled with leading dots.
    """

    target: str
    line: int
    is_relative: bool = False


def imports(module: Module) -> Iterator[Import]:
    """Everything a module imports: at its top, inside functions, for the type checker only, or through importlib."""
    names = aliases(module)
    for node in module.nodes:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(node, module)
            yield from (Import(f"{origin}.{alias.name}", node.lineno, bool(node.level)) for alias in node.names)
        elif isinstance(node, ast.Call) and dotted(node.func, names) in IMPORTERS:
            yield _called(node, module)
        elif isinstance(node, ast.Attribute) and (spelled := dotted(node, {})) and spelled.startswith("flowproof."):
            yield Import(spelled, node.lineno)


@cache
def aliases(module: Module) -> dict[str, str]:
    """What each imported name stands for: ``from datetime import datetime as dt`` gives dt → datetime.datetime."""
    found: dict[str, str] = {}
    for node in module.nodes:
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.partition(".")[0]: _bound(alias) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(node, module)
            found |= {alias.asname or alias.name: f"{origin}.{alias.name}" for alias in node.names}
    return found


def dotted(node: ast.AST, names: dict[str, str]) -> str | None:
    """The full name that an expression such as ``t.monotonic`` stands for, or None where it is no plain name."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute) and (owner := dotted(node.value, names)):
        return f"{owner}.{node.attr}"
    return None


def _bound(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.partition(".")[0]


def _origin(node: ast.ImportFrom, module: Module) -> str:
    return _absolute("." * node.level + (node.module or ""), module.package)


def _absolute(name: str, package: str) -> str:
    bare = name.lstrip(".")
    level = len(name) - len(bare)
    if not level:
        return name
    parents = package.split(".")
    base = parents[: len(parents) - level + 1]
    return ".".join([*base, *([bare] if bare else [])])


def _called(node: ast.Call, module: Module) -> Import:
    argument = node.args[0] if node.args else node.keywords[0].value if node.keywords else None
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        name = argument.value.replace(":", ".")
        return Import(_absolute(name, module.package), node.lineno, name.startswith("."))
    return Import(UNREADABLE, node.lineno)
