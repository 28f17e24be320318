"""Where a provider that is right once goes wrong: the second time, the tenth booking, texts that look alike."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from flowproof.edge_cases import near_misses
from flowproof.target import Target, Workspace

from ..client import Acme

Draft = Callable[..., dict[str, Any]]
LIKE = ("other letter case", "a blank before", "a blank behind")


@pytest.mark.requirement("acme.booking.answer")
def test_each_booking_is_its_own(acme: Acme, book: Draft, draft: Draft) -> None:
    """Bookings that differ are answered and read as each was made, when all of them are there."""
    sent = [draft(room=room, guests=guests, days_ahead=guests) for room, guests in (("blue", 1), ("green", 2))]
    made = [book(**each) for each in sent]

    assert made == [{"id": each["id"], **one} for each, one in zip(made, sent, strict=True)]
    assert [acme.booking(each["id"]).json() for each in made] == made


@pytest.mark.requirement("acme.list.order", "acme.list.limit", "acme.list.offset")
@pytest.mark.parametrize("size", [1, 11, 12])
def test_dozen_bookings_are_listed_in_order(acme: Acme, book: Draft, size: int) -> None:
    """The newest of twelve bookings is the first, the tenth stands between its neighbours, on every page."""
    made = [book(guests=number % 8 + 1) for number in range(12)]
    pages = [acme.bookings(limit=size, offset=offset).json()["bookings"] for offset in range(0, 12, size)]

    assert [each for page in pages for each in page][:12] == made[::-1]


@pytest.mark.requirement("acme.booking.answer", "acme.list.order")
def test_another_workspace_has_bookings_of_its_own(
    acme: Acme,
    draft: Draft,
    make_workspace: Callable[..., Workspace],
    make_acme: Callable[..., Acme],
) -> None:
    """On a mock, what one workspace has booked another one does not have, also where both book the same."""
    with make_workspace() as elsewhere:
        there = make_acme(elsewhere)
        empty = there.bookings().json()
        made = [each.create(draft()).json() for each in (acme, there, there)]
        seen = [each.bookings().json()["total"] for each in (acme, there)]
        read = [each.booking(made[0]["id"]).status_code for each in (acme, there)]

    assert (empty, seen, read) == ({"bookings": [], "total": 0}, [1, 2], [200, 404])


@pytest.mark.requirement("acme.booking.cancel")
@pytest.mark.parametrize("change", [*LIKE, "cut off", "one more"])
def test_id_is_taken_to_the_letter(acme: Acme, book: Draft, change: str) -> None:
    """What nearly is the id of a booking has no booking, and cancels none."""
    booking = book()
    near = quote(near_misses(booking["id"]).get(change, f"{booking['id']}0"), safe="")
    before = acme.booking(booking["id"]).status_code
    answers = [acme.booking(near).status_code, acme.cancel(near).status_code]

    assert (before, answers, acme.booking(booking["id"]).status_code) == (200, [404, 404], 200)


@pytest.mark.requirement("acme.booking.room", "acme.booking.day")
@pytest.mark.parametrize("name", ["room", "day"])
@pytest.mark.parametrize("change", LIKE)
def test_room_and_day_are_taken_to_the_letter(acme: Acme, book: Draft, draft: Draft, name: str, change: str) -> None:
    """What nearly is a room, or a day, is none, also after the right one was booked."""
    right = draft()
    book(**right)
    answer = acme.create({**right, name: near_misses(right[name]).get(change, f"{right[name]}0")})

    assert (answer.status_code, answer.json()["fields"]) == (422, [name])


@pytest.mark.requirement("acme.auth.token", "acme.error.body")
@pytest.mark.parametrize("change", ["other letter case", "cut off", "one more"])
def test_token_is_taken_to_the_letter(acme: Acme, target: Target, make_acme: Callable[..., Acme], change: str) -> None:
    """What nearly is a token shows no booking, also after the right one did."""
    let_in = acme.bookings().status_code
    near = near_misses(str(acme.token)).get(change, f"{acme.token}0")

    assert (let_in, make_acme(target, token=near).bookings().status_code) == (200, 401)
