"""The cards in a workspace's store, each with an id and a code that no other card has."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from flowproof.kernel import State, hex_id

from . import rules
from .models import Application, Card, Sku

__all__ = ["Cards"]

CARD = "card"
CODE = "code"
MOST_IDS = 10**9


@dataclass(frozen=True, slots=True)
class Cards:
    """The cards of a workspace, and the random source of their ids."""

    state: State
    rng: Random

    def add(self, request: rules.CardRequest, application: Application, sku: Sku) -> Card:
        """Make and store the card that a valid request buys."""
        card = rules.buy(request, application, sku, card_id=self._free_id(), suffix=hex_id(self.rng, 8))
        while self.state.get(CODE, card.code) is not None:
            card = rules.buy(request, application, sku, card_id=card.id, suffix=hex_id(self.rng, 8))
        self.state.put(CODE, card.code, card.id)
        self.state.put(CARD, card.id, {"app_token": application.app_token, **card.to_json()})
        return card

    def all(self) -> Sequence[Any]:
        """The cards, newest first, each with the token of its application."""
        return self.state.newest(CARD)

    def _free_id(self) -> str:
        card_id = str(self.rng.randrange(1, MOST_IDS))
        return card_id if self.state.get(CARD, card_id) is None else self._free_id()
