"""Writes the table of docs/contracts-diff.md anew, from the rules that the comparison knows."""

from pathlib import Path

from flowproof.compatibility import RULES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "contracts-diff.md"
BEGIN, END = "<!-- made by scripts/change_rules.py -->\n", "<!-- end -->\n"


def rule_table() -> str:
    """Every rule with its sentence and whom it breaks, as Markdown."""
    rows = [
        f"| `{each.id}` | {each.text} | {'nobody' if each.breaks == 'none' else each.breaks} |"
        for each in RULES.values()
    ]
    return "\n".join(["| rule | what changed | breaks |", "|---|---|---|", *rows, ""])


def with_table(text: str) -> str:
    """The text of the page with the table as it should be."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{rule_table()}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
