"""General mutants: which ones a run gives, and what each of them does to requests, answers and findings."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from flowproof.conformance import Finding, load_contract
from flowproof.kernel.hooks import Inputs, MockHooks
from flowproof.kernel.http.request import ProviderRequest, WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.mutation.general_installer import GeneralInstaller
from flowproof.mutation.general_mutants import general_mutants
from flowproof.mutation.inputs import normal_form
from flowproof.mutation.mutant import CannedResponse, Mutant
from flowproof.mutation.reference import Observations, ReferenceRun
from flowproof.mutation.scout import Scout

CONTRACT = load_contract("dots_eco")
LIST, CREATE = ("listFlowCards", 200), ("createFlowCard", 200)
TEN = [f"entry {number}" for number in range(1, 11)]


def reference(**changes: Any) -> ReferenceRun:
    """A run of one test that lists flow cards and buys one with a message of its own."""
    body = CannedResponse(200, b'[{"sku":"a"},{"sku":"b"}]', ())
    observed = Observations(
        responses={LIST, CREATE},
        sent={("createFlowCard", ("body", "message")), ("listFlowCards", ("path", "app_token"))},
        findings={("dots_eco.flow_card.sku.invalid", "message"), ("dots_eco.balance.kept", "")},
        requested={"dots_eco.flow_card.sku.invalid"},
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
    """
    Answers are remembered, texts of the client changed, lists cut, names compared loosely, rules forgotten.

    A rule that the control API alone meets has no times: it is no request of the provider.
    """
    assert kinds(reference()) == {
        "listFlowCards.200": {"stale", "previous", "other_workspace", "first_answer", "second_answer"},
        "listFlowCards.200#": {"second_entry", "second_entry_only", "last_entry"},
        "createFlowCard.200": {
            *("previous", "other_workspace", "first_answer", "second_answer"),
            *("echo_composed", "echo_blanks", "echo_case", "echo_ascii"),
        },
        "createFlowCard": {"second_request"},
        "listFlowCards<path.app_token": {"like_case", "like_blanks"},
        "all<header.auth-token": {"like_case", "like_blanks"},
        "dots_eco.flow_card.sku.invalid": {"first_time_only", "not_first_time", "not_second_time"},
    }


def test_what_changes_gives_more_mutants() -> None:
    """An answer that changed can be late, a list in which the client's texts are can be out of order."""
    run = reference(changing={LIST})
    run.echoed[LIST] = {"hi there"}

    found = kinds(run)

    assert found["listFlowCards.200"] >= {"late", "echo_case"}
    assert found["listFlowCards.200#"] == {
        *("second_entry", "second_entry_only", "last_entry"),
        *("tenth_entry", "tenth_entry_only"),
    }


def test_set_up_is_nobodys_text() -> None:
    """A text of the account set-up that comes back is no text of the client."""
    assert "echo_case" not in kinds(reference(), frozenset({"hi there"}))["createFlowCard.200"]


class Mock:
    """A mock as the hooks of a mutant see it: one that echoes the query and remembers nothing."""

    def __init__(self, kind: str, **changes: Any) -> None:
        self.installer = GeneralInstaller(
            Mutant("id", "dots_eco", "general", kind, "", **{"operation": "listFlowCards", "status": 200, **changes})
        )
        self.hooks, self.enforced = MockHooks(), [0]
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
        findings: Sequence[Finding] = (),
        refused: str | None = None,
    ) -> tuple[Any, Mapping[str, str]]:
        """Send a request that the mock answers with a body; what the client gets, and the headers the mock got."""
        assert self.hooks.request_filter is not None
        request = ProviderRequest(WireRequest("GET", path, "", (("auth-token", token),), b""), f"/w/{workspace}", path)
        read = self.hooks.request_filter("dots_eco", "listFlowCards", request)
        if findings:
            assert self.hooks.findings_filter is not None
            self.enforced = [len(self.hooks.findings_filter("dots_eco", [each])) for each in findings]
        return self.get(body, workspace=workspace, at=at, status=status, refused=refused), dict(read.wire.headers)

    def get(
        self, body: Any, *, workspace: str = "one", at: str = "00:00", status: int = 200, refused: str | None = None
    ) -> Any:
        """What the client gets of an answer, which may be a fault's and then has no request that the mock saw."""
        assert self.hooks.answer_filter is not None
        headers = (("Date", f"Mon, 30 Nov 2026 {at}:00 GMT"), ("Flowproof-Exchange", f"{workspace}-1"))
        answer = WireResponse(status, json.dumps(body).encode(), headers, refused)
        return json.loads(self.hooks.answer_filter("dots_eco", "listFlowCards", answer, ()).body)

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
        ("second_entry_only", ["a", "b", "c"], ["a", "a", "c"]),
        ("tenth_entry_only", [*TEN, "last"], [*TEN[:9], "entry 9", "last"]),
        ("tenth_entry_only", TEN[:9], TEN[:9]),
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


RULE: dict[str, Any] = {"operation": None, "status": None, "requirement": "dots_eco.flow_card.sku.invalid"}


def test_rule_is_enforced_for_the_first_entry_alone() -> None:
    """What is found at a later entry of a list is left out."""
    hooks = Mock("first_entry_only", **RULE).hooks
    findings = [found("/items/0/sku"), found("/items/1/sku"), found("/items/10/sku")]

    assert hooks.findings_filter is not None
    assert hooks.findings_filter("dots_eco", findings) == findings[:1]


TIMES = [("first_time_only", "+--+"), ("not_first_time", "-++-"), ("not_second_time", "+-++")]
WORKSPACES = ("one", "one", "one", "two")


@pytest.mark.parametrize(("kind", "enforced"), TIMES)
def test_finding_does_not_count_every_time(kind: str, enforced: str) -> None:
    """What checks find is left out at a workspace's first, second or each later time; two findings are one time."""
    mock, seen = Mock(kind, **RULE), ""
    for workspace in WORKSPACES:
        mock.ask({}, workspace=workspace, findings=[found("/items/0/sku"), found("/message")], refused="another.rule")
        seen += {2: "+", 0: "-"}[sum(mock.enforced)]

    assert seen == enforced


@pytest.mark.parametrize(("kind", "enforced"), TIMES)
@pytest.mark.parametrize("by", ["rule", "fault"])
def test_refusal_does_not_count_every_time(kind: str, enforced: str, by: str) -> None:
    """A refusal that no filter can leave out is replaced at those times, also that of a fault."""
    mock, seen = Mock(kind, canned=CannedResponse(200, b'"instead"', ()), **RULE), ""
    for workspace in WORKSPACES:
        sent = {"workspace": workspace, "refused": RULE["requirement"]}
        got = mock.ask("refused", **sent)[0] if by == "rule" else mock.get("refused", **sent)
        seen += {"refused": "+", "instead": "-"}[got]

    assert seen == enforced


def test_finding_and_its_refusal_are_one_time() -> None:
    """The first finding counts, and so does the refusal that cites its requirement."""
    mock = Mock("first_time_only", canned=CannedResponse(200, b'"instead"', ()), **RULE)

    got, _ = mock.ask("refused", findings=[found("/items/0/sku")], refused=RULE["requirement"])

    assert (mock.enforced, got) == ([1], "refused")


def test_one_answer_in_a_workspace_is_another_ones() -> None:
    """The first is what another workspace got, or the second is the first again; the others are right."""
    same: dict[str, Any] = {}
    asked = ((1, same), (2, same), (3, same), (4, {"workspace": "two"}))

    assert Mock("first_answer", canned=CannedResponse(200, b"9", ())).answers(*asked) == [9, 2, 3, 9]
    assert Mock("second_answer").answers(*asked) == [1, 1, 3, 4]


def test_second_request_is_carried_out_with_the_first_body() -> None:
    """Only the second body of an operation in a workspace is lost."""
    mock, match = Mock("second_request", status=None), CONTRACT.operations.find("GET", "/api/v1/flow-card/list/1")
    assert mock.hooks.input_filter is not None
    assert match is not None
    carried_out = []
    for sent in (1, 2, 3):
        request = ProviderRequest(WireRequest("GET", "/x", "", (), b""), "/w/one", "/x")
        carried_out.append(mock.hooks.input_filter("dots_eco", Inputs(request, match, sent)).json)
        mock.get({})

    assert carried_out == [1, 1, 3]


def test_scout_sees_where_mutants_act_and_breaks_nothing() -> None:
    """Each test has the mutants that would change one of its answers; the answers are the unbroken mock's."""
    mutants = [
        Mutant(kind, "dots_eco", "general", kind, "", operation="listFlowCards", status=200)
        for kind in ("stale", "second_answer", "last_entry")
    ]
    scout, mock = Scout({"once": mutants, "twice": mutants, "same": mutants}), Mock("stale")
    scout.install(mock.hooks)
    got = []
    for node, bodies in {"once": [1], "twice": [1, 2], "same": [1, 1]}.items():
        scout.begin(node)
        got += [mock.ask(each)[0] for each in bodies]
        scout.end(node)

    assert got == [1, 1, 2, 1, 1]
    assert scout.sightings.reached == {"stale", "second_answer"}
    assert scout.sightings.changed == {"stale": {"twice"}, "second_answer": {"twice"}}
    assert scout.sightings.narrow(mutants[0], ["same", "twice", "once"]) == ["twice"]
