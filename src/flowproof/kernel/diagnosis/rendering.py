"""A diagnosis as plain lines, which a terminal and the journal have, and those lines read again, for the page."""

import re
from typing import Any

from .search import Diagnosis

__all__ = ["read_rendered", "render"]

HEADINGS = {True: "The signature verifies.", False: "The signature does not verify."}
SERVER, CLIENT, FORM, MISTAKE, FIX, NOTE = "server signed", "client signed", "expected", "mistake", "fix", "note"
WIDTH = 13
LINE = re.compile(rf"  (.{{{WIDTH}}})  (.*)")


def render(diagnosis: Diagnosis) -> str:
    """The diagnosis as plain lines."""
    rows = [(SERVER, diagnosis.string_to_sign)]
    if diagnosis.client_signed:
        rows.append((CLIENT, diagnosis.client_signed))
    rows.append((FORM, diagnosis.expected_form))
    for mistake in diagnosis.mistakes:
        rows += [(MISTAKE, f"{mistake.code}: {mistake.text}"), (FIX, mistake.fix)]
    rows.append((NOTE, diagnosis.note))
    return "\n".join([HEADINGS[diagnosis.verifies], *(f"  {name:<{WIDTH}}  {text}" for name, text in rows)])


def read_rendered(text: str) -> dict[str, Any] | None:
    """
    The parts of a diagnosis in an explanation that `render` has written; None where the explanation is another.

    Returns:
        ``server_signed``, ``client_signed`` (None where no mistake reproduces it), ``expected``, ``mistakes`` with
        ``code``, ``text`` and ``fix`` each, and ``note``.
    """
    heading, *lines = text.splitlines()[:100] or [""]
    rows = [(found[1].rstrip(), found[2]) for found in map(LINE.fullmatch, lines) if found]
    if heading not in HEADINGS.values() or not rows:
        return None
    single = dict(rows)
    fixes = [value for name, value in rows if name == FIX]
    made = [value.partition(": ") for name, value in rows if name == MISTAKE]
    return {
        "server_signed": single.get(SERVER, ""),
        "client_signed": single.get(CLIENT),
        "expected": single.get(FORM, ""),
        "mistakes": [
            {"code": code, "text": what, "fix": fix} for (code, _, what), fix in zip(made, fixes, strict=False)
        ],
        "note": single.get(NOTE, ""),
    }
