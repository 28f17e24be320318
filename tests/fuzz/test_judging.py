"""What is wrong in an exchange: rules that hold for every provider."""

import pytest

from flowproof.conformance import load_contract
from flowproof.exchange import Exchange
from flowproof.fuzz.judging import CONTRACT, INTERNALS, SERVER_ERROR, judge

PATH = "/api/v1/application-balance/1-f2b086b3"
JSON = (("Content-Type", "application/json"),)
TRACES = {
    "Python": b'Traceback (most recent call last):\n  File "shop.py", line 7, in buy',
    "Java": b"java.lang.NullPointerException\n\tat com.acme.Shop.buy(Shop.java:42)",
    "JavaScript": b"TypeError: x is undefined\n    at Shop.buy (/srv/shop.js:10:5)",
    "Go": b"panic: runtime error: index out of range",
    "PHP": b"PHP Fatal error: Uncaught Exception in shop.php",
    "a database": b"SQLSTATE[42000]: Syntax error",
}


def found(status: int, body: bytes, *headers: tuple[str, str]) -> list[str]:
    """The rules that an answer breaks."""
    exchange = Exchange("GET", PATH, "", (), b"", status, (*JSON, *headers), body)
    return [each.kind[0] for each in judge(load_contract("dots_eco"), exchange)]


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
def test_internals_of_any_language_are_found(trace: bytes) -> None:
    """A traceback or a database's message in an answer is found, whatever language the server is written in."""
    assert INTERNALS in found(404, b'{"message": "' + trace.replace(b"\n", b"\\n") + b'"}\n' + trace)


def test_plain_words_are_no_internals() -> None:
    """A message that speaks of a time or a place is no traceback."""
    assert found(404, b'{"message": "We met at noon (12:30), at Shop.buy, in file 7."}') == []


def test_failing_server_is_told_from_a_busy_one() -> None:
    """500 is a failure, and so is 503, unless it says when to come again."""
    body = b'{"message": "later"}'

    assert found(500, body) == [SERVER_ERROR]
    assert found(503, body) == [SERVER_ERROR]
    assert found(503, body, ("Retry-After", "3")) == []


def test_answer_that_the_contract_does_not_describe_is_found() -> None:
    """A wrong member and an undescribed status break the contract."""
    assert found(200, b'{"balance": "much"}') == [CONTRACT]
    assert found(204, b"") == [CONTRACT]
