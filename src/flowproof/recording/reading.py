"""Reads a recording from a file: an HTTP Archive, or a Postman collection."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from flowproof.text_file import read_text

from .exchanges import Recording, RecordingError
from .har import recording_of_archive
from .postman import recording_of_collection

__all__ = ["Kind", "read_document", "read_recording"]

Kind = Literal["har", "postman"]

NAMES: Mapping[Kind, str] = MappingProxyType({"har": "an HTTP Archive", "postman": "a Postman collection"})
FIX = "Name an HTTP Archive (HAR 1.2), or a Postman collection with saved responses."


def read_recording(file: Path, kind: Kind | None = None) -> Recording:
    """
    The recording in a file.

    Args:
        file: Of JSON.
        kind: Which kind of recording it has to be; by default any.

    Raises:
        ConfigurationError: The file cannot be read, is not UTF-8, or is no recording of that kind.
    """
    text = read_text(file, fix=FIX)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise RecordingError(f"{file} is no JSON.", FIX) from error
    except RecursionError as error:
        raise RecordingError(f"{file} is nested too deeply.", FIX) from error
    found = _kind_of(document)
    if kind is not None and found is not None and found != kind:
        raise RecordingError(f"{file} is {NAMES[found]}, not {NAMES[kind]}.", f"Use --{found}.")
    return read_document(file.name, document)


def _kind_of(document: Any) -> Kind | None:
    if isinstance(document, dict) and "log" in document:
        return "har"
    return "postman" if isinstance(document, dict) and isinstance(document.get("info"), dict) else None


def read_document(name: str, document: Any) -> Recording:
    """
    The recording in a JSON value.

    Raises:
        RecordingError: It is none, or has no exchange.
    """
    kind = _kind_of(document)
    if kind is None:
        raise RecordingError(f"{name} is no recording.", FIX)
    found = recording_of_archive(name, document["log"]) if kind == "har" else recording_of_collection(name, document)
    if not found.exchanges:
        raise RecordingError(f"{name} has no exchange that can be sent again.", FIX)
    return found
