"""From how a test ended to its verdict: whose fault it was, and why."""

import unittest
from collections.abc import Callable

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from flowproof.clients import NotFound, UnexpectedAnswer, Unreachable
from flowproof.clients.errors import NotInTime
from flowproof.errors import ConfigurationError
from flowproof.plugin.evidence import NoEvidence
from flowproof.plugin.recording import NotPermitted
from flowproof.plugin.verdicts import judge
from flowproof.target import ControlRefused, PreconditionMissing

LOST = Unreachable("GET", "/orders", None, "nothing came for 10 s")
REFUSED = NotFound("GET", "/orders/7", 404, "no such order")
FAILED = AssertionError("assert 1 == 2")
OMITTED = NotPermitted("the target Acme does not permit placeOrder")


def caused(error: BaseException, cause: BaseException) -> BaseException:
    """An error that was raised from another."""
    error.__cause__ = cause
    return error


ENDS = {
    "assertion": (FAILED, "FAIL", "assert 1 == 2"),
    "pytest.fail": (pytest.fail.Exception("3 differences"), "FAIL", "3 differences"),
    "an answer": (REFUSED, "FAIL", "GET /orders/7 answered 404: no such order"),
    "an unexpected answer": (
        UnexpectedAnswer("GET", "/orders", 200, "is missing", None, "/id"),
        "FAIL",
        "GET /orders answered 200, but /id is missing",
    ),
    "not in time": (NotInTime("GET", "/orders", 404, "it did not come", None, 60.0), "FAIL", "it did not come"),
    "an answer that is no JSON": (requests.exceptions.JSONDecodeError("none", "", 0), "FAIL", "JSONDecodeError: none"),
    "no answer": (LOST, "ERROR", "the network broke: GET /orders got no whole answer: nothing came for 10 s"),
    "a connection": (requests.ConnectionError("refused"), "ERROR", "the network broke: ConnectionError: refused"),
    "a timeout": (requests.ReadTimeout("late"), "ERROR", "the network broke: ReadTimeout: late"),
    "a connection of the standard library": (ConnectionResetError("reset"), "ERROR", "the network broke"),
    "an assertion because of it": (caused(AssertionError("no order"), LOST), "ERROR", "the network broke"),
    "the control API": (ControlRefused("GET /health", None, "gone"), "ERROR", "could not be asked"),
    "no evidence": (NoEvidence(0), "ERROR", "the test passed without an exchange with its target"),
    "a mistake of ours": (KeyError("id"), "ERROR", "KeyError: 'id'"),
    "a wrong set-up": (ConfigurationError("No secret.", "Set it."), "ERROR", "No secret. Set it."),
    "what is missing": (PreconditionMissing("Acme", "has no role other"), "SKIP", "the target Acme has no role other"),
    "pytest.skip": (pytest.skip.Exception("not here"), "SKIP", "not here"),
    "unittest's skip": (unittest.SkipTest("not here"), "SKIP", "not here"),
    "no permission": (OMITTED, "OMIT", "does not permit placeOrder"),
    "a group with a failure": (ExceptionGroup("two", [KeyError("id"), FAILED]), "FAIL", "assert 1 == 2"),
    "a group with the network": (
        ExceptionGroup("two", [FAILED, ExceptionGroup("inner", [LOST])]),
        "ERROR",
        "the network broke",
    ),
    "a group with a skip": (ExceptionGroup("two", [KeyError("id"), unittest.SkipTest("x")]), "ERROR", "KeyError"),
}


@pytest.mark.parametrize(("raised", "verdict", "why"), ENDS.values(), ids=ENDS)
def test_end_of_a_test_has_its_verdict(raised: BaseException, verdict: str, why: str) -> None:
    """Each way to end has one verdict, and says why."""
    given, told = judge([raised])

    assert given == verdict
    assert why in told


def test_test_that_raised_nothing_passes() -> None:
    """Without an error, a finding or an omission a test has passed, and there is nothing to say."""
    assert judge([]) == ("PASS", "")


@pytest.mark.parametrize(
    ("raised", "verdict"),
    [([], "FAIL"), ([OMITTED], "FAIL"), ([KeyError("id")], "FAIL"), ([LOST], "ERROR")],
    ids=["passed", "omitted", "our mistake", "network"],
)
def test_finding_of_the_contract_fails_a_test(raised: list[BaseException], verdict: str) -> None:
    """What an answer has against its contract counts, however the test went on; only a broken network goes before."""
    assert judge(raised, findings="1 difference from the contract:\n  GET /orders\n    response.status")[0] == verdict


@pytest.mark.parametrize(
    "raised", [[], [FAILED], [OMITTED], [KeyError("id")]], ids=["passed", "failed", "ended", "broke"]
)
def test_what_was_not_sent_omits_a_test(raised: list[BaseException]) -> None:
    """A test of which something was not sent is omitted, even if it went on without that."""
    assert judge(raised, omitted="not permitted") == ("OMIT", "not permitted")


def test_failure_after_a_lost_answer_is_an_error() -> None:
    """Where an answer was lost on the way, a later failure may be its consequence, and is no verdict on the target."""
    given, why = judge([FAILED], lost="POST /orders: ReadTimeout")

    assert (given, why) == ("ERROR", "the network broke during the test: POST /orders: ReadTimeout")


def test_swallowed_lost_answer_is_an_error() -> None:
    """A test that goes on after a lost answer proves nothing, unless the same request was answered later."""
    given, why = judge([], lost="GET /orders: ReadTimeout", unanswered="GET /orders: ReadTimeout")

    assert (given, why) == ("ERROR", "the network broke during the test: GET /orders: ReadTimeout")
    assert judge([], lost="GET /orders: ReadTimeout")[0] == "PASS"


def test_setup_and_teardown_count_too() -> None:
    """A test whose tear-down finds a failure has failed, though its call was skipped."""
    assert judge([pytest.skip.Exception("later"), FAILED])[0] == "FAIL"


def raised_by(test: Callable[[], None]) -> BaseException:
    """What a test ends with."""
    with pytest.raises(BaseException) as ended:  # noqa: PT011 (whatever it is)
        test()
    return ended.value


def test_flaky_property_on_a_broken_network_is_an_error() -> None:
    """A property that failed for the network and then did not fail again is an ERROR, not a flaky FAIL."""
    calls: list[int] = []

    @settings(database=None, max_examples=5)
    @given(st.integers())
    def flaky(_: int) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise LOST

    assert judge([raised_by(flaky)])[0] == "ERROR"


def test_property_is_left_at_once_where_something_is_not_permitted() -> None:
    """Hypothesis neither repeats nor shrinks an example that was not permitted."""
    calls: list[int] = []

    @settings(database=None, max_examples=50)
    @given(st.integers())
    def limited(_: int) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise OMITTED

    assert judge([raised_by(limited)])[0] == "OMIT"
    assert len(calls) == 3
