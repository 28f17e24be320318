"""What somebody may have meant by an id that is none: which id of which thing it is. Sentences, no decisions."""

from .records import Connections
from .structure import Structure

__all__ = ["about_brand_id", "about_store_id", "is_of_another_organization", "otter_store_named"]

OF_ANOTHER = "That belongs to another organization than the user's: for the user it does not exist."
TWO_IDS = (
    "Two ids are easily confused: the path takes Otter's id of the store, the body's storeId is your own system's."
)


def about_store_id(given: str, structure: Structure, connections: Connections) -> str:
    """What an id is that stands where Otter's id of a store is wanted."""
    connected = connections.with_partner_store_id(given)
    if connected:
        return f"{given!r} is your own id of the store that Otter calls {', '.join(connected)}. {TWO_IDS}"
    brand = structure.brand_of_store(given)
    if brand is not None:
        return f"That store belongs to another brand of the organization: {brand.name!r}, {brand.id}."
    if structure.brand(given) is not None:
        return "That is the id of a brand, not of a store."
    if given == structure.organization_id:
        return "That is the id of the organization, not of a store."
    if not is_uuid(given):
        return f"Otter's ids are UUIDs, and {given!r} is none. {TWO_IDS}"
    if is_of_another_organization(given, structure):
        return OF_ANOTHER
    return "The brand has no store of that id, and no other brand of the user's organization has one."


def about_brand_id(given: str, structure: Structure) -> str:
    """What an id is that stands where the id of a brand is wanted."""
    brand = structure.brand_of_store(given)
    if brand is not None:
        return f"That is the id of a store; its brand is {brand.name!r}, {brand.id}."
    if given == structure.organization_id:
        return "That is the id of the organization, not of a brand."
    is_foreign = is_of_another_organization(given, structure)
    return OF_ANOTHER if is_foreign else "The user's organization has no brand of that id."


def is_of_another_organization(given: str, structure: Structure) -> bool:
    """Whether that is the id of a brand or a store that another organization than the user's has."""
    return any(
        other.brand(given) is not None or other.brand_of_store(given) is not None for other in structure.others()
    )


def otter_store_named(given: str, structure: Structure) -> str | None:
    """The name of the store whose id in Otter that is, or None."""
    brand = structure.brand_of_store(given)
    store = structure.store(brand, given) if brand else None
    return str(store["name"]) if store else None


def is_uuid(text: str) -> bool:
    """Whether a text has the form of a UUID."""
    lengths = [len(part) for part in text.split("-")]
    return lengths == [8, 4, 4, 4, 12] and all(each in "0123456789abcdefABCDEF-" for each in text)
