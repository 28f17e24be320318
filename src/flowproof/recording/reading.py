"""Reads a recording from a file: an HTTP Archive, a Postman collection, or a session of Charles."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from flowproof.text_file import read_text

from .charles import is_charles_session, recording_of_session
from .exchanges import Recording, RecordingError
from .har import recording_of_archive
from .postman import recording_of_collection

__all__ = ["Kind", "read_document", "read_recording"]

Kind = Literal["har", "postman", "charles"]

NAMES: Mapping[Kind, str] = MappingProxyType(
    {"har": "an HTTP Archive", "postman": "a Postman collection", "charles": "a session of Charles"}
)
FIX = "Name an HTTP Archive (HAR 1.2), a Postman collection with saved responses, or a JSON session of Charles."


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
    if kind is not None and found not in {None, "charles", kind}:
        raise RecordingError(f"{file} is {NAMES[found]}, not {NAMES[kind]}.", f"Use --{found}.")
    return read_document(file.name, document)


def _kind_of(document: Any) -> Kind | None:
    if isinstance(document, dict) and "log" in document:
        return "har"
    if is_charles_session(document):
        return "charles"
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
    if kind == "charles":
        found = recording_of_session(name, document)
    elif kind == "har":
        found = recording_of_archive(name, document["log"])
    else:
        found = recording_of_collection(name, document)
    if not found.exchanges:
        raise RecordingError(f"{name} has no exchange that can be sent again.", FIX)
    return found
