"""Errors in the document's own shape: that of the operation's status, else the one that the document uses most."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from random import Random
from typing import Any

from flowproof.conformance import Contract
from flowproof.conformance.operations import Operation

from .examples import Answer, Answers
from .generation import Occasion
from .schema_reader import SchemaReader

__all__ = ["Problems", "status_for"]

MESSAGES = frozenset({"message", "detail", "error", "title", "errormessage", "error_message", "description", "reason"})
STATUSES = frozenset({"status", "code", "statuscode", "status_code", "httpstatus"})
TIME = datetime(2000, 1, 1, tzinfo=UTC)
DEEPEST = 3


def status_for(operation: Operation | None, *preferred: int) -> int:
    """
    The first of these statuses that an operation documents by its number; else the first of all.

    Where the operation documents errors without numbers, such as `default`, the first of all counts as documented.
    """
    documented = operation.responses if operation is not None else {}
    if "default" in documented or "4XX" in documented:
        return preferred[0]
    return next((each for each in preferred if str(each) in documented), preferred[0])


class Problems:
    """
    Makes error answers.

    Args:
        contract: Of a regular document.
        reader: Of its schemas.
        answers: Makes values.
    """

    def __init__(self, contract: Contract, reader: SchemaReader, answers: Answers) -> None:
        self._schemas = contract.schemas
        self._reader = reader
        self._answers = answers
        self._usual = _usual(contract)

    def answer(self, operation: Operation | None, status: int, message: str, rng_key: str) -> Answer:
        """
        An error.

        Args:
            operation: Of the request, where one was found.
            status: Status code.
            message: What is wrong, for people.
            rng_key: What random parts are drawn from.
        """
        pointer, media_type = self._described(operation, status)
        if not pointer and media_type:
            return Answer(status, media_type, message)
        if not pointer:
            return Answer(status, "application/problem+json", _problem(status, message))
        occasion = Occasion(Random(rng_key), TIME)
        uri = self._schemas.uri_of_pointer(pointer)
        shown = next((each for _, each in self._answers.examples(pointer) if self._schemas.accepts(uri, each)), None)
        value = self._answers.generated(pointer, occasion) if shown is None else shown
        told = _told(value, status, message, depth=0)
        return Answer(status, media_type, told if self._schemas.accepts(uri, told) else value, shown is not None)

    def _described(self, operation: Operation | None, status: int) -> tuple[str, str]:
        """The pointer of the schema and the media type; no pointer where errors are no JSON, neither where unknown."""
        described = operation.described(status) if operation is not None else None
        found = next(_json(described or {}), None)
        if found is not None:
            return found
        if described is not None:
            return "", next(iter(described), "")
        return self._usual.get(str(status)) or self._usual.get("", ("", ""))


def _usual(contract: Contract) -> dict[str, tuple[str, str]]:
    """The commonest error schema of each status, and under the empty name of all."""
    counted: dict[str, Counter[tuple[str, str]]] = {"": Counter()}
    for operation in contract.operations.all:
        for status, described in operation.responses.items():
            if status == "default" or status[0] in "45":
                for found in _json(described):
                    counted.setdefault(status, Counter())[found] += 1
                    counted[""][found] += 1
    return {status: each.most_common(1)[0][0] for status, each in counted.items() if each}


def _json(described: Any) -> Iterator[tuple[str, str]]:
    for media_type, pointer in described.items():
        if media_type == "application/json" or media_type.endswith("+json"):
            yield pointer, media_type


def _problem(status: int, message: str) -> dict[str, Any]:
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": message}


def _told(value: Any, status: int, message: str, *, depth: int) -> Any:
    """The value with its message and status in the members that are named for them."""
    if isinstance(value, list):
        return [_told(each, status, message, depth=depth + 1) for each in value]
    if not isinstance(value, dict) or depth > DEEPEST:
        return value
    made: dict[str, Any] = {}
    for name, each in value.items():
        plain = name.lower()
        if plain in MESSAGES and isinstance(each, str):
            made[name] = message
        elif plain in STATUSES and isinstance(each, int) and not isinstance(each, bool):
            made[name] = status
        else:
            made[name] = _told(each, status, message, depth=depth + 1)
    return made
