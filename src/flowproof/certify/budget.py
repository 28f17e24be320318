"""What the calls of a run have cost, by currency, against the profile's limit."""

import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from flowproof.plurals import counted

__all__ = ["Budget", "Price", "read_spent", "spent_text"]

AMOUNT = re.compile(r"(?P<amount>\d+(?:\.\d+)?)(?: (?P<currency>[A-Z]{3}))?", re.ASCII)
NOT_SAID = "unknown: no response of the provider says what a call costs"


@dataclass(frozen=True, slots=True)
class Price:
    """An amount of money; the currency is empty where the provider names none."""

    amount: Decimal
    currency: str = ""


@dataclass(slots=True)
class Budget:
    """
    The cost of a provider's calls.

    Args:
        spent: Of all calls, by currency.
        dearest: Of the most expensive call, by currency.
        unpriced: How many calls bought what has no known price yet, by what the provider's price list calls it.
        lost: How many calls have a cost that will never be known.
    """

    spent: dict[str, Decimal] = field(default_factory=dict)
    dearest: dict[str, Decimal] = field(default_factory=dict)
    unpriced: Counter[str] = field(default_factory=Counter)
    lost: int = 0

    def allows(self, limit: Decimal) -> bool:
        """
        Whether one more call stays within the limit, if it costs no more than the most expensive so far.

        The limit holds for each currency.
        """
        if self.lost or self.unpriced or limit <= 0:
            return False
        return all(
            spent < limit and spent + self.dearest.get(currency, 0) <= limit for currency, spent in self.spent.items()
        )

    def pay(self, price: Price | None) -> None:
        """Add a call; a price of None is unknown and counts as the most expensive so far, of whichever currency."""
        if price is None and len(self.dearest) != 1:
            self.lost += 1
            return
        paid = price or next(Price(amount, currency) for currency, amount in self.dearest.items())
        currency = paid.currency
        self.spent[currency] = self.spent.get(currency, Decimal(0)) + paid.amount
        self.dearest[currency] = max(paid.amount, self.dearest.get(currency, paid.amount))

    def learn(self, name: str, price: Price) -> None:
        """Pay what was bought under that name before its price was known."""
        for _ in range(self.unpriced.pop(name, 0)):
            self.pay(price)

    def __str__(self) -> str:
        amounts = [f"{amount} {currency}".rstrip() for currency, amount in sorted(self.spent.items())]
        unknown = self.lost + self.unpriced.total()
        more = [f"{counted(unknown, 'call')} of unknown cost"] if unknown else []
        return ", ".join([*amounts, *more]) or "0"


def read_spent(text: str) -> Budget:
    """A budget as far as its text tells it."""
    budget = Budget()
    for each in text.split(", "):
        found = AMOUNT.fullmatch(each)
        if found is not None and Decimal(found["amount"]):
            budget.spent[found["currency"] or ""] = Decimal(found["amount"])
    return budget


def spent_text(spent: str | None) -> str:
    """What was spent, in a sentence for people; None where no response says it."""
    if spent is None:
        return NOT_SAID
    return spent if spent == "0" or re.search("[A-Za-z]", spent) else f"{spent}, in the provider's unit"
