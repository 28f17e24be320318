"""Interrupted and resumed runs: nothing is lost, nothing is repeated, and no other run is resumed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from flowproof.certify.events import CleanedUp, Created, RunFinished, RunStarted, TestFinished
from flowproof.certify.run import RunConfiguration, run
from flowproof.certify.run_store import CreatedResource, RunStore
from flowproof.certify.stream import append, events_of
from flowproof.errors import ConfigurationError
from tests.certify.strangers import relayed, write_profile
from tests.certify.test_run import Shop, configuration, of, shop, verdicts
from tests.fork_server import ForkServer
from tests.second_opinion import dots_eco

__all__ = ["shop"]

TESTS = "card_is_of_its_sku or text_that_is_no_address"  # 38, of which the first three make a card each
PERMITS = "permits = { operations = { createFlowCard = true } }"
TIMEOUT_S = 300.0


@dataclass
class Slow:
    """A server that answers the first requests at once, the next ones when released, and then slowly."""

    released: threading.Event = field(default_factory=threading.Event)

    def __call__(self, number: int) -> bool:
        if number > 10:
            self.released.wait(TIMEOUT_S)
            time.sleep(0.15)
        return False


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def finished(file: Path) -> list[TestFinished]:
    """The tests that have ended so far."""
    return [each for each in events_of(file) if isinstance(each, TestFinished)] if file.exists() else []


@pytest.mark.usefixtures("quick_start")
@pytest.mark.parametrize(("how", "jobs"), [(signal.SIGINT, 1), (signal.SIGTERM, 2)], ids=["Ctrl-C", "SIGTERM to two"])
def test_interrupted_run_goes_on_to_the_same_verdicts(tmp_path: Path, how: signal.Signals, jobs: int) -> None:
    """An interrupted run has exit code 130, cleans up, and gives the same verdicts when it is resumed."""
    slow = Slow()
    with dots_eco.serving() as (url, tokens), relayed(url, breaks=slow) as relay:
        keys = {role: {"key": token} for role, token in tokens.items()}
        profile = tmp_path / "profile.toml"
        variables = {**os.environ, **write_profile(profile, "dots_eco", relay.url, keys, PERMITS)}
        broken = configuration(tmp_path / "broken", target=profile, keyword=TESTS, jobs=jobs)
        code, output = interrupted(broken, variables, how, slow.released)
        before = finished(broken.events)
        left = [each for each in events_of(broken.events) if isinstance(each, Created | CleanedUp)]
        relay.breaks = lambda _: False
        resumed = run(replace(broken, resume=True), variables)
        whole = run(configuration(tmp_path / "whole", target=profile, keyword=TESTS), variables)

    assert code == 130, output
    assert f"Broken off after {len(before)} of {len(verdicts(whole))} tests" in output
    assert 0 < len(before) < len(verdicts(whole))
    assert Counter(map(type, left))[Created] == Counter(map(type, left))[CleanedUp] > 0
    assert verdicts(resumed) == verdicts(whole)
    assert set(Counter(each.test for each in of(resumed, TestFinished)).values()) == {1}
    assert [each.resumed for each in of(resumed, RunStarted)] == [False, True]
    assert len({each.run for each in of(resumed, RunStarted)}) == 1
    assert len({each.id for each in of(resumed, Created)}) == len(of(resumed, Created))


def interrupted(
    planned: RunConfiguration, environment: Mapping[str, str], how: signal.Signals, released: threading.Event
) -> tuple[int, str]:
    """Exit code and output of the command, interrupted when a test has ended; its server is released then."""
    command = [sys.executable, "-m", "flowproof", "certify", "dots_eco", f"--target={planned.target}"]
    options = [f"--report={planned.folder}", "-k", planned.keyword, f"--jobs={planned.jobs}"]
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    try:
        until(
            lambda: (
                bool(finished(planned.events)) and any(isinstance(each, Created) for each in events_of(planned.events))
            )
        )
        process.send_signal(how)
        released.set()
        output, _ = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()
    return process.returncode, output


def test_errors_are_repeated_and_nothing_else(shop: Shop) -> None:
    """Resuming a complete run repeats only its errors."""
    shop.relay.breaks = lambda number: number > 1  # (the first asks what kind of target it is)
    shop.run(PERMITS, keyword="card_is_of_its_sku")
    before = shop.relay.count("POST")
    shop.relay.breaks = lambda _: False
    again = shop.run(PERMITS, keyword="card_is_of_its_sku", resume=True)
    repeated = shop.relay.count("POST") - before
    last = shop.run(PERMITS, keyword="card_is_of_its_sku", resume=True)

    assert set(verdicts(again).values()) == {"PASS"}
    assert repeated == len(verdicts(again))
    assert shop.relay.count("POST") - before == repeated
    assert verdicts(last) == verdicts(again)


def test_limit_counts_what_earlier_parts_called(shop: Shop) -> None:
    """A resumed run has the remaining calls of its limit."""
    permits = "permits = { operations = { createFlowCard = 2 } }"
    shop.run(permits, keyword="card_is_of_its_sku")
    ended = shop.run(permits, keyword="card_is_of_its_sku", resume=True)

    assert sorted(verdicts(ended).values()) == ["OMIT", "PASS", "PASS"]
    assert shop.relay.count("POST") == 2


@pytest.fixture
def broken_off(shop: Shop) -> Shop:
    """A shop with a run of one test in its folder, whose last line is incomplete."""
    shop.run(PERMITS, requirements=("dots_eco.balance.kept",))
    with (shop.folder / "run" / "events.jsonl").open("ab") as stream:
        stream.write(b'{"event":"planned","test":"half')
    return shop


def test_half_a_line_at_the_end_is_no_harm(broken_off: Shop) -> None:
    """An incomplete last line is removed, and the next event begins a line."""
    ended = broken_off.run(PERMITS, requirements=("dots_eco.balance.kept",), resume=True)

    assert tuple(events_of(broken_off.folder / "run" / "events.jsonl")) == ended.events
    assert set(verdicts(ended).values()) == {"PASS", "SKIP"}
    assert len(of(ended, RunFinished)) == 2


@pytest.mark.parametrize(
    ("further", "requirement", "output"),
    [("", "balance.kept", "the profile's content"), (PERMITS, "balance", "the choice of tests")],
    ids=["profile", "selection"],
)
def test_another_configuration_is_not_resumed(broken_off: Shop, further: str, requirement: str, output: str) -> None:
    """With another profile or selection a run is not resumed, and its record stays unchanged."""
    record = (broken_off.folder / "run" / "events.jsonl").read_bytes()

    with pytest.raises(ConfigurationError, match=f"cannot go on: {output} changed since"):
        broken_off.run(further, resume=True, requirements=(f"dots_eco.{requirement}",))

    assert (broken_off.folder / "run" / "events.jsonl").read_bytes() == record.rpartition(b"\n")[0] + b"\n"


def test_another_target_is_not_resumed(broken_off: Shop) -> None:
    """A run on another server is not resumed on the mock."""
    mock = configuration(broken_off.folder / "run", requirements=("dots_eco.balance.kept",), resume=True)

    with pytest.raises(
        ConfigurationError, match="the target, the profile's content, how the target is reached changed since"
    ):
        run(mock, os.environ)


@pytest.mark.usefixtures("quick_start")
def test_another_suite_is_not_resumed(tmp_path: Path) -> None:
    """A run of a changed suite is not resumed."""
    suite = tmp_path / "acme"
    suite.mkdir()
    (suite / "test_it.py").write_text("def test_one():\n    'One.'\n")
    planned = configuration(tmp_path / "run", suite=suite)
    run(planned, os.environ)
    (suite / "test_it.py").write_text("def test_one():\n    'Another.'\n")

    with pytest.raises(ConfigurationError, match="the suite, contract or fixtures changed since"):
        run(replace(planned, resume=True), os.environ)


def test_what_a_run_has_left_is_not_forgotten(tmp_path: Path) -> None:
    """A new run does not replace one that has left resources which it can remove."""
    planned = configuration(tmp_path, requirements=("dots_eco.balance.kept",))
    run_store = RunStore(planned.run_store)
    run_store.add(
        CreatedResource(
            "c-1", "oneflow", "submitOrder", "5910757faab8ec6f60127999", "cancelOrder", {"sourceOrderId": "7"}
        )
    )
    run_store.close()

    with pytest.raises(ConfigurationError, match="has left 1 thing on its target"):
        run(planned, os.environ)


@pytest.mark.usefixtures("quick_start")
def test_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    """Two runs cannot use one folder at the same time."""
    first: list[object] = []

    def meddle(event: object) -> None:
        if isinstance(event, RunStarted):
            with pytest.raises(ConfigurationError, match="Another run is at work"):
                run(configuration(tmp_path, requirements=("dots_eco.balance.kept",)), os.environ)
            first.append(event)

    run(configuration(tmp_path, requirements=("dots_eco.balance.kept",)), os.environ, on_event=meddle)

    assert len(first) == 1


WRITES = """
import sys
from pathlib import Path
from flowproof.certify.events import CleanedUp
from flowproof.certify.stream import append

for number in range(200):
    append(Path(sys.argv[1]), CleanedUp(f"{sys.argv[2]}-{number}", True, "x" * 5000))
"""


def test_events_of_several_processes_are_whole_lines(tmp_path: Path, fork_server: ForkServer) -> None:
    """Several processes append whole lines to one file."""
    file = tmp_path / "events.jsonl"
    append(file, CleanedUp("first", True, ""))
    fork_server.run_script(WRITES, str(file), times=3, folder=tmp_path)

    assert len({each.created for each in events_of(file) if isinstance(each, CleanedUp)}) == 601
