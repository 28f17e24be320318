"""The doctor's checks of the Integrations API: whether its tokens are accepted."""

from collections.abc import Iterator
from functools import partial

from flowproof.clients.integrations import Integrations
from flowproof.doctor import Check
from flowproof.doctor.credentials import check_call
from flowproof.target import Site

from .setup import ENTITY_TYPES

__all__ = ["checks"]

TOKENS = frozenset({"default", "user"})  # (other roles hold keys that are not for calling)
FIX = "Make a new API token in the account, or log in again for a user token."


def checks(site: Site) -> Iterator[Check]:
    """The triggers of orders, with each role's token."""
    for role in sorted(TOKENS & set(site.keys)):
        yield check_call(f"credentials {role}", partial(_list, site.url, site.keys[role].key), fix=FIX)


def _list(url: str, token: str) -> None:
    with Integrations(url, token) as client:
        client.triggers(ENTITY_TYPES[0])
