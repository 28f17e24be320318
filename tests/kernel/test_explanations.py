"""Explanations that take work are made when somebody reads the exchange, not while its client waits."""

from datetime import UTC, datetime
from typing import Any

from flowproof.kernel.assembly import open_store
from flowproof.kernel.journal.journal import MOST_WAITING, ExchangeMeta, Journal


class Refusal:
    """A refused exchange, as short as can be."""

    is_refused = True

    def to_json(self) -> dict[str, Any]:
        """An entry without an explanation."""
        return {"provider": "notes", "explanation": ""}

    def brief(self) -> dict[str, Any]:
        """What a list would show of it."""
        return {"provider": "notes"}


def make_journal(exchanges: int = 1) -> Journal:
    """A journal with so many refused exchanges of the workspace desk."""
    journal = Journal(open_store(":memory:"), keep=10_000)
    for number in range(1, exchanges + 1):
        meta = ExchangeMeta("desk", number, datetime(2024, 9, 13, tzinfo=UTC), 1.0)
        journal.write(meta, Refusal(), frozenset())
    return journal


def test_explanation_is_made_once_when_it_is_read() -> None:
    """An explanation is made at the first reading, and kept."""
    journal = make_journal()
    made: list[str] = []

    def explain() -> str:
        made.append("once")
        return "because"

    journal.explain_later("desk-1", explain)

    read = [journal.find("desk-1"), *journal.entries("desk")]

    assert [entry and entry["explanation"] for entry in read] == ["because", "because"]
    assert made == ["once"]


def test_note_that_comes_during_an_explanation_is_kept() -> None:
    """What another thread adds to an exchange while its explanation is drawn up is kept."""
    journal = make_journal()
    first = iter([True, False])

    def explain() -> str:
        if next(first):
            journal.note("desk", 1, "And a task failed.")
        return "because"

    journal.explain_later("desk-1", explain)
    journal.explain_waiting()

    entry = journal.find("desk-1")
    assert entry is not None
    assert entry["explanation"] == "because And a task failed."


def test_explanations_that_nobody_reads_are_bounded() -> None:
    """Of the explanations that nobody has read, only the last thousand wait."""
    journal = make_journal(exchanges=MOST_WAITING + 1)
    for number in range(1, MOST_WAITING + 2):
        journal.explain_later(f"desk-{number}", lambda: "because")

    first, second = journal.find("desk-1"), journal.find("desk-2")

    assert [entry and entry["explanation"] for entry in (first, second)] == ["", "because"]
