"""Writes the tables of docs/faults.md anew, from what the kernel's faults declare."""

from pathlib import Path

from flowproof.kernel.faults.documentation import fault_tables

PAGE = Path(__file__).resolve().parent.parent / "docs" / "faults.md"
BEGIN, END = "<!-- made by scripts/fault_tables.py -->\n", "<!-- end -->\n"


def with_tables(text: str) -> str:
    """The text of the page with the tables as they should be."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{fault_tables()}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
