"""The order in which things are looked at; nothing is asked that an earlier finding makes meaningless."""

from collections.abc import Callable, Iterator
from datetime import datetime

import requests

from flowproof.conformance import Contract
from flowproof.target import Site
from flowproof.target.profile import Profile

from .address import check_address
from .answer import check_answer
from .check import Check, not_checked
from .reachability import check_webhooks
from .settings import check_deviations, check_permissions

__all__ = ["ProviderChecks", "examine"]

ProviderChecks = Callable[[Site], Iterator[Check]]


def examine(profile: Profile, contract: Contract, own: ProviderChecks | None, *, now: datetime) -> Iterator[Check]:
    """
    Everything about one provider of a profile, as it is found.

    Args:
        profile: Has an entry for that provider.
        contract: The provider's.
        own: What only the provider's own code can find out: credentials, signatures, redirects.
        now: Aware, this machine's.
    """
    entry = profile.entry(contract.slug)
    yield from check_permissions(entry.permission, contract)
    yield from check_deviations(profile.deviations, contract, now.date())
    with requests.Session() as session:
        is_fit = True
        for check in check_address(entry.site.url, now):
            is_fit = is_fit and check.state != "wrong"
            yield check
        answered = check_answer(entry.site.url, contract, session=session) if is_fit else _unanswered()
        for check in answered:
            is_fit = is_fit and (check.state != "wrong" or check.name == "clock")
            yield check
        if own is None:
            yield not_checked("credentials", f"the kit of {contract.slug} has no checks")
        elif is_fit:
            yield from own(entry.site)
        else:
            yield not_checked("credentials", "the target does not answer as it should")
        yield check_webhooks(entry, session=session)


def _unanswered() -> Iterator[Check]:
    yield not_checked("answer", "there is no connection")
