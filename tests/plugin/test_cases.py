"""The replay of cases: what counts as a difference."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from flowproof.cases import Case, CaseRequest, differences, read_cases, replay


@dataclass(frozen=True)
class Reply:
    """An answer."""

    status_code: int
    content: bytes


SAME: dict[str, tuple[Any, Any, bool]] = {
    "equal": ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, True),
    "more members in part": ({"a": 1}, {"a": 1, "b": 2}, False),
    "pattern": ({"a": {"$match": "^x"}}, {"a": "xyz"}, True),
    "anything": ({"a": {"$any": True}}, {"a": None}, True),
    "numbers": ({"a": 1}, {"a": 1.0}, True),
}
DIFFERENT: dict[str, tuple[Any, Any, bool, str]] = {
    "more members": ({"a": 1}, {"a": 1, "b": 2}, True, "/b: expected nothing, got 2"),
    "missing": ({"a": 1}, {}, False, "/a: expected 1, got nothing"),
    "value": ({"a": {"b": "x"}}, {"a": {"b": "y"}}, False, '/a/b: expected "x", got "y"'),
    "kind": ({"a": []}, {"a": {}}, False, "/a: expected [], got {}"),
    "true for one": ({"a": 1}, {"a": True}, False, "/a: expected 1, got true"),
    "longer list": ([1], [1, 2], False, "body: expected 1 entry, got 2"),
    "no text": ({"$match": "."}, 1, True, "body: expected text that matches ., got 1"),
    "pattern": ({"$match": "^x$"}, "y", True, 'body: expected text that matches ^x$, got "y"'),
}


@pytest.mark.parametrize("name", SAME)
def test_expected_answer_has_no_difference(name: str) -> None:
    """What a case allows is no difference."""
    expected, got, whole = SAME[name]

    assert list(differences(expected, got, whole=whole)) == []


@pytest.mark.parametrize("name", DIFFERENT)
def test_difference_is_named_with_its_place(name: str) -> None:
    """Every other answer is a difference, with its place."""
    expected, got, whole, said = DIFFERENT[name]

    assert list(differences(expected, got, whole=whole)) == [said]


def case(*steps: dict[str, Any]) -> Case:
    """A case of these steps."""
    return Case("acme", "story", "A story", ("acme.a.b",), "2024-09-13T00:00:00.000Z", steps)


def test_saved_values_fill_later_steps() -> None:
    """A value that a step saves stands in the paths and expectations of later ones; other braces for themselves."""
    sent: list[CaseRequest] = []
    waited: list[float] = []

    def send(request: CaseRequest) -> Reply:
        sent.append(request)
        return Reply(200, json.dumps({"_id": "a/b", "list": [{"x": "7"}]}).encode())

    found = replay(
        case(
            {
                "request": {"method": "POST", "path": "/x", "body": {}},
                "expect": {"status": 200},
                "save": {"id": "/_id", "x": "/list/0/x"},
            },
            {
                "advance_s": 2,
                "request": {"method": "GET", "path": "/x/{id}/{other}", "query": {"x": "{x}"}, "sign": False},
                "expect": {"status": 200, "contains": {"_id": "{id}"}},
            },
        ),
        send=send,
        advance=waited.append,
    )

    assert (found, waited) == (None, [2])
    assert [(each.path, each.query, each.body, each.is_signed) for each in sent] == [
        ("/x", {}, b"{}", True),
        ("/x/a/b/{other}", {"x": "7"}, None, False),
    ]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(201, b"{}"), "status: expected 200, got 201"),
        (Reply(200, b"<html>"), "body: expected JSON"),
        (Reply(200, b'{"a": 1}'), "/a: expected nothing, got 1"),
    ],
)
def test_unexpected_answer_is_told_whole(reply: Reply, said: str) -> None:
    """A replay stops at the first answer that is not the expected one, and tells step, difference and answer."""
    step = {"request": {"method": "GET", "path": "/x"}, "expect": {"status": 200, "body": {}}}
    found = replay(case(step), send=lambda request: reply, advance=lambda seconds: None) or ""

    assert found.splitlines()[:2] == ["case story, step 1, GET /x:", said]
    assert reply.content.decode() in found


def test_provider_without_cases_has_none() -> None:
    """A provider without fixtures has no cases, which is no error."""
    assert read_cases("acme") == ()
