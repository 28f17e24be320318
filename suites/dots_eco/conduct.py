"""What Dots.eco obliges its clients to, as far as a journal shows it. A card costs money, so none is bought twice."""

import json
from collections.abc import Iterator
from typing import Any

from flowproof.conduct import (
    Fulfilled,
    Journal,
    JournalCheck,
    JournalExchange,
    Obligation,
    Obligations,
    Observation,
    Violated,
    accepted_requests,
    outcome_was_unknown,
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
"""Optional parameters, each with the requirements that are enforced where it is present."""

STRINGS = ("app_token", "sku", *OPTIONAL)
"""Parameters that are strings. The provider answers a wrong type like any other fault of the parameter."""


def card_is_not_bought_twice(journal: Journal) -> Iterator[Observation]:
    """A client that does not know whether a card was bought does not ask for it again."""
    requests = journal.of(CREATE)
    for first in requests:
        same = [each for each in requests.after(first) if each.json == first.json is not None]
        again = next((each for each in same if outcome_was_unknown(first, each)), None)
        if again is not None:
            yield Violated("a card was asked for again, though the answer to the same request was lost", (first, again))
        elif first.is_lost:
            yield Fulfilled("a card whose answer was lost was not asked for again", (first,))


def token_is_sent(journal: Journal) -> Iterator[Observation]:
    """Every request has a token."""
    for requirement in WITHOUT_TOKEN:
        for exchange in journal.citing(requirement):
            yield Violated(f"{exchange} was sent without an auth-token", (exchange,))


def parameter_value(parameter: str, exchange: JournalExchange) -> Any:
    """The value of a parameter in a request for a card; None where it is missing."""
    return exchange.json.get(parameter) if isinstance(exchange.json, dict) else None


def is_string(parameter: str) -> JournalCheck:
    """Make a check that a parameter is a string."""

    def check(journal: Journal) -> Iterator[Observation]:
        """Yield one observation for each request for a card that has the parameter."""
        for exchange in journal.of(CREATE):
            value = parameter_value(parameter, exchange)
            if isinstance(value, str) and exchange.is_accepted:
                yield Fulfilled(f"{parameter} was sent as a string", (exchange,))
            elif value is not None and not isinstance(value, str):
                yield Violated(f"{parameter} was sent as {_shown(value)}, not as a string", (exchange,))

    return check


def string_obligation(parameter: str) -> Obligation:
    occasion = f"a card is bought with {parameter}"
    return Obligation(f"{_subject(parameter)}.type", is_string(parameter), occasion)


def optional_obligation(parameter: str, word: str) -> Obligation:
    """The obligation `word` of an optional parameter."""
    check = accepted_requests(
        CREATE,
        having=lambda exchange: parameter_value(parameter, exchange) is not None,
        what=f"{parameter} was accepted",
    )
    return Obligation(f"{_subject(parameter)}.{word}", check, occasion=f"a card is bought with {parameter}")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _subject(parameter: str) -> str:
    return f"dots_eco.flow_card.{parameter.removesuffix('_date')}"


OBLIGATIONS = Obligations(
    checked=(
        Obligation(
            "dots_eco.flow_card.lost_answer",
            card_is_not_bought_twice,
            occasion="the answer to a request for a card is lost, as the fault reset with the moment after does",
        ),
        Obligation("dots_eco.auth.header", token_is_sent, occasion="a request is accepted"),
        *map(string_obligation, STRINGS),
        *(optional_obligation(parameter, word) for parameter, words in OPTIONAL.items() for word in words),
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
    unobservable={"dots_eco.transport.tls": "The mock listens on loopback without TLS."},
)
