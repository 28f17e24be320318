"""The window of days in which a card may expire, for any clock and any text, against the suite's own calendar."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowproof.target import Workspace

from .calendar import Day, day_at, expected_message, last_day, next_day, text_of
from .profiles import NETWORKED
from .raw_client import RawClient, compact, invalid
from .setup import APPLICATION, SEED, SKU
from .strategies import ZONES, dates_for, moments, questions

Test = TypeVar("Test", bound=Callable[..., object])

BOUNDARY_DAYS = {
    "2024-09-13": ["2024-09-12", "2024-09-13", "2024-09-14", "2029-09-12", "2029-09-13", "2029-09-14", "2030-09-13"],
    "2024-02-28": ["2024-02-28", "2024-02-29", "2029-02-28", "2029-03-01"],
    "2024-02-29": ["2024-02-29", "2024-03-01", "2029-02-28", "2029-02-29", "2029-03-01", "2029-03-02"],
    "2024-03-01": ["2024-03-01", "2024-03-02", "2029-03-01", "2029-03-02"],
    "2023-02-28": ["2023-02-29", "2023-03-01", "2028-02-28", "2028-02-29"],
    "2023-03-01": ["2023-03-02", "2028-02-29", "2028-03-01", "2028-03-02"],
    "2023-12-31": ["2023-12-31", "2024-01-01", "2028-12-31", "2029-01-01"],
    "2024-01-31": ["2024-01-31", "2024-02-01", "2029-01-31", "2029-02-01"],
    "2095-02-28": ["2100-02-28", "2100-02-29", "2100-03-01"],
    "2096-02-29": ["2101-02-28", "2101-03-01", "2101-03-02"],
    "1995-02-28": ["2000-02-28", "2000-02-29"],
    "9994-12-31": ["9995-01-01", "9999-12-31"],
}
"""Days on which a card is asked for, each with days to ask for: the edges of its window, inside and outside."""


def boundary_days(test: Test) -> Test:
    """Add every boundary day to a property's examples."""
    for today, requested in BOUNDARY_DAYS.items():
        for text in requested:
            test = example((datetime.fromisoformat(today).replace(tzinfo=UTC), text))(test)
    return test


@pytest.mark.requirement("dots_eco.flow_card.expiration.minimum", "dots_eco.flow_card.expiration.maximum")
@pytest.mark.requirement("dots_eco.flow_card.expiration.format", "dots_eco.flow_card.expiration.invalid")
@pytest.mark.requirement("dots_eco.flow_card.expiration.first_fault", "dots_eco.flow_card.expiration.leap_day")
@NETWORKED
@given(question=questions())
@boundary_days
def test_date_is_answered_as_the_calendar_says(
    workspace: Workspace, raw: RawClient, question: tuple[datetime, str]
) -> None:
    """
    Whatever the time and whatever the text, an expiration_date is accepted or refused as the calendar says.
    """
    moment, text = question
    workspace.clock.freeze(moment)
    message = expected_message(text, day_at(moment))

    answer = raw.card(expiration_date=text)

    if message is None:
        assert answer.json()["response"]["expiration_date"] == f"{text} 00:00:00"
    else:
        assert (answer.status_code, answer.content) == (422, compact(invalid(expiration_date=message)))


@pytest.mark.requirement("dots_eco.flow_card.expiration.minimum", "dots_eco.flow_card.expiration.maximum")
@NETWORKED
@given(moment=moments())
def test_window_has_its_edges_on_any_day(workspace: Workspace, raw: RawClient, moment: datetime) -> None:
    """
    On any day, tomorrow and the day five years on are accepted, and today and the day after those five years are not.
    """
    workspace.clock.freeze(moment)
    today = day_at(moment)
    first, last = next_day(today), last_day(today)

    answers = [raw.card(expiration_date=text_of(day)) for day in (today, first, last, next_day(last))]

    assert [answer.status_code for answer in answers] == [422, 200, 200, 422]


@pytest.mark.requirement("dots_eco.flow_card.expiration.default", "dots_eco.flow_card.expiration.optional")
@pytest.mark.requirement("dots_eco.flow_card.expiration_shown", "dots_eco.flow_card.expiration.leap_day")
@NETWORKED
@given(moment=moments())
@example(moment=datetime(2024, 9, 13, tzinfo=UTC))
@example(moment=datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC))
@example(moment=datetime(2023, 2, 28, tzinfo=UTC))
def test_card_expires_in_five_years_by_default(workspace: Workspace, raw: RawClient, moment: datetime) -> None:
    """
    On any day, a card without an expiration_date expires on the last day that could have been asked for.
    """
    workspace.clock.freeze(moment)

    card = raw.card().json()["response"]

    assert card["expiration_date"] == f"{text_of(last_day(day_at(moment)))} 00:00:00"


@pytest.mark.requirement("dots_eco.flow_card.expiration.minimum", "dots_eco.flow_card.expiration.maximum")
@pytest.mark.requirement("dots_eco.flow_card.expiration.time_zone", "dots_eco.flow_card.expiration_shown")
def test_window_has_its_edges_today(today: Day, raw: RawClient) -> None:
    """
    From tomorrow to the day five years on a card may expire, also in the middle; today and the day after it may not.
    """
    first, last = next_day(today), last_day(today)
    middle = (today[0] + 2, 6, 15)

    inside = [raw.card(expiration_date=text_of(day)) for day in (first, middle, last)]
    outside = [raw.card(expiration_date=text_of(day)) for day in (today, next_day(last), (last[0] + 1, *last[1:]))]

    assert [each.json()["response"]["expiration_date"] for each in inside] == [
        f"{text_of(day)} 00:00:00" for day in (first, middle, last)
    ]
    minimum = f"The minimum expiration_date should be {text_of(first)}."
    maximum = f"The maximum expiration_date should be {text_of(last)}."
    assert [each.status_code for each in outside] == [422] * 3
    assert [each.json() for each in outside] == [invalid(expiration_date=each) for each in (minimum, maximum, maximum)]


@pytest.mark.requirement("dots_eco.flow_card.expiration.default", "dots_eco.flow_card.expiration.optional")
@pytest.mark.parametrize("given", [{}, {"expiration_date": None}], ids=str)
def test_card_of_today_expires_in_five_years(today: Day, raw: RawClient, given: dict[str, None]) -> None:
    """
    A card without an expiration_date expires five years after the provider's day, which the header Date tells.
    """
    card = raw.add({"app_token": APPLICATION, "sku": SKU, **given}).json()["response"]

    assert card["expiration_date"] == f"{text_of(last_day(today))} 00:00:00"


@pytest.mark.requirement("dots_eco.flow_card.expiration.first_fault", "dots_eco.flow_card.expiration.invalid")
@NETWORKED
@given(data=st.data())
def test_any_text_is_answered_as_the_calendar_says(today: Day, raw: RawClient, data: st.DataObject) -> None:
    """
    Whatever is asked for as an expiration_date today, it is accepted or refused as the calendar says.
    """
    text = data.draw(dates_for(today))
    message = expected_message(text, today)

    answer = raw.card(expiration_date=text)

    if message is None:
        assert answer.json()["response"]["expiration_date"] == f"{text} 00:00:00"
    else:
        assert (answer.status_code, answer.json()) == (422, invalid(expiration_date=message))


def use_zone(workspace: Workspace, zone: str) -> None:
    """Set the provider's time zone."""
    workspace.replace_seed("dots_eco", {**SEED, "settings": {"time_zone": zone}})


@pytest.mark.requirement("dots_eco.flow_card.expiration.time_zone")
@NETWORKED
@given(question=questions(), zone=st.sampled_from(ZONES))
@example(question=(datetime(2024, 9, 13, 9, 59, 59, tzinfo=UTC), "2024-09-14"), zone="Pacific/Kiritimati")
@example(question=(datetime(2024, 9, 13, 10, 0, 0, tzinfo=UTC), "2024-09-14"), zone="Pacific/Kiritimati")
def test_days_are_those_of_the_providers_zone(
    workspace: Workspace, raw: RawClient, question: tuple[datetime, str], zone: str
) -> None:
    """
    Whatever the provider's time zone, today is the day there.
    """
    moment, text = question
    use_zone(workspace, zone)
    workspace.clock.freeze(moment)

    answer = raw.card(expiration_date=text)

    assert (answer.status_code == 200) is (expected_message(text, day_at(moment, zone)) is None)


MIDNIGHTS = {
    "UTC": "2024-09-14T00:00:00+00:00",
    "Europe/Berlin": "2024-09-13T22:00:00+00:00",
    "America/New_York": "2024-09-14T04:00:00+00:00",
    "Asia/Kolkata": "2024-09-13T18:30:00+00:00",
    "Pacific/Kiritimati": "2024-09-13T10:00:00+00:00",
    "Pacific/Niue": "2024-09-14T11:00:00+00:00",
}
"""When 2024-09-13 ends, by time zone."""


@pytest.mark.requirement("dots_eco.flow_card.expiration.time_zone", "dots_eco.flow_card.expiration.minimum")
@pytest.mark.parametrize(("zone", "midnight"), MIDNIGHTS.items(), ids=MIDNIGHTS)
def test_minimum_moves_at_midnight(workspace: Workspace, raw: RawClient, zone: str, midnight: str) -> None:
    """
    Until the last microsecond of a day tomorrow is the minimum; from midnight of the provider's zone on it is refused.
    """
    end_of_day = datetime.fromisoformat(midnight)
    use_zone(workspace, zone)

    workspace.clock.freeze(end_of_day - timedelta(microseconds=1))
    before = raw.card(expiration_date="2024-09-14")
    workspace.clock.freeze(end_of_day)
    after = raw.card(expiration_date="2024-09-14")

    assert before.status_code == 200
    assert after.json() == invalid(expiration_date="The minimum expiration_date should be 2024-09-15.")


@pytest.mark.requirement("dots_eco.flow_card.expiration.time_zone", "dots_eco.flow_card.expiration.maximum")
@pytest.mark.parametrize(("zone", "midnight"), MIDNIGHTS.items(), ids=MIDNIGHTS)
def test_maximum_moves_at_midnight(workspace: Workspace, raw: RawClient, zone: str, midnight: str) -> None:
    """
    Five years on from tomorrow is refused until midnight of the provider's zone, and accepted from then on.
    """
    end_of_day = datetime.fromisoformat(midnight)
    use_zone(workspace, zone)

    workspace.clock.freeze(end_of_day - timedelta(microseconds=1))
    before = raw.card(expiration_date="2029-09-14")
    workspace.clock.freeze(end_of_day)
    after = raw.card(expiration_date="2029-09-14")

    assert before.json() == invalid(expiration_date="The maximum expiration_date should be 2029-09-13.")
    assert after.status_code == 200


OTHER_FORMATS = (
    *("", " ", "31/12/2025", "12/31/2025", "31.12.2025", "31-12-2025", "2025/12/31", "2025.12.31", "20251231"),
    *("25-12-31", "2025-1-1", "2025-12-1", "2025-12-031", "02025-12-31", "+2025-12-31", "-2025-12-31"),
    *(" 2025-12-31", "2025-12-31 ", "2025-12-31\n", "2025-12-31T00:00:00", "2025-12-31 00:00:00", "2025-12-31Z"),
    *("tomorrow", "+1 day", "1767139200", "2025-W52-3", "2025-365", "2025\u201112\u201131", "2025-02-30 "),
    *(
        "\u0662\u0660\u0662\u0665-\u0661\u0662-\u0663\u0661",
        "\uff12\uff10\uff12\uff15-\uff11\uff12-\uff13\uff11",
        "YYYY-mm-dd",
    ),
)
"""Texts that have not the documented form; among them days written with other digits or other hyphens."""


def each(texts: Iterable[str]) -> pytest.MarkDecorator:
    """One test for each text."""
    return pytest.mark.parametrize("text", texts, ids=repr)


@pytest.mark.requirement("dots_eco.flow_card.expiration.invalid")
@each(["2025-02-29", "2025-02-30", "2023-02-30", "2025-04-31", "2025-13-01", "2025-00-10", "2025-01-00", "2025-01-32"])
def test_day_of_no_calendar_is_invalid(raw: RawClient, text: str) -> None:
    """
    A day that has the right form but is in no calendar is invalid, not in another format.
    """
    assert raw.card(expiration_date=text).json() == invalid(expiration_date="The expiration_date is invalid.")


@pytest.mark.requirement("dots_eco.flow_card.expiration.invalid")
@each(["0000-01-01", "0000-00-00", "0000-02-29"])
def test_year_nought_is_invalid(raw: RawClient, text: str) -> None:
    """
    There is no year 0: its days are invalid, not too early.
    """
    assert raw.card(expiration_date=text).json() == invalid(expiration_date="The expiration_date is invalid.")


@pytest.mark.requirement("dots_eco.flow_card.expiration.format")
@each(OTHER_FORMATS)
def test_other_format_is_told_as_such(raw: RawClient, text: str) -> None:
    """
    A text without the documented form is refused for its format, whether or not it means a day.
    """
    message = "The expiration_date format should be YYYY-mm-dd."

    assert raw.card(expiration_date=text).json() == invalid(expiration_date=message)


@pytest.mark.requirement("dots_eco.flow_card.expiration.type", "dots_eco.flow_card.expiration.format")
@pytest.mark.parametrize("value", [0, 20251231, 1767139200, 2025.12, True, False, [], ["2025-12-31"], {}, {"y": 2025}])
def test_date_that_is_no_text_has_another_format(raw: RawClient, value: object) -> None:
    """
    An expiration_date of another type than text is in another format.
    """
    message = "The expiration_date format should be YYYY-mm-dd."

    assert raw.card(expiration_date=value).json() == invalid(expiration_date=message)


@pytest.mark.requirement("dots_eco.flow_card.expiration.default", "dots_eco.flow_card.expiration.time_zone")
@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00", "9995-06-15T00:00:00+00:00"]
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Niue"])
def test_ends_of_the_calendar_are_answered(workspace: Workspace, raw: RawClient, moment: str, zone: str) -> None:
    """
    At the very ends of the calendar a card can be asked for, and never expires later than the calendar.
    """
    use_zone(workspace, zone)
    workspace.clock.freeze(moment)

    card = raw.card().json()["response"]

    assert card["expiration_date"] in {"0006-01-01 00:00:00", "0005-12-31 00:00:00", "9999-12-31 00:00:00"}
