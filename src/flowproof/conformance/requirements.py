"""Reads the requirements of a provider from ``requirements.toml``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flowproof.errors import ContractError

__all__ = ["Requirement", "read_requirements"]

Standing = Literal["documented", "observed", "inferred"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """
    A sentence that a provider's documents oblige a client or a provider to.

    Args:
        id: Such as ``acme.order.item.sku``.
        text: One sentence.
        source: Where it is documented, as a reader outside the project finds it.
        standing: ``documented``, ``observed`` or ``inferred``.
        obliges: ``client``, ``provider`` or ``both``.
        operations: Ids of the operations that it concerns; empty for all.
        enforced: ``contract`` (a schema carries the id) or ``rule`` (code of the mock carries it).
        note: The chosen interpretation, where there was a choice.
        unkillable: Why no test from outside can detect a violation, where none can.
    """

    id: str
    text: str
    source: str
    standing: Standing
    obliges: str
    operations: tuple[str, ...]
    enforced: str
    note: str = ""
    unkillable: str = ""

    @property
    def binds_clients(self) -> bool:
        """Whether it obliges a client, alone or together with the provider."""
        return self.obliges in ("client", "both")


def read_requirements(provider: str, document: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """
    Read the content of a ``requirements.toml``.

    Raises:
        ContractError: An entry has the wrong keys.
    """
    try:
        entries = document.get("requirement", [])
        return tuple(Requirement(**{**entry, "operations": tuple(entry.get("operations", ()))}) for entry in entries)
    except TypeError as error:
        raise ContractError(provider, f"requirements.toml: {error}") from error
