"""What Dots.eco obliges its clients to, as far as a journal shows it. A card is money: none is asked for in doubt."""

import json
from collections.abc import Iterator
from typing import Any

from flowproof.conduct import (
    Broken,
    Journal,
    Kept,
    Obligation,
    Obligations,
    Observed,
    Sighting,
    Watcher,
    accepted,
    in_doubt,
)

__all__ = ["OBLIGATIONS"]

CREATE = "createFlowCard"
LONGEST_SHOWN = 40
WITHOUT_TOKEN = ("dots_eco.auth.missing", "dots_eco.catalogue.missing_token")

OPTIONAL = {
    "expiration_date": ("format", "invalid", "minimum", "maximum"),
    "recipient_email": ("invalid",),
    "recipient_name": ("invalid",),
    "from": ("invalid",),
    "message": ("invalid",),
}
"""Parameters that may be left out, each with what is enforced where it is there."""

TEXTS = ("app_token", "sku", *OPTIONAL)
"""Parameters that are strings; the provider answers another type like another fault of theirs."""


def card_is_not_asked_for_twice(journal: Journal) -> Iterator[Sighting]:
    """Whoever does not know whether a card was bought does not ask for it again."""
    asked = journal.of(CREATE)
    for first in asked:
        same = [each for each in asked.after(first) if each.json == first.json is not None]
        again = next((each for each in same if in_doubt(first, each)), None)
        if again is not None:
            yield Broken("a card was asked for again, though the answer to the same request was lost", (first, again))
        elif first.is_lost:
            yield Kept("a card whose answer was lost was not asked for again", (first,))


def token_is_there(journal: Journal) -> Iterator[Sighting]:
    """No request goes without a token."""
    for requirement in WITHOUT_TOKEN:
        for exchange in journal.citing(requirement):
            yield Broken(f"{exchange} was sent without an auth-token", (exchange,))


def given(parameter: str, exchange: Observed) -> Any:
    """A parameter of a request for a card; None where it is not there."""
    return exchange.json.get(parameter) if isinstance(exchange.json, dict) else None


def is_text(parameter: str) -> Watcher:
    """A watcher for the type of a parameter."""

    def watch(journal: Journal) -> Iterator[Sighting]:
        """Every request for a card that has it."""
        for exchange in journal.of(CREATE):
            value = given(parameter, exchange)
            if isinstance(value, str) and exchange.is_accepted:
                yield Kept(f"{parameter} was sent as a string", (exchange,))
            elif value is not None and not isinstance(value, str):
                yield Broken(f"{parameter} was sent as {_shown(value)}, not as a string", (exchange,))

    return watch


def of_text(parameter: str) -> Obligation:
    """The obligation to send a parameter as a string."""
    occasion = f"a card is bought with {parameter}"
    return Obligation(f"{_subject(parameter)}.type", is_text(parameter), occasion)


def optional(parameter: str, word: str) -> Obligation:
    """An obligation on a parameter that may be left out."""
    watch = accepted(
        CREATE, having=lambda exchange: given(parameter, exchange) is not None, what=f"{parameter} was accepted"
    )
    return Obligation(f"{_subject(parameter)}.{word}", watch, occasion=f"a card is bought with {parameter}")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _subject(parameter: str) -> str:
    return f"dots_eco.flow_card.{parameter.removesuffix('_date')}"


OBLIGATIONS = Obligations(
    watched=(
        Obligation(
            "dots_eco.flow_card.lost_answer",
            card_is_not_asked_for_twice,
            occasion="the answer to a request for a card is lost, as the fault reset with the moment after does",
        ),
        Obligation("dots_eco.auth.header", token_is_there, occasion="a request is accepted"),
        *map(of_text, TEXTS),
        *(optional(parameter, word) for parameter, words in OPTIONAL.items() for word in words),
    ),
    enforced=(
        "dots_eco.auth.header",
        "dots_eco.auth.missing",
        "dots_eco.auth.unknown",
        "dots_eco.auth.manager",
        "dots_eco.auth.right",
        "dots_eco.auth.purchase_allowed",
        "dots_eco.request.content_type",
        "dots_eco.request.json",
        "dots_eco.request.size",
        "dots_eco.request.route",
        "dots_eco.request.method",
        "dots_eco.flow_card.app_token.required",
        "dots_eco.flow_card.app_token.invalid",
        "dots_eco.flow_card.sku.required",
        "dots_eco.flow_card.sku.invalid",
        "dots_eco.flow_card.sku.available",
        "dots_eco.catalogue.app_token",
        "dots_eco.catalogue.missing_token",
        "dots_eco.catalogue.purchase_allowed",
        "dots_eco.catalogue.manager",
        "dots_eco.balance.app_token",
        "dots_eco.balance.activated",
        "dots_eco.balance.manager",
    ),
    unseen={"dots_eco.transport.tls": "The mock listens on loopback without TLS."},
)
