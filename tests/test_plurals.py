"""Numbers with their nouns."""

import re

import pytest

from flowproof.plurals import counted
from tests import tree

NOUN_AFTER_A_NUMBER = re.compile(r"(?<!each of )(?<!These )\{(?:len|sum)\([^{}]*\)\} (?:[a-z]+ )?[a-z]+s\b")
"""A noun in the plural behind a number that may be one; "each of" and "These" stand before several."""


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (0, ("test",), "0 tests"),
        (1, ("test",), "1 test"),
        (2, ("recorded exchange",), "2 recorded exchanges"),
        (1, ("entry", "entries"), "1 entry"),
        (3, ("entry", "entries"), "3 entries"),
        (1, ("breaks", "break"), "1 breaks"),
    ],
)
def test_number_decides_between_one_and_several(number: int, words: tuple[str, ...], text: str) -> None:
    """One has the singular, every other number the plural; an irregular one is given."""
    assert counted(number, *words) == text


@pytest.mark.parametrize("folder", ["src/flowproof", "mocks", "suites"])
def test_no_sentence_takes_several_for_granted(folder: str) -> None:
    """Where a sentence has a number and its noun, `counted` joins them."""
    found = [
        f"{file.relative_to(tree.ROOT)}:{number}: {line.strip()}"
        for file in sorted((tree.ROOT / folder).rglob("*.py"))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if NOUN_AFTER_A_NUMBER.search(line)
    ]

    assert found == []
