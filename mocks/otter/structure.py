"""An organization's brands and stores in one workspace: the seed data's, generated ones, those added or removed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flowproof.errors import ConfigurationError
from flowproof.kernel import State

from .generated import (
    generated_brand_ids,
    generated_brand_name,
    generated_store,
    generated_store_ids,
    store_indexes,
)
from .models import SeedData

__all__ = ["Brand", "Structure", "check_seed"]

Json = Mapping[str, Any]
CHANGES = "stores"
FIRST_ADDED = 1_000_000  # place of the first store that was added: after every other


MOST_GENERATED = 100_000  # stores of a workspace: a wrong id is looked for among all of them


def check_seed(seed: Json) -> None:
    """
    Check that no more stores are generated than a request may look through.

    Raises:
        ConfigurationError: They are more.
    """
    generated = [each["generate"] for each in seed["organizations"] if "generate" in each]
    stores = sum(each["brands"] * each["stores_per_brand"] for each in generated)
    if stores > MOST_GENERATED:
        raise ConfigurationError(
            f"The seed data generates {stores} stores.", f"Generate at most {MOST_GENERATED} in all organizations."
        )


@dataclass(frozen=True, slots=True)
class Brand:
    """
    A brand, and where its stores come from.

    Args:
        id: Otter's id.
        name: For people.
        stores: Those that the seed data writes out.
        generated: How many stores are generated after them.
        seed: What those are generated from.
    """

    id: str
    name: str
    stores: tuple[Json, ...] = ()
    generated: int = 0
    seed: str = ""

    def to_json(self) -> dict[str, str]:
        return {"id": self.id, "name": self.name}


@dataclass(frozen=True, slots=True)
class Structure:
    """
    The brands and stores of one organization.

    Args:
        seed: The workspace's seed data.
        state: Its records.
        organization_id: Whose structure it is.
    """

    seed: SeedData
    state: State
    organization_id: str

    @property
    def organization(self) -> Json:
        return self.seed.organization(self.organization_id) or {"id": self.organization_id, "name": "", "brands": []}

    def brands_after(self, place: int) -> Iterator[tuple[int, dict[str, str]]]:
        """The brands after a position, each with its own."""
        return ((each, brand.to_json()) for each, brand in enumerate(self.brands()) if each > place)

    def brands(self) -> Iterator[Brand]:
        organization = self.organization
        for each in organization["brands"]:
            yield Brand(each["id"], each["name"], tuple(each["stores"]))
        generate = organization.get("generate")
        if generate:
            for brand_id in generated_brand_ids(self.organization_id, generate["seed"], generate["brands"]):
                name = generated_brand_name(brand_id)
                yield Brand(brand_id, name, generated=generate["stores_per_brand"], seed=generate["seed"])

    def brand(self, brand_id: str) -> Brand | None:
        return next((each for each in self.brands() if each.id == brand_id), None)

    def stores_after(self, brand: Brand, place: int) -> Iterator[tuple[int, Json]]:
        """
        The stores after a position, each with its own.

        A store keeps its position, and a new one comes after all others. So a client that reads page after page sees
        each remaining store once, whatever is added and removed meanwhile.
        """
        changes = self._changes(brand.id)
        removed = frozenset(changes["removed"])
        written = len(brand.stores)
        for each in range(place + 1, written):
            if brand.stores[each]["id"] not in removed:
                yield each, brand.stores[each]
        ids = generated_store_ids(brand.id, brand.seed, brand.generated)
        for index in range(max(place + 1 - written, 0), brand.generated):
            if ids[index] not in removed:
                yield written + index, generated_store(ids[index], index)
        for added in changes["added"]:
            if added["place"] > place:
                yield added["place"], added["store"]

    def store(self, brand: Brand, store_id: str) -> Json | None:
        changes = self._changes(brand.id)
        added: Json | None = next((each["store"] for each in changes["added"] if each["store"]["id"] == store_id), None)
        if added is not None or store_id in changes["removed"]:
            return added
        found: Json | None = next((each for each in brand.stores if each["id"] == store_id), None)
        if found is not None:
            return found
        index = store_indexes(brand.id, brand.seed, brand.generated).get(store_id)
        return None if index is None else generated_store(store_id, index)

    def brand_of_store(self, store_id: str) -> Brand | None:
        """The brand that has a store."""
        return next((each for each in self.brands() if self.store(each, store_id) is not None), None)

    def others(self) -> "Iterator[Structure]":
        """The structures of all other organizations."""
        ids = (each["id"] for each in self.seed.raw["organizations"])
        return (Structure(self.seed, self.state, each) for each in ids if each != self.organization_id)

    def add(self, brand: Brand, store: Json) -> None:
        """Open a store."""
        changes = self._changes(brand.id)
        added = [*changes["added"], {"place": changes["next"], "store": store}]
        self.state.put(CHANGES, brand.id, {**changes, "added": added, "next": changes["next"] + 1})

    def remove(self, brand: Brand, store_id: str) -> None:
        """Close a store."""
        changes = self._changes(brand.id)
        added = [each for each in changes["added"] if each["store"]["id"] != store_id]
        was_there_first = len(added) == len(changes["added"])
        removed = [*changes["removed"], store_id] if was_there_first else changes["removed"]
        self.state.put(CHANGES, brand.id, {**changes, "added": added, "removed": removed})

    def _changes(self, brand_id: str) -> Json:
        found: Json | None = self.state.get(CHANGES, brand_id)
        return found or {"removed": [], "added": [], "next": FIRST_ADDED}
