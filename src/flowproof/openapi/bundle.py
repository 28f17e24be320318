"""
Brings a document of several files into one piece: each further file stands under `x-files`, and references lead there.

Nothing is fetched: what a reference to a URL leads to is unknown, and allows everything.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .reading import read_file
from .structure import resolve

__all__ = ["bundle"]

FILES = "x-files"


def bundle(document: dict[str, Any], file: Path) -> list[str]:
    """
    Take every file into a document that its references name, in place.

    Returns:
        What was not found, for people.

    Raises:
        ConfigurationError: A file that a reference names cannot be read.
    """
    bundler = _Bundler(document)
    bundler.rewrite(document, file.resolve())
    return [*bundler.missing, *_broken(document)]


class _Bundler:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._names: dict[Path, str] = {}
        self.missing: list[str] = []

    def rewrite(self, value: Any, file: Path, prefix: str = "") -> None:
        """Have the references of a file's value lead into the one document."""
        for node in list(_references(value)):
            target, _, pointer = node["$ref"].partition("#")
            if "://" in target:
                self.missing.append(f"{node['$ref']} is a URL, and nothing is fetched: every value is allowed there.")
                node.clear()
            elif target and (file.parent / target).is_file():
                node["$ref"] = f"{self._take((file.parent / target).resolve())}{pointer}"
            elif target:
                self.missing.append(f"{node['$ref']} is no file here: every value is allowed there.")
                node.clear()
            elif prefix:
                node["$ref"] = f"{prefix}{pointer}"

    def _take(self, file: Path) -> str:
        """The reference to a file's root, which is read when it is met first."""
        if file not in self._names:
            name = f"f{len(self._names) + 1}"
            prefix = self._names[file] = f"#/{FILES}/{name}"
            value = read_file(file)
            self._document.setdefault(FILES, {})[name] = value
            self.rewrite(value, file, prefix)
        return self._names[file]


def _references(value: Any) -> Iterator[dict[str, Any]]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(each.get("$ref"), str):
                yield each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _broken(document: dict[str, Any]) -> Iterator[str]:
    """References that lead nowhere are taken out; what they stood for is not known."""
    for node in list(_references(document)):
        if node["$ref"].startswith("#") and node["$ref"] != "#" and resolve(document, node["$ref"]) is None:
            yield f"{node['$ref']} leads nowhere: every value is allowed there."
            del node["$ref"]
