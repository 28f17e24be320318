"""What the provider obliges its clients to, as far as a journal shows it."""

from collections.abc import Iterator

from flowproof.conduct import Fulfilled, Journal, Obligation, Obligations, Observation, Violated

__all__ = ["OBLIGATIONS"]


def cancels_once(journal: Journal) -> Iterator[Observation]:
    """A client cancels a booking once."""
    cancelled: set[str] = set()
    for each in journal.of("cancelBooking"):
        booking = each.parameters["bookingId"]
        if booking in cancelled:
            yield Violated("a cancelled booking was cancelled again", (each,))
        elif each.is_accepted:
            cancelled.add(booking)
            yield Fulfilled("a booking was cancelled", (each,))


OBLIGATIONS = Obligations(
    checked=(Obligation("acme.booking.cancel_once", cancels_once, occasion="a booking is cancelled"),),
    enforced=("acme.auth.token", "acme.booking.room", "acme.booking.day"),
)
