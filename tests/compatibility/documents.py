"""Small OpenAPI documents for tests, each around one schema, parameter or response."""

from pathlib import Path
from typing import Any

import orjson

from flowproof.compatibility import Change, Document, compare, open_document


def document(**members: Any) -> dict[str, Any]:
    """An OpenAPI document with given members beside the required ones."""
    return {"openapi": "3.1.0", "info": {"title": "Bikes", "version": "1"}, "paths": {}, **members}


def operation(**members: Any) -> dict[str, Any]:
    """A document with one operation, ``POST /bikes/{id}``."""
    whole = {"operationId": "rent", "responses": {"200": {"description": "Rented."}}, **members}
    return document(paths={"/bikes/{id}": {"post": whole}})


def request(schema: Any) -> dict[str, Any]:
    """A document whose operation takes a body of a schema."""
    return operation(requestBody={"required": True, "content": {"application/json": {"schema": schema}}})


def response(schema: Any) -> dict[str, Any]:
    """A document whose operation answers with a body of a schema."""
    content = {"application/json": {"schema": schema}}
    return operation(responses={"200": {"description": "Rented.", "content": content}})


def opened(folder: Path, contents: Any, name: str = "openapi.json") -> Document:
    """A document written to a folder and opened."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(orjson.dumps(contents))
    return open_document(str(folder / name))


def changes(folder: Path, old: Any, new: Any) -> list[Change]:
    """What changes from one document to another."""
    return compare(opened(folder / "old", old), opened(folder / "new", new))


def found(folder: Path, old: Any, new: Any) -> set[tuple[str, str]]:
    """The rules of all changes, each with whom it breaks."""
    return {(each.rule_id, each.rule.breaks) for each in changes(folder, old, new)}
