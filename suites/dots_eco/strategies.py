"""What Hypothesis draws for Dots.eco: moments, days near and far, texts that look like days, and any JSON."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from .calendar import Day, day_at, last_day, next_day, text_of
from .setup import APPLICATION, CLOSED, FOREIGN, OTHER, SKU, addresses

__all__ = ["ZONES", "any_json", "bodies", "dates_for", "moments", "questions", "texts"]

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Niue")

ADDRESSES = (*addresses(valid=True), *addresses(valid=False))
"""E-mail addresses and texts that are none, of which it is known what they are."""

FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9900, 12, 31, tzinfo=UTC)


def moments() -> st.SearchStrategy[datetime]:
    """Instants, many within a second of midnight, at a year's end or around 29 February."""
    edges = st.sampled_from([timedelta(0), timedelta(milliseconds=-1), timedelta(milliseconds=1), timedelta(hours=12)])
    midnights = st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None), timezones=st.just(UTC))
    leap = st.integers(480, 2470).map(lambda quarter: datetime(quarter * 4, 2, 28, tzinfo=UTC))
    turns = st.integers(1901, 9899).map(lambda year: datetime(year, 12, 31, tzinfo=UTC))
    days = st.one_of(midnights.map(_midnight), leap, turns)
    return st.one_of(midnights, st.builds(lambda day, edge, more: day + edge + timedelta(days=more), days, edges, FEW))


FEW = st.integers(0, 2)


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


def dates_for(today: Day) -> st.SearchStrategy[str]:
    """Texts for an `expiration_date`: most at the edges of the window, some not in the calendar."""
    first, last = next_day(today), last_day(today)
    edges = [today, first, next_day(first), last, next_day(last), (last[0] + 1, *last[1:])]
    inside = st.tuples(st.integers(first[0], last[0]), st.integers(1, 12), st.integers(1, 31)).map(text_of)
    any_day = st.tuples(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32)).map(text_of)
    return st.one_of(st.sampled_from(list(map(text_of, edges))), inside, any_day, almost_dates(), st.text(max_size=12))


@st.composite
def questions(draw: st.DrawFn) -> tuple[datetime, str]:
    """An instant, and a text for an `expiration_date` at that instant."""
    moment = draw(moments())
    return moment, draw(dates_for(day_at(moment)))


def almost_dates() -> st.SearchStrategy[str]:
    """Texts that nearly have the documented form."""
    day = st.dates().map(lambda each: each.isoformat())
    broken = st.sampled_from([str.strip, " {}".format, "{} ".format, "{}\n".format, "{}T00:00:00".format, "-{}".format])
    swapped = day.map(lambda text: "/".join(reversed(text.split("-"))))
    return st.one_of(swapped, st.builds(lambda change, text: change(text), broken, day), day.map(lambda text: text[2:]))


def texts() -> st.SearchStrategy[str]:
    """Any text that JSON can carry."""
    return st.text(st.characters(codec="utf-8"), max_size=60)


def any_json() -> st.SearchStrategy[Any]:
    """Any JSON value."""
    simple = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts()
    return st.recursive(
        simple, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3), max_leaves=8
    )


def bodies() -> st.SearchStrategy[dict[str, Any]]:
    """Objects with the documented parameters, each valid, invalid, of any type, or missing."""
    parameters: dict[str, st.SearchStrategy[Any]] = {
        "app_token": st.sampled_from([APPLICATION, APPLICATION, OTHER, CLOSED, FOREIGN, "9-00000000", ""]) | any_json(),
        "sku": st.sampled_from([SKU, SKU, "forest100", "reef5", "nothing", ""]) | any_json(),
        "expiration_date": dates_for(day_at(datetime(2024, 9, 13, tzinfo=UTC))) | any_json(),
        "recipient_email": st.sampled_from(ADDRESSES) | any_json().filter(lambda value: not isinstance(value, str)),
        "recipient_name": texts() | any_json(),
        "from": texts() | any_json(),
        "message": texts() | any_json(),
        "card_id": any_json(),
    }
    return st.fixed_dictionaries({}, optional=parameters)
