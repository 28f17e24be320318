"""What only the provider's own code can find out about a configuration: whether the credentials are accepted."""

from collections.abc import Iterator
from contextlib import closing

from flowproof.doctor import Check
from flowproof.doctor.check import ok, wrong
from flowproof.target import Site

from .access import connect
from .plan import PLAN

__all__ = ["checks"]


def checks(site: Site) -> Iterator[Check]:
    """Ask for something that only reads, and needs credentials and nothing else."""
    reading = (each for each in PLAN.protected() if each.method == "GET" and not each.names)
    operation = next(reading, None)
    if operation is None:
        return
    with closing(connect(site)) as client:
        status = PLAN.perform(client, operation.id).status_code
    if status in (401, 403):
        yield wrong("credentials", f"{operation.id} answered {status}", "Copy them again.")
    else:
        yield ok("credentials", "accepted")
