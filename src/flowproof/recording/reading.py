"""Reads a recording from a file: an HTTP Archive, or a Postman collection."""

import json
from pathlib import Path
from typing import Any

from flowproof.text_file import read_text

from .exchanges import Recording, RecordingError
from .har import recording_of_archive
from .postman import recording_of_collection

__all__ = ["read_document", "read_recording"]

FIX = "Name an HTTP Archive (HAR 1.2), or a Postman collection with saved responses."


def read_recording(file: Path) -> Recording:
    """
    The recording in a file.

    Raises:
        ConfigurationError: The file cannot be read, is not UTF-8, or is no recording.
    """
    text = read_text(file, fix=FIX)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise RecordingError(f"{file} is no JSON.", FIX) from error
    except RecursionError as error:
        raise RecordingError(f"{file} is nested too deeply.", FIX) from error
    return read_document(file.name, document)


def read_document(name: str, document: Any) -> Recording:
    """
    The recording in a JSON value.

    Raises:
        RecordingError: It is none, or has no exchange.
    """
    found: Recording | None = None
    if isinstance(document, dict) and "log" in document:
        found = recording_of_archive(name, document["log"])
    elif isinstance(document, dict) and isinstance(document.get("info"), dict):
        found = recording_of_collection(name, document)
    if found is None:
        raise RecordingError(f"{name} is no recording.", FIX)
    if not found.exchanges:
        raise RecordingError(f"{name} has no exchange that can be sent again.", FIX)
    return found
