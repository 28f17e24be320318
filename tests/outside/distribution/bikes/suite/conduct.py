"""What the provider obliges its clients to, as far as a journal shows it."""

from collections.abc import Iterator

from flowproof.conduct import Fulfilled, Journal, Obligation, Obligations, Observation, Violated

__all__ = ["OBLIGATIONS"]


def bike_is_returned(journal: Journal) -> Iterator[Observation]:
    """Whoever starts a rental ends it."""
    ended = {each.parameters["rentalId"] for each in journal.of("endRental").accepted()}
    for started in journal.of("startRental").accepted():
        if started.response.json["id"] in ended:
            yield Fulfilled("the rental was ended", (started,))
        else:
            yield Violated("a rental was started and never ended", (started,))


OBLIGATIONS = Obligations(
    checked=(Obligation("bikes.rental.return", bike_is_returned, occasion="a rental is started"),),
    enforced=("bikes.auth.token", "bikes.rental.bike"),
)
