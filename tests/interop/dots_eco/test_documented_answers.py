"""The table of documented answers beside the mock's."""

from flowproof.target import Workspace
from tests.interop.dots_eco.documented_answers import Row, rows, table


def test_all_eleven_answers_are_the_documented_ones(workspace: Workspace) -> None:
    """
    The table that people are shown has eleven rows, and in each the mock answers as documented, byte for byte.
    """
    answers = list(rows(workspace))

    assert [row.same for row in answers] == [True] * 11


def test_table_shows_a_difference() -> None:
    """
    A row whose answers differ, if only in a byte, is shown as one that does.
    """
    shown = table([Row("Wrong", (403, b"{}"), (403, b"{ }"))])

    assert "| Wrong | 403 `{}` | 403 `{ }` | NO |" in shown
    assert "0 of 1 are the same" in shown
