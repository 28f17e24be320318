"""Who is let in."""

from collections.abc import Callable

import pytest

from flowproof.edge_cases import EACH_TIME
from flowproof.target import Target

from ..client import Acme


@pytest.mark.requirement("acme.auth.token", "acme.error.body")
@pytest.mark.parametrize("token", [None, "nobody-has-this-token"])
def test_stranger_sees_no_booking(target: Target, make_acme: Callable[..., Acme], token: str | None) -> None:
    """Without a known token no booking is shown, the second time neither."""
    stranger = make_acme(target, token=token)
    answers = [stranger.bookings() for _ in EACH_TIME]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [(401, "unauthorized")] * len(EACH_TIME)


@pytest.mark.requirement("acme.auth.token", "acme.error.body")
def test_stranger_cannot_book(target: Target, make_acme: Callable[..., Acme]) -> None:
    """Without a token nothing is booked, whatever the body."""
    answer = make_acme(target, token=None).create({"room": "blue"})

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
