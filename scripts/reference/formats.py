"""Pages about the files of a certification run, from the types that write them."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from flowproof.certify.events import Event
from flowproof.certify.report import CertificationReport

from .markdown import code, table
from .schemas import type_of

__all__ = ["events_page", "report_page"]


def events_page() -> str:
    """Every event with its fields."""
    return (
        "# Events\n\n`events.jsonl` has one JSON object a line. The field `event` says which of these it is.\n\n"
        + "\n".join(_sections(msgspec.json.schema(Event)["$defs"]))
    )


def report_page() -> str:
    """Every part of report.json with its fields."""
    definitions = msgspec.json.schema(CertificationReport)["$defs"]
    return (
        "# Report\n\n`report.json` is a `CertificationReport`. Its JSON Schema is `report.schema.json`, beside it.\n\n"
        + "\n".join(_sections(definitions))
    )


def _sections(definitions: Mapping[str, Any]) -> Iterator[str]:
    for name, each in sorted(definitions.items()):
        if "properties" not in each:
            continue
        required = set(each.get("required", ()))
        rows = (
            (code(field), type_of(stated), "yes" if field in required else "no")
            for field, stated in each["properties"].items()
        )
        first = " ".join(each.get("description", "").split("\n\n")[0].split())
        yield f"## {name}\n\n{first}\n\n{table(('field', 'type', 'always there'), rows)}"
