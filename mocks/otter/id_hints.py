"""Explains a wrong id: which other id of which other thing it is. Texts only, no decisions."""

from .records import Connections
from .structure import Structure

__all__ = ["about_brand_id", "about_store_id", "is_of_another_organization", "otter_store_named"]

OF_ANOTHER = "That belongs to another organization than the user's: for the user it does not exist."
TWO_IDS = (
    "Two ids are easily confused: the path takes Otter's id of the store, the body's storeId is your own system's."
)


def about_store_id(wrong_id: str, structure: Structure, connections: Connections) -> str:
    """What an id is that was sent in place of Otter's id of a store."""
    connected = connections.with_partner_store_id(wrong_id)
    if connected:
        return f"{wrong_id!r} is your own id of the store that Otter calls {', '.join(connected)}. {TWO_IDS}"
    brand = structure.brand_of_store(wrong_id)
    if brand is not None:
        return f"That store belongs to another brand of the organization: {brand.name!r}, {brand.id}."
    if structure.brand(wrong_id) is not None:
        return "That is the id of a brand, not of a store."
    if wrong_id == structure.organization_id:
        return "That is the id of the organization, not of a store."
    if not is_uuid(wrong_id):
        return f"Otter's ids are UUIDs, and {wrong_id!r} is none. {TWO_IDS}"
    if is_of_another_organization(wrong_id, structure):
        return OF_ANOTHER
    return "The brand has no store of that id, and no other brand of the user's organization has one."


def about_brand_id(wrong_id: str, structure: Structure) -> str:
    """What an id is that was sent in place of a brand's id."""
    brand = structure.brand_of_store(wrong_id)
    if brand is not None:
        return f"That is the id of a store; its brand is {brand.name!r}, {brand.id}."
    if wrong_id == structure.organization_id:
        return "That is the id of the organization, not of a brand."
    is_foreign = is_of_another_organization(wrong_id, structure)
    return OF_ANOTHER if is_foreign else "The user's organization has no brand of that id."


def is_of_another_organization(wrong_id: str, structure: Structure) -> bool:
    """Whether another organization than the user's has a brand or store of that id."""
    return any(
        other.brand(wrong_id) is not None or other.brand_of_store(wrong_id) is not None for other in structure.others()
    )


def otter_store_named(wrong_id: str, structure: Structure) -> str | None:
    """The name of the store that has that id in Otter, or None."""
    brand = structure.brand_of_store(wrong_id)
    store = structure.store(brand, wrong_id) if brand else None
    return str(store["name"]) if store else None


def is_uuid(text: str) -> bool:
    """Whether a text has the form of a UUID."""
    lengths = [len(part) for part in text.split("-")]
    return lengths == [8, 4, 4, 4, 12] and all(each in "0123456789abcdefABCDEF-" for each in text)
