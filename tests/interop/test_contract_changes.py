"""Changes between documents, judged by another hand: api-smart-diff."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.compatibility import test_operations, test_schemas
from tests.compatibility.documents import found, request, response
from tests.interop import programs

# What it alone calls breaking for clients, and why we do not.
ITS_OWN = {
    "request type.widened": "a request may be more than before",
    "request number and integer": "every integer is a number",
    "request null as an alternative": "the same values, written in another way",
    "request format.removed": "a request may be more than before",
    "request condition.removed": "a request may be more than before",
    "response enum.removed": "a response may be less than before",
    "response limit.tightened": "a response may be less than before",
    "response others.forbidden": "a response may be less than before",
    "response type.narrowed": "a response may be less than before",
    "response schema.narrowed": "a response may be less than before",
    "letter case of a header": "names of headers have none (RFC 9110, 5.1)",
    "blank in a media type": "blanks around a parameter mean nothing (RFC 9110, 8.3.1)",
    "error gone": "a client need not meet an error",
}


def pairs() -> list[tuple[str, Any, Any]]:
    """Every pair of documents that our own tests compare."""
    return [
        *((f"request {last}", request(old), request(new)) for old, new, last, _ in test_schemas.PAIRS),
        *((f"response {last}", response(old), response(new)) for old, new, last, _ in test_schemas.PAIRS),
        *((f"request {name}", request(old), request(new)) for name, old, new in test_schemas.SAME),
        *((name, old, new) for name, old, new, _ in test_operations.PAIRS),
    ]


@pytest.mark.usefixtures("installed_sdk")
def test_what_another_tool_calls_breaking_we_do_too(tmp_path: Path) -> None:
    """Nothing that api-smart-diff calls breaking escapes us, but for what has a reason above."""
    compared = pairs()
    answers = json.loads(programs.ask("contract_changes.mjs", json.dumps([each[1:] for each in compared])))
    missed = {
        name
        for number, ((name, old, new), breaking) in enumerate(zip(compared, answers, strict=True))
        if breaking and not _breaks_clients(tmp_path / str(number), old, new)
    }
    assert missed == set(ITS_OWN)


def _breaks_clients(folder: Path, old: Any, new: Any) -> bool:
    return any(breaks in {"clients", "both"} for _, breaks in found(folder, old, new))
