"""
The small complete example, for whoever has no document yet: a copy of `templates/example`, under another name.

The example is a distribution itself, named acme, so that every tool reads it where it stands.
"""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

from .distribution import Distribution, camel_case

__all__ = ["example_distribution", "renamed", "template"]

HIDDEN = "dot-"  # packaging leaves files out that begin with a dot


def example_distribution(name: str) -> Distribution:
    """The example under the name of a provider."""
    return Distribution(name, {renamed(path, name): renamed(text, name) for path, text in template("example").items()})


def template(name: str) -> dict[str, str]:
    """The files of a template by their path."""
    return dict(_texts(files(__package__).joinpath("templates", name)))


def renamed(text: str, name: str) -> str:
    """A text with the example's name replaced, in each of its spellings."""
    return text.replace("acme", name).replace("Acme", camel_case(name)).replace("ACME", name.upper())


def _texts(folder: Traversable, below: str = "") -> Iterator[tuple[str, str]]:
    for each in sorted(folder.iterdir(), key=lambda found: found.name):
        path = below + (f".{each.name.removeprefix(HIDDEN)}" if each.name.startswith(HIDDEN) else each.name)
        if each.name == "__pycache__":
            continue
        if each.is_dir():
            yield from _texts(each, f"{path}/")
        else:
            yield path, each.read_text(encoding="utf-8")
