"""The answers that a document shows: its examples, where they fit their schema, else a value of the schema."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flowproof.conformance import Contract
from flowproof.conformance.operations import Operation

from .generation import Generator, Occasion
from .schema_reader import SchemaReader
from .structure import resolve

__all__ = ["Answer", "Answers", "success_status"]

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """
    An answer to an operation.

    Args:
        status: Status code.
        media_type: Of its body; empty where there is none.
        value: Of a JSON body; else a text.
        shown: Whether the document shows it as an example.
    """

    status: int
    media_type: str = ""
    value: Any = None
    shown: bool = False

    @property
    def is_json(self) -> bool:
        return self.media_type == JSON or self.media_type.endswith("+json")


def success_status(operation: Operation) -> int:
    """The status of an operation's success: its first 2xx, else its first 3xx, else 200."""
    for first in "23":
        for status in sorted(operation.responses):
            if status.startswith(first):
                return int(status.replace("XX", "00"))
    return 200 if "default" in operation.responses else int(min(operation.responses).replace("XX", "00"))


class Answers:
    """
    Makes answers for the operations of one contract.

    Args:
        contract: Of a regular document.
        reader: Of its schemas.
    """

    def __init__(self, contract: Contract, reader: SchemaReader) -> None:
        self._contract = contract
        self._reader = reader
        self._generator = Generator(reader, contract.schemas)
        self._examples: dict[str, Any] = {}

    def of(self, operation: Operation, status: int, occasion: Occasion) -> Answer:
        """The answer of a status: an example that fits, else a value of its schema."""
        described = operation.described(status) or {}
        media_type = next((each for each in described if each == JSON or each.endswith("+json")), "")
        media_type = media_type or next(iter(described), "")
        if not media_type or status in (204, 205, 304):
            return Answer(status)
        pointer = described[media_type]
        if not Answer(status, media_type).is_json:
            return Answer(status, media_type, self._text(pointer))
        if pointer not in self._examples:
            self._examples[pointer] = next(self._fitting(pointer), None)
        example = self._examples[pointer]
        if example is not None:
            return Answer(status, media_type, example[0], shown=True)
        return Answer(status, media_type, self._generator.value(pointer, occasion))

    def generated(self, pointer: str, occasion: Occasion) -> Any:
        """A value of the schema at a pointer."""
        return self._generator.value(pointer, occasion)

    def of_schema(self, schema: Any, occasion: Occasion) -> Any:
        """A value of a schema, unchecked."""
        return self._generator.of_schema(schema, occasion)

    def examples(self, pointer: str) -> Iterator[tuple[str, Any]]:
        """The examples of a media type by name, whether they fit or not; `pointer` is that of its schema."""
        media = self._reader.at(pointer.removesuffix("/schema"))
        if not isinstance(media, dict):
            return
        if "example" in media:
            yield "example", media["example"]
        named = media.get("examples")
        for name, each in named.items() if isinstance(named, dict) else ():
            node = resolve(dict(self._contract.document), each["$ref"]) if _is_reference(each) else each
            if isinstance(node, dict) and "value" in node:
                yield name, node["value"]

    def _fitting(self, pointer: str) -> Iterator[tuple[Any]]:
        uri = self._contract.schemas.uri_of_pointer(pointer)
        yield from ((value,) for _, value in self.examples(pointer) if self._contract.schemas.accepts(uri, value))

    def _text(self, pointer: str) -> str:
        return next((value for _, value in self.examples(pointer) if isinstance(value, str)), "")


def _is_reference(node: Any) -> bool:
    return isinstance(node, Mapping) and isinstance(node.get("$ref"), str)
