"""
The tests that the files of a suite define, read from their source: no pytest setting and no plugin can narrow them.

A test is a function or class by pytest's default names; its parameters are not counted.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from flowproof.errors import ConfigurationError

__all__ = ["defined_test", "defined_tests"]

PASSED_OVER = frozenset({"CVS", "_darcs", "build", "dist", "node_modules", "venv", "{arch}"})
Definition = ast.FunctionDef | ast.AsyncFunctionDef


def defined_tests(suite: Path) -> tuple[str, ...]:
    """
    The names of a suite's tests, such as `acme/test_orders.py::test_order_is_kept`.

    Args:
        suite: Its folder.

    Raises:
        ConfigurationError: A file cannot be read or is no Python.
    """
    found = {*suite.rglob("test_*.py"), *suite.rglob("*_test.py")}
    files = sorted(each for each in found if not any(map(_is_passed_over, each.relative_to(suite).parts[:-1])))
    return tuple(
        f"{suite.name}/{file.relative_to(suite).as_posix()}::{name}" for file in files for name in _names(file)
    )


def defined_test(node_id: str) -> str:
    """The name of the test to which a node id of pytest belongs: without parameters and without what is in a class."""
    file, _, rest = node_id.partition("::")
    return f"{file}::{rest.partition('[')[0].partition('::')[0]}"


def _is_passed_over(folder: str) -> bool:
    """Whether pytest looks for no tests in folders of that name."""
    return folder.startswith(".") or folder.endswith(".egg") or folder in PASSED_OVER


def _names(file: Path) -> Iterator[str]:
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (OSError, SyntaxError, ValueError) as error:
        raise ConfigurationError(f"The test file {file} cannot be read: {error}.", "Fix it.") from error
    yield from dict.fromkeys(name for statement in tree.body for name in _defined(statement))


def _defined(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith("test"):
            yield name
        case ast.ClassDef(name=name, body=body) if name.startswith("Test") and any(map(_is_method, body)):
            if not any(map(_is_no_test, body)):
                yield name
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Attribute(attr="TestCase")) if name.startswith("Test"):
            yield name  # Hypothesis's state machine


def _is_no_test(statement: ast.stmt) -> bool:
    """Whether a class says that it has no tests: `__test__ = False`."""
    match statement:
        case ast.Assign(targets=[ast.Name(id="__test__")], value=ast.Constant(value=False)):
            return True
        case _:
            return False


def _is_method(statement: ast.stmt) -> bool:
    return isinstance(statement, Definition) and statement.name.startswith("test")
