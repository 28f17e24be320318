"""Whether a profile speaks of things that the provider's contract has. Connects to nothing."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from difflib import get_close_matches

from flowproof.conformance import Contract
from flowproof.conformance.effects import read_effects
from flowproof.target.permitted import costly_operations, permitted_sentences
from flowproof.target.profile import Deviation, Pace, Permission

from .check import Check, ok, warning, wrong

__all__ = ["check_deviations", "check_permissions"]

SOON = timedelta(days=14)
LIMIT = 'Limit it with permits.spend = "50.00"; flowproof certify --dry-run says what a run costs.'


def check_permissions(permission: Permission, contract: Contract) -> Iterator[Check]:
    """What the profile permits is there to be permitted; what it creates and costs at most."""
    effects = read_effects(contract.document)
    known = [each.id for each in contract.operations.all]
    for unknown in sorted(set(permission.operations) - set(known)):
        yield wrong("permits", f"{contract.slug} has no operation {unknown}", _nearest(unknown, known))
    if set(permission.operations) <= set(known):
        yield ok("permits", "; ".join(permitted_sentences(permission, Pace(), effects)))
    costly = costly_operations(permission, effects)
    if costly and permission.spend is None:
        yield warning("spending", f"{' and '.join(costly)} may cost any amount", LIMIT)


def check_deviations(deviations: Sequence[Deviation], contract: Contract, today: date) -> Iterator[Check]:
    """Each deviation of this provider names a requirement, and holds today."""
    mine = [each for each in deviations if each.requirement.partition(".")[0] == contract.slug]
    for each in mine:
        if each.requirement not in contract.requirements:
            fix = _nearest(each.requirement, contract.requirements)
            yield wrong("deviation", f"there is no requirement {each.requirement}", fix)
        elif each.expires < today:
            fix = f"Ask {each.owner} whether it is mended; take it out, or give it another day."
            yield wrong("deviation", f"{each.requirement} expired on {each.expires}", fix)
        elif each.expires - today < SOON:
            yield warning("deviation", f"{each.requirement} expires on {each.expires}", f"Ask {each.owner} about it.")
        else:
            yield ok("deviation", f"{each.requirement}, {each.owner}, until {each.expires}")


def _nearest(unknown: str, known: Iterable[str]) -> str:
    names = sorted(known)
    found = get_close_matches(unknown, names, 3, 0.4)
    return f"Did you mean {' or '.join(found)}?" if found else f"There are: {', '.join(names[:10])}."
