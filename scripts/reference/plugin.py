"""The page about the pytest plugin: options, ini keys, markers and fixtures, from the plugin itself."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any, cast

import pytest

from flowproof.plugin.options import add_options

from .markdown import code, table

__all__ = ["fixtures", "ini_keys", "markers", "options", "page"]

FIXTURE = re.compile(
    r"^(?P<name>[a-z]\w*)(?: \[(?P<scope>\w+) scope\])? -- (?P<place>\S+)\n(?P<text>(?:    .*\n|\n)*)", re.MULTILINE
)
MARKER = re.compile(r"^@pytest\.mark\.(?P<name>\w+)(?P<arguments>\([^)]*\))?: (?P<text>.*)$", re.MULTILINE)


class _Declared:
    """Takes what the plugin declares, in the place of pytest's parser."""

    def __init__(self) -> None:
        self.options: list[tuple[str, dict[str, Any]]] = []
        self.keys: list[tuple[str, str]] = []

    def getgroup(self, *_: str) -> "_Declared":
        return self

    def addoption(self, name: str, **declared: Any) -> None:
        self.options.append((name, declared))

    def addini(self, name: str, text: str, **_: Any) -> None:
        self.keys.append((name, text))


def _declared() -> _Declared:
    found = _Declared()
    add_options(cast("pytest.Parser", found))
    return found


def options() -> list[tuple[str, str]]:
    """Options with their help."""
    return [(f"{name} {each.get('metavar', '')}".strip(), each["help"]) for name, each in _declared().options]


def ini_keys() -> list[tuple[str, str]]:
    """Keys of pytest's configuration file with their help."""
    return _declared().keys


def fixtures() -> Iterator[tuple[str, str, str]]:
    """Name, scope and text of each fixture that the plugin offers."""
    for each in FIXTURE.finditer(_pytest("--fixtures", "-v")):
        if "flowproof/plugin/" in each["place"]:
            yield each["name"], each["scope"] or "function", " ".join(each["text"].split())


def markers() -> Iterator[tuple[str, str]]:
    """Each marker of the plugin, with its text."""
    with_plugin, without = _pytest("--markers"), _pytest("--markers", "-p", "no:flowproof")
    for each in MARKER.finditer(with_plugin):
        if each[0] not in without:
            yield f"{each['name']}{each['arguments'] or ''}", each["text"]


def _pytest(*arguments: str) -> str:
    """The output of pytest in an empty folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def page() -> str:
    """Options, ini keys, markers and fixtures."""
    shown = {
        "Fixtures": table(("fixture", "scope", "is"), ((code(name), scope, text) for name, scope, text in fixtures())),
        "Options": table(("option", "does"), ((code(name), text) for name, text in options())),
        "Keys of the configuration file": table(("key", "does"), ((code(name), text) for name, text in ini_keys())),
        "Markers": table(("marker", "does"), ((code(name), text) for name, text in markers())),
    }
    intro = "Whoever installs Flowproof has the plugin. An option counts before its variable, that before its key."
    return f"# pytest\n\n{intro}\n\n" + "\n".join(f"## {title}\n\n{text}" for title, text in shown.items())
