"""The cards of one workspace: made with an id and a code that no other card has."""

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
    """The shelf of a workspace, and the chance from which ids are drawn."""

    state: State
    rng: Random

    def add(self, case: rules.Case, application: Application, sku: Sku) -> Card:
        """Make and keep the card that a request without fault buys."""
        card = rules.bought(case, application, sku, card_id=self._free_id(), suffix=hex_id(self.rng, 8))
        while self.state.get(CODE, card.code) is not None:
            card = rules.bought(case, application, sku, card_id=card.id, suffix=hex_id(self.rng, 8))
        self.state.put(CODE, card.code, card.id)
        self.state.put(CARD, card.id, {"app_token": application.app_token, **card.to_json()})
        return card

    def _free_id(self) -> str:
        drawn = str(self.rng.randrange(1, MOST_IDS))
        return drawn if self.state.get(CARD, drawn) is None else self._free_id()


def kept(state: State) -> Sequence[Any]:
    """The cards that were bought, the newest first, each with the token of its application."""
    return state.newest(CARD)
