"""
A provider's response, and the JSON values in it: a missing or wrong field raises an error with its place.

Knows no provider and sends nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn, cast

from flowproof.clients.errors import UnexpectedAnswer, Validation

__all__ = ["ClientResponse", "Json", "JsonNode"]

Json = Mapping[str, object]

_EXCERPT_LENGTH = 200

_KINDS = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number", bool: "a boolean"}


@dataclass(frozen=True, slots=True)
class ClientResponse:
    """
    A whole response.

    Args:
        method: Method of the request.
        path: Path of the request as signed.
        status: Status code.
        reason: Reason phrase of the status line.
        headers: Case-insensitive.
        body: Decompressed.
        hidden: Secrets that no error may show, even where the provider echoes them.
    """

    method: str
    path: str
    status: int
    reason: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    hidden: tuple[str, ...] = field(repr=False)

    def node(self) -> "JsonNode":
        """
        Parse the body as JSON.

        Raises:
            UnexpectedAnswer: The body is not JSON.
        """
        try:
            return JsonNode(json.loads(self.body, parse_constant=_refuse_constant), "", self)
        except (ValueError, RecursionError) as error:
            raise self.unexpected("", f"is not JSON: {self.excerpt()!r}") from error

    def json_object(self) -> Json:
        """The JSON object in the body of an error; empty where the body has no such object."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def unexpected(self, where: str, what: str) -> UnexpectedAnswer:
        """The error for a place of the body that is not as documented."""
        return UnexpectedAnswer(self.method, self.path, self.status, what, where=where)

    def message_or_excerpt(self, message: object) -> str:
        """The provider's message where it is a text, else the beginning of the body, else the reason phrase."""
        return self.scrub(message) if isinstance(message, str) else self.excerpt() or self.reason

    def error_code(self, code: object) -> int | str | None:
        """The provider's error code where it is a number or a text, else None."""
        return self.scrub(code) if isinstance(code, str) else code if isinstance(code, int) else None

    def validations(self, entries: object, *, path: str) -> tuple[Validation, ...]:
        """
        The validation errors in a body.

        Args:
            entries: A list of objects with a `message`; anything else has no errors.
            path: Name of the field that says where the error is.
        """
        return tuple(
            Validation(self.scrub(str(each.get(path, ""))), self.scrub(str(each.get("message", ""))))
            for each in (entries if isinstance(entries, list) else ())
            if isinstance(each, dict)
        )

    def excerpt(self) -> str:
        """The beginning of the body, for an error's message."""
        text = self.scrub(self.body.decode(errors="replace").strip())
        return text if len(text) <= _EXCERPT_LENGTH else f"{text[:_EXCERPT_LENGTH]}…"

    def scrub(self, text: str) -> str:
        """The text without the hidden secrets."""
        for secret in filter(None, self.hidden):
            text = text.replace(secret, "[hidden]")
        return text


@dataclass(frozen=True, slots=True)
class JsonNode:
    """
    A value in a response's JSON, with its place.

    A missing field and `null` read as None. A field of the wrong type raises `UnexpectedAnswer`.

    Args:
        value: The value.
        where: JSON pointer of the value.
        response: The response that has it.
    """

    value: object
    where: str
    response: ClientResponse = field(repr=False)

    def members(self) -> Json:
        """The fields of this object."""
        if not isinstance(self.value, dict):
            raise _wrong_kind(self, "an object")
        return cast("Json", self.value)

    def has(self, name: str) -> bool:
        """Whether this is an object with that field, which is not null."""
        return isinstance(self.value, dict) and self.value.get(name) is not None

    def child(self, name: str) -> "JsonNode":
        """The field of that name, with the value None where it is missing."""
        return JsonNode(self.members().get(name), f"{self.where}/{name}", self.response)

    def object_or_empty(self, name: str) -> "JsonNode":
        """The object in that field; an empty one where it is missing."""
        return self.child(name) if self.has(name) else JsonNode({}, f"{self.where}/{name}", self.response)

    def text(self, name: str) -> str | None:
        """The text in that field. An integer reads as its digits, since providers write identifiers in both forms."""
        value = self.child(name).value
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise _wrong_kind(self.child(name), "text")

    def required_text(self, name: str) -> str:
        """The text in that field."""
        text = self.text(name)
        if text is None:
            raise self.response.unexpected(f"{self.where}/{name}", "is missing")
        return text

    def integer(self, name: str) -> int | None:
        """The integer in that field."""
        value = self.child(name).value
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise _wrong_kind(self.child(name), "a whole number")

    def nodes(self, name: str) -> tuple["JsonNode", ...]:
        """The entries of the list in that field; none where it is missing."""
        child = self.child(name)
        if child.value is None:
            return ()
        if not isinstance(child.value, list):
            raise _wrong_kind(child, "a list")
        return tuple(
            JsonNode(value, f"{child.where}/{index}", self.response) for index, value in enumerate(child.value)
        )

    def required_nodes(self, name: str) -> tuple["JsonNode", ...]:
        """The entries of the list in that field."""
        if not self.has(name):
            self.members()
            raise self.response.unexpected(f"{self.where}/{name}", "is missing")
        return self.nodes(name)


def _wrong_kind(node: JsonNode, expected: str) -> UnexpectedAnswer:
    return node.response.unexpected(node.where, f"is {_KINDS.get(type(node.value), 'null')}, not {expected}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
