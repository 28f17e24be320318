"""``flowproof record``: the journal of a running server as a case, without secrets and personal data."""

from datetime import UTC, datetime
from pathlib import Path

import click

from flowproof.conformance import load_contract
from flowproof.providers import find_kit
from flowproof.recording import read_document

from .control import Control, workspace_path
from .options import complete_provider, workspace_options
from .recordings import Names, convert_recording, recording_options, write_cases

__all__ = ["record"]


@click.command()
@click.argument("provider", shell_complete=complete_provider)
@workspace_options
@recording_options
def record(
    provider: str,
    server: str,
    token: str | None,
    workspace: str,
    output: Path,
    case_id: str | None,
    base_url: str | None,
    volatile: tuple[str, ...],
    redact: tuple[str, ...],
    keep: tuple[str, ...],
    force: bool,
) -> None:
    """
    Make a case of the exchanges that a running server has in its journal.

    The server is a mock, or a proxy. The case is as flowproof import makes it of a file.
    """
    kit = find_kit(provider)
    contract = load_contract(provider, kit.contract_folder())
    archive = Control(server, token).get(workspace_path(workspace, "/journal.har"))
    recording = read_document(case_id or f"{provider} {workspace}", archive)
    made = convert_recording(
        recording,
        kit,
        contract,
        fallback=datetime.now(UTC),
        base_url=base_url,
        names=Names(volatile, redact, keep),
    )
    write_cases(output, [made], force=force)
