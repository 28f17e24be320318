"""The doctor's checks of the Integrations API: whether its tokens are accepted."""

from collections.abc import Iterator
from functools import partial

from flowproof.clients.integrations import Integrations
from flowproof.doctor import Check
from flowproof.doctor.check import not_checked
from flowproof.doctor.credentials import check_call
from flowproof.doctor.holdings import check_holdings
from flowproof.target import Site

from .holdings import missing
from .setup import ENTITY_TYPES

__all__ = ["checks"]

TOKENS = frozenset({"default", "user"})  # (other roles hold keys that are not for calling)
FIX = "Make a new API token in the account, or log in again for a user token."


def checks(site: Site) -> Iterator[Check]:
    """The triggers of orders, with each role's token."""
    for role in sorted(TOKENS & set(site.keys)):
        accepted = check_call(f"credentials {role}", partial(_list, site.url, site.keys[role].key), fix=FIX)
        yield accepted
        if role == "default" and accepted.state == "ok":
            yield check_holdings(partial(_missing, site.url, site.keys[role].key))
    yield not_checked("platforms", "no operation lists them; a test that needs one that is not there is skipped")


def _missing(url: str, token: str) -> list[str]:
    with Integrations(url, token) as client:
        return list(missing(client))


def _list(url: str, token: str) -> None:
    with Integrations(url, token) as client:
        client.triggers(ENTITY_TYPES[0])
