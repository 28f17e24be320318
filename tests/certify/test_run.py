"""A run from its configuration to its events: on the mock, and on other targets within their permissions."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from flowproof.certify.events import (
    CleanedUp,
    Connection,
    Created,
    Exchanged,
    Planned,
    Recognised,
    RunFinished,
    RunStarted,
    TestFinished,
)
from flowproof.certify.run import RunConfiguration, RunResult, run
from flowproof.clients.oneflow import OneFlow
from flowproof.errors import ConfigurationError
from flowproof.providers import find_kit
from flowproof.removal import RETRY_AFTER_S
from tests.certify.strangers import Relay, mock_of, relayed, write_profile
from tests.second_opinion import dots_eco

CARD = "dots_eco.flow_card.card_id"  # three tests that make a card, and documented cases
TWENTY = "same_request_makes_another_card"  # twenty cards in one test


def configuration(folder: Path, provider: str = "dots_eco", **settings: Any) -> RunConfiguration:
    """A configuration for the suite of this package, on the mock unless a profile is given."""
    kit = find_kit(provider)
    folders = {"suite": kit.suite_folder(), "contract": kit.contract_folder(), "fixtures": kit.fixtures_folder()}
    return RunConfiguration(**{"provider": provider, **folders, "target": None, **settings}, folder=folder)


def verdicts(ended: RunResult) -> dict[str, str]:
    """The last verdict of each test."""
    return {each.test: each.verdict for each in ended.events if isinstance(each, TestFinished)}


def reasons(ended: RunResult, verdict: str) -> set[str]:
    """The reasons of the tests with a verdict."""
    return {each.why for each in ended.events if isinstance(each, TestFinished) and each.verdict == verdict}


def of(ended: RunResult, kind: type[Any]) -> list[Any]:
    """The events of a class."""
    return [each for each in ended.events if isinstance(each, kind)]


def beginning(ended: RunResult) -> RunStarted:
    """The first event of a run."""
    (started,) = of(ended, RunStarted)
    assert isinstance(started, RunStarted)
    return started


def names_in(folder: Path) -> list[str]:
    """The names of files in a folder."""
    return sorted(each.name for each in folder.iterdir())


class Shop:
    """An independent Dots.eco server behind a relay, and a profile for it."""

    def __init__(self, relay: Relay, tokens: Mapping[str, str], folder: Path) -> None:
        self.relay = relay
        self.folder = folder
        self.profile = folder / "profile.toml"
        self._tokens = tokens

    def run(self, further: str = "", **settings: Any) -> RunResult:
        """Run with these lines in the profile."""
        keys = {role: {"key": token} for role, token in self._tokens.items()}
        variables = write_profile(self.profile, "dots_eco", self.relay.url, keys, further)
        return run(configuration(self.folder / "run", target=self.profile, **settings), {**os.environ, **variables})


@pytest.fixture
def shop(tmp_path: Path, quick_start: None) -> Iterator[Shop]:
    """A shop whose suites start as forks."""
    with dots_eco.serving() as (url, tokens), relayed(url) as relay:
        yield Shop(relay, tokens, tmp_path)


def test_run_on_the_mock_passes_and_leaves_its_record(tmp_path: Path) -> None:
    """On the mock every test of a requirement passes; its events are complete, and no other file is left."""
    received: list[Any] = []
    ended = run(configuration(tmp_path, requirements=("dots_eco.balance.kept",)), os.environ, on_event=received.append)

    assert set(verdicts(ended).values()) == {"PASS"}
    assert tuple(received) == ended.events
    assert [type(each) for each in (ended.events[0], ended.events[-1])] == [RunStarted, RunFinished]
    assert (beginning(ended).target.kind, beginning(ended).selection) == ("mock", "requirement dots_eco.balance.kept")
    assert set(of(ended, RunFinished)[0].coverage) == {"answers", "branches", "cases", "requirements"}
    assert {each.test for each in of(ended, Planned)} == set(verdicts(ended))
    assert {each.test for each in of(ended, Exchanged)} <= set(verdicts(ended))
    assert names_in(tmp_path) == ["events.jsonl", "events.jsonl.seal"]


def test_users_own_pytest_settings_do_not_interfere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pytest.ini, a conftest and environment variables of the user do not change a run."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "conftest.py").write_text("raise SystemExit('loaded')\n")
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')\n")
    monkeypatch.chdir(tmp_path)
    diverting = {"PYTEST_ADDOPTS": "--collect-only", "FLOWPROOF_BASE_URL": "dots_eco=http://127.0.0.1:9"}
    ended = run(configuration(tmp_path / "run", keyword="client_tells_every_fault"), {**os.environ, **diverting})

    assert list(verdicts(ended).values()) == ["PASS"]


def test_writing_is_omitted_where_the_profile_forbids_it(shop: Shop) -> None:
    """Without permission no request that changes state is sent, and its tests are omitted with the reason."""
    ended = shop.run(requirements=(CARD, "dots_eco.balance.kept"))

    assert Counter(verdicts(ended).values())["OMIT"] == 6
    assert reasons(ended, "OMIT") == {"the target Acme's sandbox does not permit createFlowCard"}
    assert shop.relay.count("POST") == 0
    assert beginning(ended).permissions == ("nothing that changes anything is permitted",)


def test_tests_that_need_control_are_skipped_elsewhere(shop: Shop) -> None:
    """A test that sets the clock is planned and skipped where there is no control API."""
    ended = shop.run(keyword="card_expires_in_five_years_by_default")

    assert reasons(ended, "SKIP") == {"the target Acme's sandbox has no control API: this test sets the clock"}
    assert [each.needs_control for each in of(ended, Planned)] == [True]


def test_calls_are_limited_over_all_workers(shop: Shop) -> None:
    """Two processes together call an operation at most as often as the profile permits."""
    ended = shop.run(
        "permits = { operations = { createFlowCard = 4 } }", requirements=(CARD, "dots_eco.flow_card.repeat"), jobs=2
    )

    assert shop.relay.count("POST") == 4
    assert "the target Acme's sandbox permits 4 calls of createFlowCard, and no more are left" in reasons(ended, "OMIT")


def test_limit_ends_a_property_as_omitted(shop: Shop) -> None:
    """A property whose examples use up the limit is omitted, neither shrunk nor failed."""
    ended = shop.run(
        "permits = { operations = { createFlowCard = 4 } }", keyword="any_text_is_taken_as_it_is and message"
    )

    assert list(verdicts(ended).values()) == ["OMIT"]
    assert shop.relay.count("POST") == 4


def test_spending_stops_before_the_limit(shop: Shop) -> None:
    """With a limit of 50 and cards of 10.30, four are bought: a fifth would exceed the limit."""
    permits = 'permits = { operations = { createFlowCard = true }, spend = "50.00" }'
    ended = shop.run(permits, keyword=TWENTY)

    assert shop.relay.count("POST") == 4
    assert reasons(ended, "OMIT") == {
        "the target Acme's sandbox permits to spend 50.00: with 41.20 so far, another createFlowCard may be too much"
    }
    assert [each.spent for each in of(ended, Created)] == ["10.30"] * 4


def test_pace_is_kept_over_all_workers(shop: Shop) -> None:
    """Two processes that may send 20 requests a second share that pace."""
    shop.run("pace = { requests_per_second = 20 }", requirements=("dots_eco.balance", "dots_eco.catalogue"), jobs=2)
    moments = sorted(at for at, _, path in shop.relay.seen if "/api/" in path)

    # Two processes with a pace each would need half of this time; the first request may come late on a busy machine.
    assert len(moments) > 20
    assert moments[-1] - moments[0] >= 0.65 * (len(moments) - 1) / 20


def test_broken_network_is_an_error_and_no_failure(shop: Shop) -> None:
    """Tests whose connections break end as ERROR."""
    shop.relay.breaks = lambda _: True
    permits = "permits = { operations = { createFlowCard = true } }"
    ended = shop.run(permits, keyword="card_is_of_its_sku")

    assert list(verdicts(ended).values()) == ["ERROR"] * 3
    assert all(why.startswith("the network broke") for why in reasons(ended, "ERROR"))


def test_flaky_network_fails_nothing(shop: Shop) -> None:
    """With every third connection broken some tests end as ERROR, others pass, and none fails."""
    shop.relay.breaks = lambda number: number % 3 == 0
    permits = "permits = { operations = { createFlowCard = true } }"
    ended = shop.run(permits, keyword="card_is_of_its_sku or card_without_options or valid_address")

    assert {"PASS", "ERROR"} <= set(verdicts(ended).values()) <= {"PASS", "ERROR", "SKIP"}


def test_wrong_server_fails_with_evidence(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts any text as an address fails the tests of that, each with its exchange."""
    monkeypatch.setattr(dots_eco, "is_address", lambda _text: True)
    permits = "permits = { operations = { createFlowCard = true } }"
    ended = shop.run(permits, keyword="text_that_is_no_address_is_invalid and dot")
    failed = [each for each in of(ended, TestFinished) if each.verdict == "FAIL"]

    assert failed
    assert {each.test for each in failed} <= {each.test for each in of(ended, Exchanged)}
    assert all("assert" in each.details for each in failed)


def test_no_credential_reaches_the_record(shop: Shop) -> None:
    """No credential from the environment is in the events, which only their owner can read."""
    shop.run(requirements=("dots_eco.balance",))
    record = shop.folder / "run" / "events.jsonl"

    assert not [token for token in shop._tokens.values() if token in record.read_text()]
    assert record.stat().st_mode & 0o077 == 0


def test_cards_that_nothing_undoes_are_listed(shop: Shop) -> None:
    """A bought card that cannot be returned is listed with its id and its price."""
    ended = shop.run("permits = { operations = { createFlowCard = 1 } }", keyword="of_its_sku and reef5")
    (_, _, _, body) = next(each for each in shop.relay.answered if each[0] == "POST")

    (created,), (settled,) = of(ended, Created), of(ended, CleanedUp)
    assert (created.what, created.spent) == (json.loads(body)["response"]["card_id"], "5.05")
    assert (settled.created, settled.cleaned) == (created.id, False)
    assert settled.how == "nothing undoes createFlowCard: it stays"


@pytest.fixture
def run_oneflow(tmp_path: Path, quick_start: None) -> Callable[..., tuple[RunResult, list[str]]]:
    """Runs a suite on our mock of OneFlow behind a relay; also returns the states of its orders afterwards."""

    def made(further: str, *, hides: bool = True, **settings: Any) -> tuple[RunResult, list[str]]:
        with mock_of("oneflow") as (url, workspace), relayed(url, hides=hides) as relay:
            seed = workspace.seed("oneflow")
            workspace.replace_seed("oneflow", {**seed, "settings": {**seed["settings"], "processing_s": 0}})
            site = workspace.site("oneflow")
            roles = {role: {"key": keys.key, "secret": keys.secret} for role, keys in site.keys.items()}
            place = relay.url + site.url.removeprefix(url)
            variables = write_profile(tmp_path / "profile.toml", "oneflow", place, roles, further)
            ordered = configuration(tmp_path / "run", "oneflow", target=tmp_path / "profile.toml", **settings)
            ended = run(ordered, {**os.environ, **variables})
            with OneFlow(site.url, site.credentials().key, site.credentials().secret) as client:
                return ended, sorted(each.status or "" for each in client.all_orders())

    return made


PERMITS_BOTH = "permits = { operations = { submitOrder = true, cancelOrder = true } }"


def test_order_that_a_test_left_is_cancelled_at_the_end(
    tmp_path: Path, run_oneflow: Callable[..., tuple[RunResult, list[str]]]
) -> None:
    """An order that no test cancelled is cancelled at the end of the run, and the record has the response."""
    ended, states = run_oneflow(PERMITS_BOTH, keyword="read_as_an_object_of_four_parts")

    assert states == ["cancelled"]
    assert [(each.cleaned, each.how) for each in of(ended, CleanedUp)] == [(True, "cancelOrder answered 200")]
    assert set(verdicts(ended).values()) == {"PASS"}
    assert names_in(tmp_path / "run") == ["events.jsonl", "events.jsonl.seal"]


def test_order_that_its_test_cancelled_is_left_alone(run_oneflow: Callable[..., tuple[RunResult, list[str]]]) -> None:
    """A resource that a test has removed is marked as cleaned up before the test's end."""
    ended, states = run_oneflow(PERMITS_BOTH, keyword="cancelled_order_is_the_answer")
    kinds = [type(each) for each in ended.events if isinstance(each, CleanedUp | TestFinished)]

    assert (states, kinds) == (["cancelled"], [CleanedUp, TestFinished])


def test_order_is_left_where_cancelling_is_forbidden(
    tmp_path: Path, run_oneflow: Callable[..., tuple[RunResult, list[str]]]
) -> None:
    """Without permission to cancel, an order is left, and the record says why."""
    permits = "permits = { operations = { submitOrder = 1 } }"
    ended, states = run_oneflow(permits, keyword="read_as_an_object_of_four_parts")

    assert len(states) == 1
    assert states != ["cancelled"]
    assert [(each.cleaned, each.how) for each in of(ended, CleanedUp)] == [
        (False, "it is left: the target Acme's sandbox does not permit cancelOrder")
    ]
    assert names_in(tmp_path / "run") == ["events.jsonl", "events.jsonl.seal"]


SUBMITS_NOTHING = """
def test_it(oneflow):
    "Three submissions."
    for _ in range(3):
        oneflow.submit({})
"""
NOTES_ITS_WAITS = """
import time
from pathlib import Path

def noted(seconds):
    with Path(__file__).with_name("waits").open("a") as file:
        print(seconds, file=file)

time.sleep = noted
"""


def test_order_that_never_came_to_be_is_told(
    tmp_path: Path, run_oneflow: Callable[..., tuple[RunResult, list[str]]]
) -> None:
    """An order that proved invalid is looked for twice; then nothing is left of it, and the reason is recorded."""
    suite = tmp_path / "oneflow"
    suite.mkdir()
    (suite / "test_it.py").write_text(SUBMITS_NOTHING)
    (suite / "conftest.py").write_text(NOTES_ITS_WAITS)
    ended, states = run_oneflow(PERMITS_BOTH, suite=suite)

    assert (states, (suite / "waits").read_text()) == ([], f"{RETRY_AFTER_S}\n")
    assert [each.cleaned for each in of(ended, CleanedUp)] == [True] * 3
    assert all(each.how.startswith("it is not there: ") for each in of(ended, CleanedUp))
    assert names_in(tmp_path / "run") == ["events.jsonl", "events.jsonl.seal"]


@pytest.mark.usefixtures("quick_start")
def test_sandbox_profile_that_leads_to_our_mock_is_a_mock(tmp_path: Path) -> None:
    """A profile of a sandbox with the address of our mock is recorded as a mock from the first event on."""
    with mock_of("dots_eco") as (_, workspace):
        site = workspace.site("dots_eco")
        keys = {role: {"key": each.key} for role, each in site.keys.items()}
        variables = write_profile(tmp_path / "profile.toml", "dots_eco", site.url, keys)
        settings = configuration(
            tmp_path / "run", target=tmp_path / "profile.toml", requirements=("dots_eco.balance.kept",)
        )
        ended = run(settings, {**os.environ, **variables})

    assert beginning(ended).target.kind == "mock"


def test_mock_that_gives_itself_away_later_is_recognised(
    run_oneflow: Callable[..., tuple[RunResult, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mock that was not detected at first is recognised once by the headers of its responses."""
    monkeypatch.setattr("flowproof.certify.run.examine_target", lambda *_: ("sandbox", Connection()))
    ended, _ = run_oneflow("", keyword="order_that_does_not_exist_is_not_found", hides=False)

    assert [each.how for each in of(ended, Recognised)] == ["an answer has the header flowproof-exchange"]


def test_server_of_others_on_this_machine_is_told_as_such(shop: Shop) -> None:
    """Another server on this machine is neither a mock nor a sandbox."""
    ended = shop.run(requirements=("dots_eco.balance.kept",))

    assert beginning(ended).target.kind == "loopback"
    assert of(ended, Recognised) == []


def test_spend_that_cannot_be_kept_is_an_error(run_oneflow: Callable[..., tuple[RunResult, list[str]]]) -> None:
    """A spending limit is refused where no response has the cost of a call; nothing is sent."""
    permits = 'permits = { operations = { submitOrder = 1 }, spend = "5" }'
    ended, states = run_oneflow(permits, keyword="read_as_an_object_of_four_parts")

    assert states == []
    assert ["no answer of it says what a call costs" in why for why in reasons(ended, "ERROR")] == [True]


@pytest.mark.usefixtures("quick_start")
def test_choice_that_no_test_fits_is_refused(tmp_path: Path) -> None:
    """A selection without a test is refused."""
    with pytest.raises(ConfigurationError, match=r"No test of dots_eco fits requirement dots_eco\.nothing"):
        run(configuration(tmp_path, requirements=("dots_eco.nothing",)), os.environ)


DIES = """
import os

def test_one():
    "One."

def test_two():
    os._exit(7)

def test_three():
    "Three."
"""


def test_process_that_dies_leaves_errors_and_a_whole_record(tmp_path: Path) -> None:
    """A test whose process dies and the tests after it are ERROR, so that no test lacks a verdict."""
    suite = tmp_path / "acme"
    suite.mkdir()
    (suite / "test_it.py").write_text(DIES)
    ended = run(configuration(tmp_path / "run", suite=suite), os.environ)

    assert list(verdicts(ended).values()) == ["PASS", "ERROR", "ERROR"]
    assert isinstance(ended.events[-1], RunFinished)


@pytest.mark.usefixtures("quick_start")
def test_suite_that_cannot_be_collected_is_a_clear_error(tmp_path: Path) -> None:
    """A suite that cannot be collected ends the run with pytest's message."""
    suite = tmp_path / "acme"
    suite.mkdir()
    (suite / "test_it.py").write_text("import no_such_module\n")

    with pytest.raises(ConfigurationError, match="No module named 'no_such_module'"):
        run(configuration(tmp_path / "run", suite=suite), os.environ)


@pytest.mark.usefixtures("quick_start")
def test_name_of_a_test_is_the_same_in_every_event(tmp_path: Path) -> None:
    """A test whose name has a word of the mock's credentials has the same name in all events."""
    settings = configuration(tmp_path, "oneflow", keyword="unserved_method_is_not_found and GET and brandx")
    ended = run(settings, os.environ)

    assert verdicts(ended) == {
        "oneflow/test_errors.py::test_unserved_method_is_not_found[GET-/api/order/brandx/1/cancel]": "PASS"
    }
