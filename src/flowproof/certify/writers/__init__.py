"""The views of a report. A writer is a pure function from a report to the bytes of a file."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from flowproof.certify.report import CertificationReport, json_report, schema
from flowproof.errors import ConfigurationError

from .github import annotations, summary
from .har import archive
from .html import page
from .junit import junit
from .sarif import sarif

__all__ = ["VIEWS", "annotations", "hide_from_git", "summary", "write_views"]


def _schema(_: CertificationReport) -> bytes:
    return json.dumps(schema(), indent=1, ensure_ascii=False).encode() + b"\n"


VIEWS: Mapping[str, Callable[[CertificationReport], bytes]] = MappingProxyType(
    {
        "report.html": page,
        "report.json": json_report,
        "report.schema.json": _schema,
        "junit.xml": junit,
        "report.sarif": sarif,
        "exchanges.har": archive,
    }
)


def write_views(report: CertificationReport, folder: Path) -> tuple[Path, ...]:
    """
    Write every view into a folder, which is created where it is missing.

    Returns:
        The files.

    Raises:
        ConfigurationError: The files cannot be written.
    """
    files = {folder / name: view(report) for name, view in VIEWS.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            file.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"The report cannot be written: {error}.", "Name another folder.") from error
    return tuple(files)


def hide_from_git(folder: Path) -> None:
    """Let git ignore a folder of reports, as it does the caches of test tools: reports hold exchanges."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
