"""Pages from documents: the control API, and the requirements of a provider."""

from flowproof.conformance import load_contract
from flowproof.kernel.control.access import PREFIX
from flowproof.kernel.control.app import control_contract
from flowproof.providers import find_providers

from .markdown import code, table

__all__ = ["control_page", "requirements_page"]

METHODS = ("get", "put", "post", "delete", "patch")


def control_page() -> str:
    """Every operation of the control API."""
    document = control_contract().document
    rows = (
        (code(f"{method.upper()} {PREFIX}{path}"), code(operation["operationId"]), operation["summary"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    )
    whole = f"A running server has the whole document, with bodies and answers, at `{PREFIX}/openapi.json`."
    intro = f"{document['info']['description']}\n\n{whole}"
    return f"# Control API\n\n{intro}\n\n{table(('request', 'operation', 'does'), rows)}"


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
