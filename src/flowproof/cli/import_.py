"""``flowproof import``: recorded traffic as cases, without secrets and personal data."""

from dataclasses import replace
from pathlib import Path

import click

from flowproof.conformance import load_contract
from flowproof.errors import ConfigurationError
from flowproof.providers import find_kit
from flowproof.recording import read_recording

from .options import complete_provider
from .recordings import Names, convert_recording, modified_at, recording_options, write_cases

__all__ = ["import_"]


@click.command("import")
@click.argument("provider", shell_complete=complete_provider)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@recording_options
def import_(
    provider: str,
    files: tuple[Path, ...],
    output: Path,
    case_id: str | None,
    base_url: str | None,
    volatile: tuple[str, ...],
    redact: tuple[str, ...],
    keep: tuple[str, ...],
    force: bool,
) -> None:
    """
    Make cases of recorded traffic.

    A file is an HTTP Archive (of Chrome, Firefox, mitmproxy, Charles, flowproof journal --har), a JSON session of
    Charles, or a Postman collection with saved responses. It becomes one case, with placeholders for secrets and
    personal data. A value of an answer that reappears in a later request is bound, so that the conversation can run
    again. Nothing is written where one of the files cannot be read.
    """
    if case_id is not None and len(files) > 1:
        raise ConfigurationError("There is one --id for several files.", "Leave it out, or import them one by one.")
    kit = find_kit(provider)
    contract = load_contract(provider, kit.contract_folder())
    found = [
        convert_recording(
            replace(recording, name=case_id or recording.name),
            kit,
            contract,
            fallback=modified_at(file),
            base_url=base_url,
            names=Names(volatile, redact, keep),
        )
        for file, recording in ((each, read_recording(each)) for each in files)
    ]
    write_cases(output, found, force=force)
