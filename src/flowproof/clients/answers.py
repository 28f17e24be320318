"""
One answer of a provider, read with suspicion: what is missing or of the wrong kind is named with its place.

Knows no provider and sends nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn, cast

from flowproof.clients.errors import UnexpectedAnswer

__all__ = ["Answer", "Json", "Node"]

Json = Mapping[str, object]

_EXCERPT_LENGTH = 200

_KINDS = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number", bool: "a boolean"}


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One whole answer.

    Args:
        method: Method of the request.
        path: Path of the request as signed.
        status: Status code.
        reason: Reason phrase of the status line.
        headers: Headers, found whatever their case.
        body: Body, decompressed.
        hidden: Texts that no error may repeat, even where the provider echoes them.
    """

    method: str
    path: str
    status: int
    reason: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    hidden: tuple[str, ...] = field(repr=False)

    def node(self) -> "Node":
        """
        The body as JSON.

        Raises:
            UnexpectedAnswer: The body is not JSON.
        """
        try:
            return Node(json.loads(self.body, parse_constant=_refuse_constant), "", self)
        except (ValueError, RecursionError) as error:
            raise self.unexpected("", f"is not JSON: {self.excerpt()!r}") from error

    def lenient(self) -> Json:
        """The JSON object in the body, or an empty one: an error stays an error, however it is written."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def unexpected(self, where: str, what: str) -> UnexpectedAnswer:
        """The error for a place of the body that is not as promised."""
        return UnexpectedAnswer(self.method, self.path, self.status, what, where=where)

    def said(self, message: object) -> str:
        """The provider's message, or else the body's first words; an empty body speaks through the reason phrase."""
        return self.scrub(message) if isinstance(message, str) else self.excerpt() or self.reason

    def excerpt(self) -> str:
        """The first words of the body, for an error's message."""
        text = self.scrub(self.body.decode(errors="replace").strip())
        return text if len(text) <= _EXCERPT_LENGTH else f"{text[:_EXCERPT_LENGTH]}…"

    def scrub(self, text: str) -> str:
        """The text without what is hidden."""
        for secret in filter(None, self.hidden):
            text = text.replace(secret, "[hidden]")
        return text


@dataclass(frozen=True, slots=True)
class Node:
    """
    One value in an answer's JSON, with its place.

    A missing optional field reads as None; `null` reads as missing. A field of the wrong kind raises.

    Args:
        value: The value.
        where: JSON pointer of the value.
        answer: The answer that it is in.
    """

    value: object
    where: str
    answer: Answer = field(repr=False)

    def members(self) -> Json:
        """The fields of this value, which must be an object."""
        if not isinstance(self.value, dict):
            raise _wrong_kind(self, "an object")
        return cast("Json", self.value)

    def has(self, name: str) -> bool:
        """Whether this is an object in which the field is given."""
        return isinstance(self.value, dict) and self.value.get(name) is not None

    def child(self, name: str) -> "Node":
        """The field of that name; its value is None where it is missing."""
        return Node(self.members().get(name), f"{self.where}/{name}", self.answer)

    def inner(self, name: str) -> "Node":
        """The object in that field; an empty one where it is missing."""
        return self.child(name) if self.has(name) else Node({}, f"{self.where}/{name}", self.answer)

    def text(self, name: str) -> str | None:
        """The text in that field. A whole number reads as its digits: identifiers come in both forms."""
        value = self.child(name).value
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise _wrong_kind(self.child(name), "text")

    def needed_text(self, name: str) -> str:
        """The text in that field, which must be there."""
        text = self.text(name)
        if text is None:
            raise self.answer.unexpected(f"{self.where}/{name}", "is missing")
        return text

    def whole(self, name: str) -> int | None:
        """The whole number in that field."""
        value = self.child(name).value
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise _wrong_kind(self.child(name), "a whole number")

    def nodes(self, name: str) -> tuple["Node", ...]:
        """The members of the list in that field; none where it is missing."""
        child = self.child(name)
        if child.value is None:
            return ()
        if not isinstance(child.value, list):
            raise _wrong_kind(child, "a list")
        return tuple(Node(value, f"{child.where}/{index}", self.answer) for index, value in enumerate(child.value))

    def needed_nodes(self, name: str) -> tuple["Node", ...]:
        """The members of the list in that field, which must be there."""
        if not self.has(name):
            self.members()
            raise self.answer.unexpected(f"{self.where}/{name}", "is missing")
        return self.nodes(name)


def _wrong_kind(node: Node, expected: str) -> UnexpectedAnswer:
    return node.answer.unexpected(node.where, f"is {_KINDS.get(type(node.value), 'null')}, not {expected}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
