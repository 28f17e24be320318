"""An OpenAPI document with the files that it refers to, and cursors (`Node`) into it that know their places."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
import yaml

from flowproof.errors import ConfigurationError

from .changes import Place
from .lines import line_of
from .sources import Source, find_source

__all__ = ["Document", "Node", "open_document"]

SUPPORTED = ("3.0", "3.1")
MOST_REFERENCES = 100  # in a chain; more is a circle of bare references


@dataclass(eq=False)
class Document:
    """
    An OpenAPI document and its files, each parsed when it is first needed.

    Args:
        source: Where its files are.
        entry: The path of the OpenAPI document in the source.
    """

    source: Source
    entry: str
    _parsed: dict[str, Any] = field(default_factory=dict, repr=False)
    _anchors: dict[str, Mapping[str, str]] = field(default_factory=dict, repr=False)

    @property
    def root(self) -> "Node":
        """The OpenAPI object."""
        return Node(self, self.entry, "", self.parsed(self.entry))

    @property
    def label(self) -> str:
        """The document's name in reports."""
        return self.source.label(self.entry)

    def parsed(self, path: str) -> Any:
        """
        The contents of a file, as JSON values.

        Raises:
            ConfigurationError: It cannot be read, or is neither JSON nor YAML.
        """
        if path not in self._parsed:
            self._parsed[path] = _parse(self.source.label(path), self.source.read(path))
        return self._parsed[path]

    def anchors(self, path: str) -> Mapping[str, str]:
        """Pointers of a file's schemas by their ``$anchor`` or ``$dynamicAnchor``."""
        if path not in self._anchors:
            self._anchors[path] = dict(_anchors(self.parsed(path), ""))
        return self._anchors[path]

    def place(self, node: "Node") -> Place:
        """Where a node stands, with its line."""
        line = line_of(self.source.read(node.file), node.pointer)
        return Place(self.source.label(node.file), node.pointer or "/", line)


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """
    A value of a document, with its place.

    Args:
        document: That it belongs to.
        file: Path in the document's source.
        pointer: JSON pointer in the file.
        value: What stands there.
    """

    document: Document
    file: str
    pointer: str
    value: Any

    @property
    def key(self) -> tuple[str, str]:
        """Its identity in its document."""
        return self.file, self.pointer

    @property
    def name(self) -> str:
        """The last step of its pointer."""
        return unescape(self.pointer.rpartition("/")[2])

    def child(self, *steps: str) -> "Node | None":
        """What stands below by these keys; references on the way are followed, except the last."""
        node: Node | None = self
        for step in steps:
            node = None if node is None else node.resolved()._member(step)
        return node

    def _member(self, step: str) -> "Node | None":
        if isinstance(self.value, dict) and step in self.value:
            return self.at(step, self.value[step])
        return None

    def at(self, step: str, value: Any) -> "Node":
        """A node one step below."""
        return Node(self.document, self.file, f"{self.pointer}/{escape(step)}", value)

    def members(self) -> dict[str, "Node"]:
        """The members of an object, references not followed; empty for anything else."""
        target = self.resolved()
        if not isinstance(target.value, dict):
            return {}
        return {name: target.at(name, each) for name, each in target.value.items()}

    def elements(self) -> list["Node"]:
        """The elements of an array; empty for anything else."""
        target = self.resolved()
        if not isinstance(target.value, list):
            return []
        return [target.at(str(index), each) for index, each in enumerate(target.value)]

    def resolved(self) -> "Node":
        """
        The node that a chain of references ends at.

        Raises:
            ConfigurationError: A reference leads nowhere, or round in a circle.
        """
        node = self
        for _ in range(MOST_REFERENCES):
            reference = node.reference()
            if reference is None:
                return node
            node = reference
        raise ConfigurationError(f"{self} refers to itself.", "Give it a value.")

    def reference(self) -> "Node | None":
        """The node that ``$ref`` or ``$dynamicRef`` names; None where there is neither."""
        if not isinstance(self.value, dict):
            return None
        text = self.value.get("$ref", self.value.get("$dynamicRef"))
        return self._lookup(text) if isinstance(text, str) else None

    def _lookup(self, text: str) -> "Node":
        parts = urlsplit(text)
        if parts.scheme or parts.netloc:
            raise ConfigurationError(
                f"{self} refers to {text}, which is not fetched.", "Bundle the document first, or refer to files."
            )
        file = (
            posixpath.normpath(posixpath.join(posixpath.dirname(self.file), unquote(parts.path)))
            if parts.path
            else self.file
        )
        pointer = unquote(parts.fragment)
        if pointer and not pointer.startswith("/"):
            pointer = self.document.anchors(file).get(pointer, f"/{pointer}")
        value = self.document.parsed(file)
        for step in pointer.split("/")[1:]:
            value = self._step(value, unescape(step), text)
        return Node(self.document, file, pointer, value)

    def _step(self, value: Any, step: str, text: str) -> Any:
        if isinstance(value, dict) and step in value:
            return value[step]
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            return value[int(step)]
        raise ConfigurationError(f"{self} refers to {text}, which leads nowhere.", "Correct the reference.")

    def __str__(self) -> str:
        return f"{self.document.source.label(self.file)}#{self.pointer}"


def open_document(text: str, *, folder: Path | None = None) -> Document:
    """
    Open an OpenAPI 3.0 or 3.1 document.

    Args:
        text: A file, a folder, or ``REVISION:PATH``.
        folder: What relative paths are relative to; by default the current one.

    Raises:
        ConfigurationError: It cannot be read, or is no such document.
    """
    document = Document(*find_source(text, folder=folder or Path()))
    root = document.root.value
    version = root.get("openapi") if isinstance(root, dict) else None
    if not isinstance(version, str) or not version.startswith(SUPPORTED):
        what = f"is OpenAPI {version}" if version else "is no OpenAPI 3 document"
        raise ConfigurationError(f"{document.label} {what}.", f"Name a document of version {' or '.join(SUPPORTED)}.")
    return document


def escape(step: str) -> str:
    """A step of a JSON pointer as RFC 6901 writes it."""
    return step.replace("~", "~0").replace("/", "~1")


def unescape(step: str) -> str:
    """A step of a JSON pointer as it was meant."""
    return step.replace("~1", "/").replace("~0", "~")


def _parse(label: str, contents: bytes) -> Any:
    try:
        return orjson.loads(contents)
    except orjson.JSONDecodeError:
        pass
    try:
        return _plain(yaml.load(contents, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506 (both loaders are safe ones)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        one_line = " ".join(str(error).split())
        raise ConfigurationError(f"{label} is neither JSON nor YAML: {one_line}.", "Correct the file.") from error


def _plain(value: Any) -> Any:
    """YAML's values as JSON's: every key a string, dates as they were written."""
    if isinstance(value, dict):
        return {_key(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def _key(name: Any) -> str:
    if isinstance(name, bool):
        return "true" if name else "false"
    return name.isoformat() if isinstance(name, date) else str(name)


def _anchors(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for keyword in ("$anchor", "$dynamicAnchor"):
            if isinstance(value.get(keyword), str):
                yield value[keyword], pointer
        for name, each in value.items():
            yield from _anchors(each, f"{pointer}/{escape(name)}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _anchors(each, f"{pointer}/{index}")
