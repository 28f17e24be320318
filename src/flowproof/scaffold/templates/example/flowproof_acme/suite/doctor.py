"""What only the provider's own code can find out about a configuration: whether its token is accepted."""

from collections.abc import Iterator
from contextlib import closing

from flowproof.doctor import Check
from flowproof.doctor.check import ok, wrong
from flowproof.target import Site

from .access import connect

__all__ = ["checks"]


def checks(site: Site) -> Iterator[Check]:
    """Ask for the list of bookings."""
    with closing(connect(site)) as client:
        status = client.bookings(limit=1).status_code
    if status == 200:
        yield ok("token", "accepted")
    else:
        yield wrong("token", f"answered {status}", "Copy the token again.")
