"""Bookings, on a mock and on any other target."""

from collections.abc import Callable
from typing import Any

import pytest

from flowproof.edge_cases import EACH_TIME
from flowproof.target import Workspace

from ..client import Acme

Draft = Callable[..., dict[str, Any]]


@pytest.mark.requirement("acme.booking.answer")
@pytest.mark.parametrize(("room", "guests"), [("blue", 1), ("green", 8)])
def test_booking_is_read_as_it_was_made(acme: Acme, book: Draft, draft: Draft, room: str, guests: int) -> None:
    """A booking is answered as it was sent, with an id, and is read the same."""
    booking = book(room=room, guests=guests)

    assert booking == {"id": booking["id"], **draft(room=room, guests=guests)}
    assert acme.booking(booking["id"]).json() == booking


@pytest.mark.requirement("acme.booking.answer")
def test_two_bookings_have_two_ids(book: Draft) -> None:
    """Two bookings that are alike have ids of their own."""
    assert book()["id"] != book()["id"]


@pytest.mark.requirement("acme.booking.guests", "acme.error.body")
@pytest.mark.parametrize("guests", [-1, 0, 9, 1.5, "2", None, True])
def test_other_number_of_guests_is_refused(acme: Acme, draft: Draft, guests: Any) -> None:
    """A booking for less than one guest, more than eight or anything else is refused each time, and the field named."""
    answers = [acme.create(draft(guests=guests)) for _ in EACH_TIME]
    errors = [(each.status_code, each.json()["code"], each.json()["fields"]) for each in answers]

    assert errors == [(422, "invalid", ["guests"])] * len(EACH_TIME)


@pytest.mark.requirement("acme.booking.room", "acme.booking.guests", "acme.booking.day", "acme.error.body")
@pytest.mark.parametrize("missing", ["room", "guests", "day"])
def test_booking_that_lacks_a_field_is_refused(acme: Acme, draft: Draft, missing: str) -> None:
    """A booking without room, guests or day is refused, and the field is named."""
    answer = acme.create({name: value for name, value in draft().items() if name != missing})

    assert (answer.status_code, answer.json()["fields"]) == (422, [missing])


@pytest.mark.requirement("acme.booking.room", "acme.error.body")
@pytest.mark.parametrize("room", ["no-such-room", "", "BLUE", 7, None])
def test_room_that_there_is_not_is_refused(acme: Acme, draft: Draft, room: Any) -> None:
    """A room that there is not cannot be booked, the second time neither."""
    answers = [acme.create(draft(room=room)) for _ in EACH_TIME]

    assert [(each.status_code, each.json()["fields"]) for each in answers] == [(422, ["room"])] * len(EACH_TIME)


@pytest.mark.requirement("acme.booking.day")
@pytest.mark.parametrize("days_ahead", [1, 90])
def test_first_and_last_day_can_be_booked(book: Draft, today: Any, days_ahead: int) -> None:
    """Tomorrow and the ninetieth day can be booked."""
    assert (book(days_ahead=days_ahead)["day"] > str(today)) is True


@pytest.mark.requirement("acme.booking.day", "acme.error.body")
@pytest.mark.parametrize("days_ahead", [-1, 0, 91, 400])
def test_day_outside_the_window_is_refused(acme: Acme, draft: Draft, days_ahead: int) -> None:
    """Today, any day before it and any after the ninetieth cannot be booked, the second time neither."""
    answers = [acme.create(draft(days_ahead=days_ahead)) for _ in EACH_TIME]

    assert [(each.status_code, each.json()["fields"]) for each in answers] == [(422, ["day"])] * len(EACH_TIME)


@pytest.mark.requirement("acme.booking.day")
@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "01/03/2026", "20260301", 20260301])
def test_text_that_is_no_day_is_refused(acme: Acme, draft: Draft, day: Any) -> None:
    """What is no day of the calendar, or written in another way, is refused."""
    assert acme.create(draft(day=day)).status_code == 422


@pytest.mark.requirement("acme.booking.day")
def test_window_moves_on_at_midnight(workspace: Workspace, acme: Acme) -> None:
    """A second before midnight in UTC tomorrow can be booked; at midnight that day is today."""
    tomorrow = {"room": "blue", "guests": 1, "day": "2026-03-02"}
    workspace.clock.freeze("2026-03-01T23:59:59Z")
    before = acme.create(tomorrow).status_code
    workspace.clock.advance(1)

    assert (before, acme.create(tomorrow).status_code) == (201, 422)


@pytest.mark.requirement("acme.booking.notify_url")
@pytest.mark.parametrize("url", ["ftp://acme.example", "acme.example", "", 7])
def test_notification_to_no_http_url_is_refused(acme: Acme, draft: Draft, url: Any) -> None:
    """A URL for notifications that is not of HTTP is refused each time."""
    answers = [acme.create(draft(notifyUrl=url)) for _ in EACH_TIME]

    assert [(each.status_code, each.json()["fields"]) for each in answers] == [(422, ["notifyUrl"])] * len(EACH_TIME)


@pytest.mark.requirement("acme.booking.cancel", "acme.booking.cancel_once", "acme.error.body")
def test_cancelled_booking_is_gone(acme: Acme, book: Draft) -> None:
    """A booking that was cancelled is not found, not listed, and cannot be cancelled again."""
    kept, gone = book(), book()
    answered = [acme.cancel(gone["id"]), acme.booking(gone["id"]), acme.cancel(gone["id"])]

    assert [each.status_code for each in answered] == [204, 404, 404]
    assert [each.json()["code"] for each in answered[1:]] == ["not_found", "not_found"]
    assert acme.bookings(limit=1).json()["bookings"] == [kept]


@pytest.mark.requirement("acme.list.order")
def test_newest_booking_is_listed_first(acme: Acme, book: Draft) -> None:
    """Bookings are listed whole, the newest first, with the number of all."""
    first, second, third = book(guests=1), book(guests=2), book(guests=3)
    listed = acme.bookings(limit=3).json()
    pages = [acme.bookings(limit=50, offset=offset).json() for offset in range(0, listed["total"], 50)]

    assert listed["bookings"] == [third, second, first]
    assert [len(each["bookings"]) for each in pages][-1] == (listed["total"] - 1) % 50 + 1


@pytest.mark.requirement("acme.list.limit", "acme.list.offset")
def test_pages_follow_on_one_another(acme: Acme, book: Draft) -> None:
    """A page has as many bookings as were asked for, and begins where it was asked to."""
    first, second = book(), book()

    assert acme.bookings(limit=1).json()["bookings"] == [second]
    assert acme.bookings(limit=1, offset=1).json()["bookings"] == [first]


@pytest.mark.requirement("acme.list.limit", "acme.list.offset", "acme.error.body")
@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 51}, {"limit": "few"}, {"offset": -1}, {"offset": "x"}], ids=str
)
def test_page_that_cannot_be_is_refused(acme: Acme, query: dict[str, Any]) -> None:
    """A limit outside 1 to 50 and an offset below 0 are refused each time, and named."""
    answers = [acme.bookings(**query) for _ in EACH_TIME]
    errors = [(each.status_code, each.json()["code"], each.json()["fields"]) for each in answers]

    assert errors == [(422, "invalid", list(query))] * len(EACH_TIME)
