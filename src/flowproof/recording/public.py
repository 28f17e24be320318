"""Values that a provider's documents have published: whoever sends one gives away no secret, and nobody's name."""

import json
from importlib.resources.abc import Traversable

from .values import leaves

__all__ = ["public_values"]

SHORTEST = 4  # characters


def public_values(fixtures: Traversable) -> frozenset[str]:
    """
    The texts of the documented examples, and of the account that a mock begins with.

    Args:
        fixtures: Folder of the provider's fixtures, which need not exist.
    """
    folder = fixtures.joinpath("cases")
    files = [fixtures.joinpath("seed.json"), *(folder.iterdir() if folder.is_dir() else ())]
    found = (leaf for file in files if file.is_file() for leaf in leaves(json.loads(file.read_text(encoding="utf-8"))))
    return frozenset(leaf.value for leaf in found if isinstance(leaf.value, str) and len(leaf.value) >= SHORTEST)
