"""Drift: the same cases on two targets, and typed differences where they answer otherwise."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from flowproof.cases import CaseRequest, read_cases
from flowproof.cli import main
from flowproof.drift.comparison import Difference, ObservedResponse, compare
from flowproof.drift.dates import redated
from flowproof.drift.folding import Folder
from tests.second_opinion import dots_eco

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=3),
    max_leaves=8,
)


SANDBOX = """
name = "sandbox"

[flow1st]
url = "http://127.0.0.1:9"
credentials.default = { key = "$KEY" }
"""


def answer(body: Any, status: int = 200, headers: frozenset[str] = frozenset()) -> ObservedResponse:
    """An answer with a JSON body."""
    return ObservedResponse(status, "application/json", headers, body)


@given(first=JSON, second=JSON)
def test_difference_is_found_exactly_where_there_is_one(first: Any, second: Any) -> None:
    """Two values differ exactly when a difference is found; true is not 1."""
    same = json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)

    assert (not list(compare(answer(first), answer(second)))) is same


@given(first=JSON, second=JSON)
def test_differences_are_the_same_from_both_sides(first: Any, second: Any) -> None:
    """Seen from the other side, what was missing is added, and the rest is turned round."""
    turned = {"missing": "added", "added": "missing"}
    there = {
        (turned.get(each.kind, each.kind), each.where, each.second) for each in compare(answer(first), answer(second))
    }

    assert there == {(each.kind, each.where, each.first) for each in compare(answer(second), answer(first))}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"a": 1}, {}, Difference("missing", "/a", "integer", "nothing")),
        ({}, {"a/b": "x"}, Difference("added", "/a~1b", "nothing", "string")),
        ({"a": 1}, {"a": "1"}, Difference("type", "/a", "integer", "string")),
        ({"a": 1.5}, {"a": 1}, Difference("type", "/a", "number", "integer")),
        ({"a": True}, {"a": 1}, Difference("type", "/a", "boolean", "integer")),
        ([{"a": "x"}], [{"a": "y"}], Difference("value", "/*/a", '"x"', '"y"')),
        ([1], [1, 2], Difference("length", "/", "1", "2")),
    ],
)
def test_each_difference_has_its_kind_and_place(first: Any, second: Any, expected: Difference) -> None:
    """What is missing, added, of another type, value or length is told as such, with where it is."""
    assert list(compare(answer(first), answer(second))) == [expected]


def test_bodies_of_other_statuses_are_not_compared() -> None:
    """Where the statuses differ, that alone is told."""
    assert list(compare(answer({"a": 1}), answer({"b": 1}, 404))) == [Difference("status", "status", "200", "404")]


def test_header_that_clients_rely_on_is_compared_by_presence() -> None:
    """A header that one target alone sends is told."""
    found = list(compare(answer({}, 429, frozenset({"retry-after"})), answer({}, 429)))

    assert found == [Difference("header", "retry-after", "present", "absent")]


def test_volatile_values_are_folded_and_keep_who_they_are() -> None:
    """Times, ids, tokens and the target's address are folded; the same id is the same wherever it stands."""
    folder = Folder("https://sandbox.example/api")
    one, other = "5910757faab8ec6f60127999", "5910757faab8ec6f60127998"

    folded = folder.json(
        {
            "_id": one,
            "parent": other,
            "url": f"https://sandbox.example/api/order/{one}",
            "at": "2026-01-31T10:00:00.123Z",
            "access_token": "abc",
            "uuid": "0190f5fe-7c00-7a00-8000-000000000001",
            "kept": "2026-01-31 is a day",
        }
    )

    assert folded == {
        "_id": "<id 1>",
        "parent": "<id 2>",
        "url": "<target>/order/<id 1>",
        "at": "<time>",
        "access_token": "<access_token>",
        "uuid": "<uuid 1>",
        "kept": "2026-01-31 is a day",
    }


@given(
    days=st.integers(0, 4000),
    day=st.dates(date(2001, 1, 1), date(2080, 1, 1)),
)
def test_dates_of_a_case_move_with_its_clock(days: int, day: date) -> None:
    """A day that was so many days from the case's clock is as many from today."""
    clock = datetime(2024, 9, 13, 12, tzinfo=UTC)
    request = CaseRequest("POST", "/", {}, {"X-AT": f"{day}T01:02:03.1234Z"}, f'{{"d":"{day}"}}'.encode(), True)

    moved = redated(request, clock.isoformat(), clock + timedelta(days=days))

    then = day + timedelta(days=days)
    assert (moved.body, moved.headers) == (f'{{"d":"{then}"}}'.encode(), {"X-AT": f"{then}T01:02:03.1234Z"})


@pytest.mark.parametrize("text", ["2024-13-45", "12024-09-13", "9999-12-31", "13.09.2024", "2024-09-1300"])
def test_what_is_no_date_stays(text: str) -> None:
    """What a provider has to refuse as a date is sent as it stands."""
    request = CaseRequest("POST", "/", {}, {}, text.encode(), True)

    assert redated(request, "2024-09-13T00:00:00.000Z", datetime(2026, 1, 1, tzinfo=UTC)).body == text.encode()


def run(*arguments: str, environment: Mapping[str, str] | None = None) -> Result:
    """Run `flowproof drift`."""
    return CliRunner(env=dict(environment or {})).invoke(main, ["drift", *arguments])


@pytest.fixture
def second_opinion(tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The profile of a Dots.eco server by another hand, and the environment with its tokens."""
    with dots_eco.serving() as (url, tokens):
        environment = {f"TOKEN_{role}".upper(): token for role, token in tokens.items()}
        roles = "\n".join(f'credentials.{role} = {{ key = "$TOKEN_{role.upper()}" }}' for role in tokens)
        file = tmp_path / "second.toml"
        file.write_text(f'name = "second opinion"\n[dots_eco]\nurl = "{url}"\n{roles}\n', encoding="utf-8")
        yield str(file), environment


@pytest.mark.parametrize("provider", ["dots_eco", "flow1st", "integrations", "oneflow", "otter"])
def test_mock_does_not_drift_from_itself(provider: str) -> None:
    """Two mocks answer every case alike, whatever the day is; where one waits, their clocks are moved."""
    result = run(provider, "--target", "mock", "--target", "mock", "--json")

    found = json.loads(result.output)
    assert (result.exit_code, [each for each in found["outcomes"] if each["differences"]]) == (0, [])
    assert {each["case"] for each in found["outcomes"]} == {case.id for case in read_cases(provider)}
    assert found["left_out"] == {}


def test_long_wait_is_left_out_where_a_clock_cannot_be_moved(tmp_path: Path) -> None:
    """A sandbox's time passes by itself: against one, a case that waits for long is left out and says why."""
    file = tmp_path / "sandbox.toml"
    file.write_text(SANDBOX, encoding="utf-8")

    result = run("flow1st", "--target", "mock", "--target", str(file), "--json", environment={"KEY": "k"})

    assert "it waits for 60 s" in json.loads(result.output)["left_out"]["order_twice"]


def test_what_another_server_adds_is_told(second_opinion: tuple[str, dict[str, str]]) -> None:
    """Members that one server alone has are typed differences by operation and status; nothing forbidden is sent."""
    file, environment = second_opinion

    result = run("dots_eco", "--target", "mock", "--target", file, "--json", environment=environment)

    found = json.loads(result.output)
    told = {
        (each["kind"], each["where"].rpartition("/")[2])
        for one in found["outcomes"]
        if one["case"] != "unknown_route"  # (that message is inferred, and may be another)
        for each in one["differences"]
    }
    assert (result.exit_code, told) == (1, {("added", "_links"), ("added", "request_id")})
    assert found["left_out"]["created"] == "second opinion does not permit createFlowCard"


def test_another_status_is_told_by_operation(
    second_opinion: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that admits every application answers another status, which is told with the case."""
    monkeypatch.setattr(dots_eco.Shop, "check", lambda *_arguments, **_more: None)
    file, environment = second_opinion

    result = run("dots_eco", "--target", "mock", "--target", file, environment=environment)

    assert "getApplicationBalance 403" in result.output
    assert "status  status" in result.output


def test_one_target_is_not_enough() -> None:
    """Both targets have to be named; the exit code is 2."""
    result = run("dots_eco", "--target", "mock")

    assert (result.exit_code, "Give it twice" in result.output) == (2, True)
