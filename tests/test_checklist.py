"""The integration checklist: proved by a running mock and by test results, half way and complete."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from flowproof.checklist import (
    Attestation,
    Fact,
    TestRun,
    judge,
    read_attestations,
    read_checklist,
    read_results,
    remaining_days,
)
from flowproof.cli import main
from flowproof.clients.flow1st import Flow1st, WebhookVerifier
from flowproof.conformance import load_contract
from flowproof.errors import ConfigurationError
from flowproof.inbox import Inbox, Received
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.providers import find_providers
from flowproof.target import ControlClient, Workspace
from tests import tree

TODAY = date(2026, 1, 31)
TEXT = (tree.ROOT / "contracts" / "flow1st" / "checklist.toml").read_text(encoding="utf-8")
CHECKLIST = read_checklist(TEXT)
EVERYTHING = ("emails", "channel", *(row.id for row in CHECKLIST.rows))
PERSONS = ("channel",)
ATTESTED = "\n".join(f'[[attestation]]\nrow = "{row}"\nby = "Ada Obi"\non = 2026-01-05' for row in PERSONS)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A mock server."""
    with Server(build_gateway(find_providers(["flow1st"]), ServerSettings(entropy=1))) as running:
        yield running


@pytest.fixture
def workspace(server: Server) -> Iterator[Workspace]:
    """A partner's workspace with a frozen clock."""
    with ControlClient(server.url).make_workspace() as made:
        made.clock.freeze("2026-01-31T12:00:00Z")
        yield made


@pytest.fixture
def attestations(tmp_path: Path) -> Path:
    """A file in which a person attests what no program can prove."""
    file = tmp_path / "checklist-attestations.toml"
    file.write_text(ATTESTED, encoding="utf-8")
    return file


def run(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["checklist", "flow1st", *map(str, arguments)], catch_exceptions=False)


def shown(workspace: Workspace, *more: object) -> Any:
    """Statuses by row, and the remaining days, from a running server."""
    answer = json.loads(run("--server", workspace.server.url, "--workspace", workspace.id, "--json", *more).stdout)
    return {each["id"]: each["status"] for each in answer["rows"]}, answer["days"]["remaining"]


def client(workspace: Workspace, role: str = "default") -> Flow1st:
    """The partner's client."""
    keys = workspace.credentials("flow1st", role)
    signing_key = keys.values["signing_key"]
    return Flow1st(workspace.url("flow1st"), keys.key, keys.secret, signing_key, now=workspace.clock.now)


def inbox(workspace: Workspace, role: str = "default") -> Inbox:
    """The partner's webhook server."""
    verifier = WebhookVerifier(workspace.credentials("flow1st", role).values["signing_key"], window_s=10**9)

    def genuine(received: Received) -> bool:
        """Whether its signature verifies."""
        return bool(verifier.verify(dict(received.headers), received.body).reference)

    return Inbox(verify=genuine, refuse=400)


def place(workspace: Workspace, reference: str, role: str = "default") -> None:
    """Validate a user, complete an order, and let it be delivered."""
    with client(workspace, role) as flow1st:
        bundle = flow1st.bundle("codm30cp")
        assert bundle is not None
        flow1st.validate_user("GEDKZW", bundle, external_reference=reference, country="NG")
        flow1st.complete_order(reference, sku=bundle.sku, recipient="GEDKZW", email="a@b.co")
    workspace.clock.advance(10)


def half_way(workspace: Workspace, url: str) -> None:
    """Do everything except production."""
    configuration = {"webhookUrl": url, "emails": ["ada@partner.example", "obi@partner.example"]}
    workspace.control("PUT", "flow1st/environments/staging/configuration", configuration)
    for mail in workspace.control("GET", "flow1st/mails")["mails"]:
        code = mail["text"].partition("/registrations/")[2].split()[0]
        workspace.control("POST", f"flow1st/registrations/{code}")
    place(workspace, "end-to-end")


def go_live(workspace: Workspace) -> None:
    """Do production too."""
    exported = workspace.control("GET", "flow1st/environments/staging/configuration/export")
    workspace.control("POST", "flow1st/environments/production/configuration/import", exported)
    money = {"amount_minor": 10_000, "currency": "USD"}
    workspace.control("POST", "flow1st/environments/production/top-up", money)
    place(workspace, "uat", "production")


# --- the file --------------------------------------------------------------------------------------------------------


def test_eleven_rows_add_up_to_the_document_s_total() -> None:
    """The eleven rows of the document add up to its fourteen days."""
    days = [str(row.days) for row in CHECKLIST.rows]

    assert days == ["0.5", "0.5", "2", "1", "2", "2", "2", "1", "2", "0.5", "0.5"]
    assert CHECKLIST.total_days == CHECKLIST.document_total_days == Decimal(14)


def test_every_row_names_known_requirements() -> None:
    """Every requirement of a row is in the contract, and each row has its own requirement."""
    known = load_contract("flow1st").requirements
    rows = (*CHECKLIST.rows, *CHECKLIST.prerequisites)

    assert [each for row in rows for each in row.requirements if each not in known] == []
    assert [row.id for row in rows if not any(".onboarding." in each for each in row.requirements)] == []
    assert {known[each].standing for row in rows for each in row.requirements if ".onboarding." in each} == {
        "documented"
    }


def test_every_test_of_a_row_exists() -> None:
    """Every test of a row exists in the suite."""
    for name in (each for row in CHECKLIST.rows for each in row.tests):
        module, _, function = name.partition("::")
        source = (tree.ROOT / "suites" / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")

        assert f"\ndef {function}(" in source, name


def test_no_test_of_the_suite_proves_a_partner_s_work() -> None:
    """No test of our suite has an onboarding requirement: only a partner's own test proves its work."""
    judging = {"conduct.py"}  # what a partner's own client did, by its journal
    suite = [path for path in tree.modules("suites/flow1st") if path.name not in judging]

    assert [path for path in suite if "flow1st.onboarding" in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    "text", ["", "row = 1", "[[row", TEXT.replace("days = 2", 'days = "x"', 1), TEXT + TEXT[TEXT.rindex("[[row]]") :]]
)
def test_broken_checklist_is_a_configuration_error(text: str) -> None:
    """A checklist that cannot be read, or has a row twice, is refused."""
    with pytest.raises(ConfigurationError):
        read_checklist(text)


# --- never without proof ---------------------------------------------------------------------------------------------


def test_without_evidence_nothing_is_done() -> None:
    """Without evidence no row is done, and fourteen days remain."""
    judged = judge(CHECKLIST)

    assert {each.status for each in judged} == {"unprovable"}
    assert remaining_days(judged) == 14


@given(seen=st.dictionaries(st.text(), st.none() | st.booleans() | st.integers()), names=st.lists(st.text()))
def test_whatever_a_server_says_only_facts_count(seen: dict[str, Any], names: list[str]) -> None:
    """Responses without the facts make no row done."""
    judged = judge(CHECKLIST, facts=lambda _: {"seen": {f"x{key}": each for key, each in seen.items()}, "x": names})

    assert [each.row.id for each in judged if each.status == "done"] == []


@given(
    chosen=st.sets(st.sampled_from(sorted({each for row in CHECKLIST.rows for each in row.tests}))),
    marks=st.sets(st.sampled_from(sorted({each for row in CHECKLIST.rows for each in row.requirements}))),
    outcome=st.sampled_from(["passed", "failed", "skipped"]),
)
def test_results_prove_a_row_only_as_a_whole(chosen: set[str], marks: set[str], outcome: Any) -> None:
    """Results make a row done only if all of its tests and requirements have passed."""
    runs = [TestRun(f"suites.{name}", "passed") for name in chosen]
    runs.append(TestRun("own.test_it::test_all", outcome, frozenset(marks)))
    done = {each.row.id for each in judge(CHECKLIST, results=runs) if each.status == "done"}

    assert done == {
        row.id
        for row in CHECKLIST.rows
        if outcome == "passed" and row.tests and set(row.tests) <= chosen and set(row.requirements) <= marks
    }


@pytest.mark.parametrize("bad", ["failed", "skipped"])
def test_one_bad_run_is_no_proof(bad: Any) -> None:
    """A test that passed once and failed or was skipped in another run proves nothing."""
    row = next(each for each in CHECKLIST.rows if each.id == "catalog")
    runs = [TestRun(row.tests[0], "passed", frozenset(row.requirements)), TestRun(row.tests[0], bad)]

    assert next(each for each in judge(CHECKLIST, results=runs) if each.row is row).status == "open"


def test_failed_test_outweighs_facts() -> None:
    """A row with a failed test is open although its facts hold."""
    row = next(each for each in CHECKLIST.rows if each.id == "catalog")
    failed = [TestRun(row.tests[0], "failed")]
    judged = judge(CHECKLIST, facts=lambda _: {"seen": {"listProducts": "now"}}, results=failed)

    assert next(each for each in judged if each.row is row).status == "open"


def test_attested_is_not_done() -> None:
    """Attested rows are shown as attested, with the name and the day, never as done."""
    said = [Attestation(row, "Ada Obi", TODAY) for row in EVERYTHING]
    judged = judge(CHECKLIST, attestations=said)

    assert {each.status for each in judged} == {"attested"}
    assert all("Ada Obi attested it on 2026-01-31" in each.proof[0] for each in judged)


@pytest.mark.parametrize(
    ("kind", "value", "holds"),
    [
        ("present", "x", True),
        ("present", [1], True),
        ("present", None, False),
        ("present", [], False),
        ("present", False, False),
        ("true", True, True),
        ("true", 1, False),
        ("true", "true", False),
        ("above_zero", 1, True),
        ("above_zero", 0, False),
        ("above_zero", -1, False),
        ("above_zero", True, False),
        ("above_zero", {"USD": 0, "NGN": 5}, True),
        ("above_zero", {}, False),
        ("above_zero", "5", False),
    ],
)
def test_fact_holds_or_not(kind: str, value: Any, holds: bool) -> None:
    """Each kind of fact holds for its own values only."""
    assert Fact("x", "/a/0", kind, "it is so").holds({"a": [value]}) is holds
    assert not replace(Fact("x", "/b/0", kind, "it is so")).holds({"a": [value]})


@pytest.mark.parametrize(
    "text",
    [
        "[[attestation",
        "x = 1",
        '[[attestation]]\nrow = "registration"\nby = "Ada"',
        '[[attestation]]\nrow = "nothing"\nby = "Ada"\non = 2026-01-05',
        '[[attestation]]\nrow = "registration"\nby = " "\non = 2026-01-05',
        '[[attestation]]\nrow = "registration"\nby = 7\non = 2026-01-05',
        '[[attestation]]\nrow = "registration"\nby = "Ada"\non = "2026-01-05"',
        '[[attestation]]\nrow = "registration"\nby = "Ada"\non = 2026-02-01',
        '[[attestation]]\nrow = "registration"\nby = "Ada"\non = 2026-01-05T12:00:00',
        '[[attestation]]\nrow = "registration"\nby = "Ada"\non = 2026-01-05\nx = 1',
    ],
)
def test_attestation_needs_row_person_and_day(text: str) -> None:
    """An attestation without a row, a person's name, or a day up to today is refused."""
    with pytest.raises(ConfigurationError):
        read_attestations(text, CHECKLIST, TODAY)


@pytest.mark.parametrize("text", ["", "<a", "<html/>", "<testsuites"])
def test_results_that_are_no_junit_are_refused(text: str) -> None:
    """A file that is not JUnit is refused."""
    with pytest.raises(ConfigurationError):
        read_results(text)


# --- on a running mock -----------------------------------------------------------------------------------------------


def test_new_workspace_has_everything_before_it(workspace: Workspace) -> None:
    """On a new workspace no row is done and all days remain."""
    statuses, remaining = shown(workspace)

    assert set(statuses.values()) == {"open"}
    assert remaining == 14


def test_rows_become_done_one_by_one(workspace: Workspace) -> None:
    """Each row becomes done with the partner's own call."""
    steps: list[Callable[[Flow1st], object]] = [
        lambda flow1st: flow1st.authenticate(),
        lambda flow1st: flow1st.products(),
        lambda flow1st: flow1st.validate_user(
            "GEDKZW", flow1st.products()[0].bundles[0], external_reference="x", country="NG"
        ),
        lambda flow1st: flow1st.complete_order("x", sku="codm30cp", recipient="GEDKZW", email="a@b.co"),
    ]
    done = []
    with client(workspace) as flow1st:
        for step in steps:
            step(flow1st)
            statuses, _ = shown(workspace)
            done.append([row for row, status in statuses.items() if status == "done"])

    assert done == [
        ["credentials"],
        ["credentials", "authentication", "catalog"],
        ["credentials", "authentication", "catalog", "user_validation"],
        ["credentials", "authentication", "catalog", "user_validation", "order_completion"],
    ]


def test_half_way_production_remains(workspace: Workspace, attestations: Path) -> None:
    """After staging three days of production remain, and the exit code says so."""
    with inbox(workspace) as receiver:
        half_way(workspace, receiver.url)
        receiver.wait(2)
        statuses, remaining = shown(workspace, "--attestations", attestations)
        whole = run("--server", workspace.server.url, "--workspace", workspace.id, "--attestations", attestations)

    assert [row for row, status in statuses.items() if status == "open"] == ["replication", "top_up", "uat"]
    assert (statuses["registration"], remaining, whole.exit_code) == ("done", 3.0, 1)
    assert "~3 of ~14 days remain (the document says ~14)." in whole.stdout


def test_complete_checklist_has_nothing_left(workspace: Workspace, attestations: Path) -> None:
    """With production replicated, topped up and tested, all eleven rows are done; only the channel is attested."""
    with inbox(workspace) as receiver:
        half_way(workspace, receiver.url)
        receiver.wait(2)
        receiver._verify = inbox(workspace, "production")._verify
        go_live(workspace)
        receiver.wait(4)
        statuses, remaining = shown(workspace, "--attestations", attestations)
        whole = run("--server", workspace.server.url, "--workspace", workspace.id, "--attestations", attestations)

    assert set(statuses.values()) == {"done"}
    assert (remaining, whole.exit_code) == (0, 0)
    assert "11 rows, 11 done, 0 attested, 0 open, 0 cannot be proved here" in whole.stdout


def test_order_that_nobody_acknowledges_is_not_end_to_end(workspace: Workspace) -> None:
    """An order whose webhook is refused proves neither the webhooks nor the end-to-end row."""
    with Inbox(500) as receiver:
        half_way(workspace, receiver.url)
        receiver.wait(2)
        statuses, _ = shown(workspace)

    assert [statuses["order_completion"], statuses["webhooks"], statuses["end_to_end"]] == ["done", "open", "open"]


def test_wrong_questions_are_misconfigured(workspace: Workspace, tmp_path: Path) -> None:
    """An unknown provider, one without a checklist, a missing file, and no server give exit code 2."""
    url, missing = workspace.server.url, tmp_path / "missing"
    asked = [
        CliRunner().invoke(main, ["checklist", "nobody"]),
        CliRunner().invoke(main, ["checklist", "oneflow"]),
        run("--results", missing),
        run("--attestations", missing),
        run("--server", "http://127.0.0.1:9"),
        run("--server", url, "--workspace", "nobody"),
    ]

    assert [each.exit_code for each in asked] == [2] * len(asked)


# --- from results ----------------------------------------------------------------------------------------------------


OWN_TEST = """
import pytest

@pytest.mark.requirement("flow1st.onboarding.catalog", "flow1st.catalog.list")
def test_we_list_the_catalog():
    pass
"""


def test_results_of_pytest_prove_a_row(tmp_path: Path) -> None:
    """A partner's marked test proves its row, together with the suite's test, from pytest's JUnit file."""
    (tmp_path / "test_own.py").write_text(OWN_TEST, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=own.xml", "test_own.py"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    own = read_results((tmp_path / "own.xml").read_text())
    suite = TestRun("suites.flow1st.test_catalog::test_catalog_has_every_bundle_with_its_price", "passed")

    assert own[0].requirements == {"flow1st.onboarding.catalog", "flow1st.catalog.list"}
    assert [each.row.id for each in judge(CHECKLIST, results=[*own, suite]) if each.status == "done"] == ["catalog"]
    assert [each.row.id for each in judge(CHECKLIST, results=own) if each.status == "done"] == []


def test_checklist_is_plain_toml() -> None:
    """The file is plain TOML."""
    assert [row["id"] for row in tomllib.loads(TEXT)["row"]] == [row.id for row in CHECKLIST.rows]
