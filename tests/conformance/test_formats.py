"""The formats of our contracts: dates and times of RFC 3339 that exist in the calendar."""

import pytest

from flowproof.conformance.formats import FORMATS


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("2024-02-29", True),
        ("2023-02-29", False),
        ("2024-13-01", False),
        ("2024-00-10", False),
        ("0000-01-01", False),
        ("9999-12-31", True),
        ("2024-1-1", False),
        ("20240101", False),
        ("2024-W01-1", False),
        ("2024-01-01\n", False),
        (" 2024-01-01", False),
        ("\u0662\u0660\u0662\u0664-01-01", False),
        ("2024-01-01T00:00:00Z", False),
        ("", False),
    ],
)
def test_date_is_a_full_date_of_the_calendar(text: str, valid: bool) -> None:
    """
    A date has ten ASCII characters and exists.
    """
    assert FORMATS["date"](text) is valid


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("2017-04-08T13:41:19.998Z", True),
        ("2017-04-08T13:41:19Z", True),
        ("2017-04-08t13:41:19z", True),
        ("2017-04-08T13:41:19.1234567890123+05:30", True),
        ("2017-04-08T13:41:19-00:00", True),
        ("2017-04-08T13:41:19+23:59", True),
        ("2017-04-08T13:41:19+24:00", False),
        ("2017-04-08T13:41:19+10:60", False),
        ("2017-04-08T13:41:19+0530", False),
        ("2017-04-08T13:41:19", False),
        ("2017-04-08 13:41:19Z", False),
        ("2017-04-08T13:41Z", False),
        ("2017-04-08T24:00:00Z", False),
        ("2017-04-08T13:60:00Z", False),
        ("2016-12-31T23:59:60Z", False),
        ("2017-04-08T13:41:19.Z", False),
        ("2017-02-29T13:41:19Z", False),
        ("2017-04-08T13:41:19Z\n", False),
    ],
)
def test_date_time_has_a_zone_and_exists(text: str, valid: bool) -> None:
    """
    A date-time has a zone, a fraction of any length or none, and exists; leap seconds are not accepted.
    """
    assert FORMATS["date-time"](text) is valid
