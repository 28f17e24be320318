"""The tests of a suite, read from its source."""

from pathlib import Path

import pytest

from flowproof.certify.suite_tests import defined_test, defined_tests
from flowproof.errors import ConfigurationError

SOURCE = """
from hypothesis.stateful import RuleBasedStateMachine

def test_one(): ...
async def test_two(): ...
def helper_test(): ...

class TestThings:
    def test_three(self): ...

class TestData:
    __test__ = False
    def test_no(self): ...

class TestNothing:
    def helper(self): ...

class Life(RuleBasedStateMachine): ...

TestLife = Life.TestCase
"""


def test_tests_are_read_from_the_source(tmp_path: Path) -> None:
    """Functions, classes and state machines by pytest's default names, in the folders where pytest looks."""
    suite = tmp_path / "acme"
    for name in ("test_a.py", "inner/b_test.py", "build/test_c.py", ".venv/test_d.py", "helper.py"):
        (suite / name).parent.mkdir(parents=True, exist_ok=True)
        (suite / name).write_text(SOURCE if name == "test_a.py" else "def test_it(): ...\n")

    assert defined_tests(suite) == (
        "acme/inner/b_test.py::test_it",
        *(f"acme/test_a.py::{each}" for each in ("test_one", "test_two", "TestThings", "TestLife")),
    )


def test_file_that_is_no_python_is_told(tmp_path: Path) -> None:
    """A file with an error in it is named, and the run does not begin."""
    (tmp_path / "test_a.py").write_text("def test_it(:\n")

    with pytest.raises(ConfigurationError, match=r"test_a\.py cannot be read"):
        defined_tests(tmp_path)


@pytest.mark.parametrize("item", ["a/test_a.py::test_it", "a/test_a.py::test_it[x::y-1]", "a/test_a.py::test_it[]"])
def test_item_belongs_to_its_definition(item: str) -> None:
    """The cases of a test belong to one definition, whatever their parameters are."""
    assert defined_test(item) == "a/test_a.py::test_it"


def test_method_belongs_to_its_class() -> None:
    """A method belongs to the class in which it is."""
    assert defined_test("a/test_a.py::TestIt::test_that[1]") == "a/test_a.py::TestIt"
