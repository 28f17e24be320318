"""
What a reader outside a project finds the sources of requirements as: `sources.toml` beside `requirements.toml`.

Requirements and documented examples cite a source by a short name of the project's own. Nobody else sees that name: a
contract shows each source by its title and its address from the moment it is loaded.
"""

from collections.abc import Mapping
from typing import Any

from flowproof.errors import ContractError

__all__ = ["read_source_names", "shown_source"]

READING = "our reading of "


def read_source_names(provider: str, document: Mapping[str, Any]) -> Mapping[str, str]:
    """
    Read the content of a ``sources.toml``: titles and addresses by the names that requirements cite.

    Raises:
        ContractError: A value is no text.
    """
    for name, shown in document.items():
        if not isinstance(shown, str):
            raise ContractError(provider, f'sources.toml: write "{name}" = "title (address)"')
    return document


def shown_source(source: str, names: Mapping[str, str]) -> str:
    """A source with each of its names replaced: they begin it, follow a semicolon, or say what is read in some way."""
    parts = source.split("; ")
    for index, part in enumerate(parts):
        lead = READING if part.startswith(READING) else ""
        cited = part.removeprefix(lead)
        name = max((each for each in names if cited.startswith(each)), key=len, default=None)
        if name is not None:
            parts[index] = f"{lead}{names[name]}{cited.removeprefix(name)}"
    return "; ".join(parts)
