"""
The eleven documented refusals beside the mock's, as a table: python -m tests.interop.dots_eco.documented_answers

The documented ones are the cases of fixtures/dots_eco; the mock's come over HTTP, from a clock frozen at 2024-09-13.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.mocks.dots_eco import provider
from flowproof.target import ControlClient, Workspace

__all__ = ["Row", "rows", "table"]

CASES = Path(__file__).resolve().parents[3] / "fixtures" / "dots_eco" / "cases"
DOCUMENTED = (
    *(
        "app_token_missing",
        "app_token_invalid",
        "sku_missing",
        "sku_invalid",
        "expiration_invalid",
        "expiration_format",
    ),
    *(
        "expiration_minimum",
        "expiration_maximum",
        "recipient_email_invalid",
        "purchase_not_allowed",
        "wrong_auth_token",
    ),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One documented answer and the mock's: status and bytes."""

    title: str
    documented: tuple[int, bytes]
    mock: tuple[int, bytes]

    @property
    def same(self) -> bool:
        """Whether status and every byte are the same."""
        return self.documented == self.mock


def rows(workspace: Workspace) -> Iterator[Row]:
    """Request every documented answer from a mock's workspace."""
    for name in DOCUMENTED:
        case = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
        (step,) = case["steps"]
        workspace.clock.freeze(case["clock"])
        yield Row(case["title"], _expected(step["expect"]), _asked(workspace, step["request"]))


def _expected(expect: dict[str, Any]) -> tuple[int, bytes]:
    return expect["status"], json.dumps(expect["body"], separators=(",", ":")).encode()


def _asked(workspace: Workspace, request: dict[str, Any]) -> tuple[int, bytes]:
    site = workspace.site("dots_eco")
    headers = {"auth-token": site.credentials().key, "Content-Type": "application/json", **request.get("headers", {})}
    answer = requests.request(
        request["method"], site.url + request["path"], data=json.dumps(request["body"]), headers=headers, timeout=30
    )
    return answer.status_code, answer.content


def table(answers: list[Row]) -> str:
    """The answers as a table in Markdown."""
    lines = ["| | documented answer | the mock's answer | same? |", "|---|---|---|---|"]
    for row in answers:
        shown = (f"{status} `{body.decode()}`" for status, body in (row.documented, row.mock))
        lines.append(f"| {row.title} | {' | '.join(shown)} | {'yes' if row.same else 'NO'} |")
    return "\n".join(
        [*lines, "", f"{sum(row.same for row in answers)} of {len(answers)} are the same, byte for byte.", ""]
    )


def main() -> int:
    """Start a mock and print the table; the exit code says whether all answers are the same."""
    with Server(build_gateway([provider], ServerSettings(entropy=0))) as server:
        answers = list(rows(ControlClient(server.url).make_workspace()))
    sys.stdout.write(table(answers))
    return 0 if all(row.same for row in answers) else 1


if __name__ == "__main__":
    sys.exit(main())
