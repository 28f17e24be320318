"""Checks for refused signatures: a signing mistake can violate a requirement of its own."""

from collections.abc import Callable, Iterable, Iterator

from .journal import Journal, JournalExchange
from .obligation import JournalCheck, Observation, Violated

__all__ = ["every_mistake_is_named", "signing_mistake"]

NamesMistake = Callable[[str], bool]
"""Whether a mistake of this code violates the requirement."""


def signing_mistake(signature: str, names: NamesMistake) -> JournalCheck:
    """
    Make a check for signatures that were refused because of certain mistakes.

    Args:
        signature: Id of the requirement on the signature as a whole, which the refusal cites.
        names: Selects the mistakes by their code.
    """

    def check(journal: Journal) -> Iterator[Observation]:
        """Yield one observation for each refused signature with such a mistake."""
        for exchange in journal.citing(signature):
            found = [each for each in exchange.mistakes if names(each.code)]
            if found:
                yield Violated(f"{exchange} was refused: {'; '.join(each.text for each in found)}", (exchange,))

    return check


def every_mistake_is_named(selectors: Iterable[NamesMistake]) -> Callable[[JournalExchange, Journal], bool]:
    """Make an exemption from the requirement on the whole signature: each mistake violates another requirement."""
    each_selector = tuple(selectors)

    def when(exchange: JournalExchange, _: Journal) -> bool:
        """Whether every mistake of this exchange is selected."""
        codes = [each.code for each in exchange.mistakes]
        return bool(codes) and all(any(names(code) for names in each_selector) for code in codes)

    return when
