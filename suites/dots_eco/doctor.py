"""The doctor's checks of Dots.eco: whether its tokens are accepted."""

from collections.abc import Iterator
from functools import partial

from flowproof.clients.dots_eco import DotsEco
from flowproof.doctor import Check
from flowproof.doctor.check import not_checked
from flowproof.doctor.credentials import check_call
from flowproof.doctor.holdings import check_holdings
from flowproof.target import Site

from .holdings import missing
from .setup import APPLICATION

__all__ = ["checks"]

READERS = frozenset({"default", "read"})
FIX = "Copy the authorization token again; its holder has to manage the document's application."


def checks(site: Site) -> Iterator[Check]:
    """The flow cards of the document's own application, with each token that may read them."""
    for role, keys in site.keys.items():
        if role in READERS:
            call = partial(_list, site.url, keys.key)
            accepted = check_call(f"credentials {role}", call, fix=FIX, unknown=403)
            yield accepted
            if role == "default" and accepted.state == "ok":
                yield check_holdings(partial(_missing, site.url, keys.key))
        else:
            yield not_checked(f"credentials {role}", "only a card would show it, and the doctor issues none")


def _missing(url: str, token: str) -> list[str]:
    with DotsEco(url, token) as client:
        return list(missing(client))


def _list(url: str, token: str) -> None:
    with DotsEco(url, token) as client:
        client.cards(APPLICATION)
