"""The doctor's checks of Dots.eco: whether its tokens are accepted."""

from collections.abc import Iterator
from functools import partial

from flowproof.clients.dots_eco import DotsEco
from flowproof.doctor import Check
from flowproof.doctor.check import not_checked
from flowproof.doctor.credentials import check_call
from flowproof.target import Site

from .setup import APPLICATION

__all__ = ["checks"]

READERS = frozenset({"default", "read"})
FIX = "Copy the authorization token again; its holder has to manage the document's application."


def checks(site: Site) -> Iterator[Check]:
    """The flow cards of the document's own application, with each token that may read them."""
    for role, keys in site.keys.items():
        if role in READERS:
            call = partial(_list, site.url, keys.key)
            yield check_call(f"credentials {role}", call, fix=FIX, unknown=403)
        else:
            yield not_checked(f"credentials {role}", "only a card would show it, and the doctor issues none")


def _list(url: str, token: str) -> None:
    with DotsEco(url, token) as client:
        client.cards(APPLICATION)
