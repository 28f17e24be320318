"""General mutants: which ones a run gives, and what each of them does to requests, answers and findings."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from flowproof.conformance import Finding, load_contract
from flowproof.kernel.hooks import MockHooks
from flowproof.kernel.http.request import ProviderRequest, WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.mutation.general_installer import GeneralInstaller
from flowproof.mutation.general_mutants import general_mutants
from flowproof.mutation.inputs import normal_form
from flowproof.mutation.mutant import CannedResponse, Mutant
from flowproof.mutation.reference import Observations, ReferenceRun

CONTRACT = load_contract("dots_eco")
LIST, CREATE = ("listFlowCards", 200), ("createFlowCard", 200)
TEN = [f"entry {number}" for number in range(1, 11)]


def reference(**changes: Any) -> ReferenceRun:
    """A run of one test that lists flow cards and buys one with a message of its own."""
    body = CannedResponse(200, b'[{"sku":"a"},{"sku":"b"}]', ())
    observed = Observations(
        responses={LIST, CREATE},
        sent={("createFlowCard", ("body", "message")), ("listFlowCards", ("path", "app_token"))},
        findings={("dots_eco.flow_card.sku.invalid", "message")},
    )
    return ReferenceRun(
        tests={"test": observed},
        samples={LIST: body, CREATE: CannedResponse(200, b'{"message":"hi"}', ())},
        texts={
            ("createFlowCard", ("body", "message")): {"hi there": True},
            ("listFlowCards", ("path", "app_token")): {"1-f2b086b3": True},
            ("listFlowCards", ("header", "auth-token")): {"secret": True},
        },
        lengths={(*LIST, ()): {2}},
        echoed={CREATE: {"hi there"}},
        **changes,
    )


def kinds(run: ReferenceRun, set_up: frozenset[str] = frozenset({"1-f2b086b3"})) -> Mapping[str, set[str]]:
    """The kinds of mutants by what they are of."""
    found: dict[str, set[str]] = {}
    for each in general_mutants(CONTRACT, run, set_up):
        stem, _, kind = each.id.rpartition(":")
        found.setdefault(stem, set()).add(kind)
    return found


def test_run_gives_the_mutants() -> None:
    """Answers are remembered, texts of the client changed, lists cut, names compared loosely, rules forgotten."""
    assert kinds(reference()) == {
        "listFlowCards.200": {"stale", "previous", "other_workspace"},
        "listFlowCards.200#": {"second_entry", "last_entry"},
        "createFlowCard.200": {
            *("previous", "other_workspace"),
            *("echo_composed", "echo_blanks", "echo_case", "echo_ascii"),
        },
        "listFlowCards<path.app_token": {"like_case", "like_blanks"},
        "all<header.auth-token": {"like_case", "like_blanks"},
        "dots_eco.flow_card.sku.invalid": {"first_time_only"},
    }


def test_what_changes_gives_more_mutants() -> None:
    """An answer that changed can be late, a list in which the client's texts are can be out of order."""
    run = reference(changing={LIST})
    run.echoed[LIST] = {"hi there"}

    found = kinds(run)

    assert found["listFlowCards.200"] >= {"late", "echo_case"}
    assert found["listFlowCards.200#"] == {"second_entry", "last_entry", "tenth_entry"}


def test_set_up_is_nobodys_text() -> None:
    """A text of the account set-up that comes back is no text of the client."""
    assert "echo_case" not in kinds(reference(), frozenset({"hi there"}))["createFlowCard.200"]


class Mock:
    """A mock as the hooks of a mutant see it: one that echoes the query and remembers nothing."""

    def __init__(self, kind: str, **changes: Any) -> None:
        self.installer = GeneralInstaller(
            Mutant("id", "dots_eco", "general", kind, "", **{"operation": "listFlowCards", "status": 200, **changes})
        )
        self.hooks = MockHooks()
        self.installer.install(self.hooks)

    def ask(
        self,
        body: Any,
        *,
        workspace: str = "one",
        at: str = "00:00",
        path: str = "/x",
        token: str = "",
        status: int = 200,
    ) -> tuple[Any, Mapping[str, str]]:
        """Send a request that the mock answers with a body; what the client gets, and the headers the mock got."""
        assert self.hooks.request_filter is not None
        assert self.hooks.answer_filter is not None
        request = ProviderRequest(WireRequest("GET", path, "", (("auth-token", token),), b""), f"/w/{workspace}", path)
        read = self.hooks.request_filter("dots_eco", "listFlowCards", request)
        headers = (("Date", f"Mon, 30 Nov 2026 {at}:00 GMT"), ("Flowproof-Exchange", f"{workspace}-1"))
        answer = WireResponse(status, json.dumps(body).encode(), headers)
        return json.loads(self.hooks.answer_filter("dots_eco", "listFlowCards", answer, ()).body), dict(
            read.wire.headers
        )

    def answers(self, *asked: tuple[Any, Mapping[str, Any]]) -> list[Any]:
        """What the client gets of several requests."""
        return [self.ask(body, **more)[0] for body, more in asked]


def test_remembered_answers_are_given_again() -> None:
    """Each of the four remembers another thing: the request, the clock, the operation, the other workspace."""
    same: dict[str, Any] = {}

    assert Mock("stale").answers((1, same), (2, same), (3, {"path": "/y"})) == [1, 1, 3]
    assert Mock("late").answers((1, same), (2, same), (3, {"at": "00:02"})) == [1, 2, 1]
    assert Mock("previous").answers((1, same), (2, {"path": "/y"}), (3, same)) == [1, 1, 2]
    assert Mock("other_workspace").answers((1, same), (2, same), (3, {"workspace": "two"})) == [1, 2, 1]


@pytest.mark.parametrize(
    ("kind", "entries", "broken"),
    [
        ("second_entry", ["a", "b", "c"], ["a", "a", "a"]),
        ("second_entry", ["a"], ["a"]),
        ("last_entry", ["a", "b", "c"], ["a", "b"]),
        ("tenth_entry", TEN, ["entry 1", "entry 10", *TEN[1:9]]),
        ("tenth_entry", TEN[:9], TEN[:9]),
    ],
)
def test_lists_go_wrong_where_there_are_several(kind: str, entries: list[str], broken: list[str]) -> None:
    """A list is wrong from its second entry on, at its end, or from its tenth on."""
    mock = Mock(kind, steps=("items",))

    assert mock.ask({"items": entries})[0] == {"items": broken}
    assert (mock.installer.reached > 0) == (broken != entries)


def test_token_that_looks_alike_is_taken_for_the_right_one() -> None:
    """A header in another letter case is replaced by the one that was accepted before; an unlike one is not."""
    mock = Mock("like_case", operation=None, status=None, steps=("header", "auth-token"))
    mock.ask({}, token="Right")

    assert [mock.ask({}, token=each)[1]["auth-token"] for each in ("rIGHT", "wrong")] == ["Right", "wrong"]


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [("Token", "tOKEN", "case"), ("a : b", "a:b", "blanks"), ("e\u0301", "\u00e9", "composed")],
)
def test_texts_are_alike(one: str, other: str, likeness: Any) -> None:
    """Texts that differ in nothing else have one normal form, also inside Basic credentials."""
    basic = [f"Basic {base64.b64encode(each.encode()).decode()}" for each in (one, other)]

    assert normal_form(one, likeness) == normal_form(other, likeness)
    assert len({normal_form(each, likeness) for each in basic}) == 1
    assert normal_form("Basic no base64!", likeness) == "Basic no base64!"


def found(pointer: str) -> Finding:
    """A finding at a place of a body."""
    return Finding("request.body", pointer, "a", "b", "dots_eco.flow_card.sku.invalid")


def test_rule_is_enforced_for_the_first_entry_or_time_alone() -> None:
    """What is found at a later entry, or the second time in a workspace, is left out."""
    named = {"operation": None, "status": None, "requirement": "dots_eco.flow_card.sku.invalid"}
    first_entry, first_time = Mock("first_entry_only", **named).hooks, Mock("first_time_only", **named)
    findings = [found("/items/0/sku"), found("/items/1/sku"), found("/items/10/sku")]

    assert first_entry.findings_filter is not None
    assert first_entry.findings_filter("dots_eco", findings) == findings[:1]
    seen = []
    for workspace in ("one", "one", "two"):
        first_time.ask({}, workspace=workspace)
        assert first_time.hooks.findings_filter is not None
        seen.append(len(first_time.hooks.findings_filter("dots_eco", findings[:1])))
    assert seen == [1, 0, 1]
