"""The pages of the providers' requirements."""

from flowproof.conformance import load_contract
from flowproof.providers import find_providers

from .markdown import code, table

__all__ = ["requirements_page"]


def requirements_page(slug: str) -> str:
    """Every requirement of a provider's contract."""
    (provider,) = find_providers([slug])
    contract = load_contract(provider.slug, provider.contract)
    rows = (
        (code(each.id), f"{each.text} {each.note}".strip(), each.obliges, each.standing, each.source)
        for each in contract.requirements.values()
    )
    intro = f"{len(contract.requirements)} requirements. A refused request names the id of the one that it broke."
    head = ("id", "requirement", "obliges", "standing", "source")
    return f"# Requirements: {provider.title}\n\n{intro}\n\n{table(head, rows)}"
