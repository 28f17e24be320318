"""A provider of another distribution has everything that ours have, by its kit and its mock alone."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest
import requests

from tests.outside.another_server import TOKEN, serving
from tests.outside.conftest import Installation

MANDATORY = 7
PERMITS = "permits = { operations = { startRental = true, endRental = true } }"


def write_profile(folder: Path, url: str, provider: str = "bikes") -> dict[str, str]:
    """A profile that permits everything, and the variables with its credentials."""
    lines = ['name = "Another hand"', f"[{provider}]", f'url = "{url}"', 'credentials.default = { key = "$BIKES_KEY" }']
    (folder / "profile.toml").write_text("\n".join([*lines, PERMITS, ""]), encoding="utf-8")
    return {"BIKES_KEY": TOKEN}


def events(folder: Path, kind: str) -> list[Any]:
    """The events of a kind in a run's record."""
    lines = (folder / "report" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [each for each in map(json.loads, lines) if each["event"] == kind]


@contextmanager
def served(outside: Installation) -> Iterator[tuple[str, str]]:
    """`flowproof serve bikes`: root and token of the default workspace."""
    command = outside.command("flowproof", "serve", "bikes", "--port", "0")
    with Popen(command, cwd=outside.folder, env=outside.environment({}), stdout=PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = next(line.split()[1] for line in process.stdout if line.startswith("ready "))
            shown = requests.get(f"{url}/_flowproof/workspaces/default", timeout=10).json()
            yield url, shown["providers"]["bikes"]["credentials"]["default"]["key"]
        finally:
            process.kill()


def test_it_is_served_and_its_client_is_judged(outside: Installation) -> None:
    """Its mock is served, and `conduct` judges a client by the obligations that its kit names."""
    with served(outside) as (url, token):
        headers = {"Authorization": f"Bearer {token}"}
        made = requests.post(f"{url}/bikes/rentals", json={"bikeId": "city", "days": 2}, headers=headers, timeout=10)
        careless = outside.run("flowproof", "conduct", "bikes", "--server", url)
        requests.delete(f"{url}/bikes/rentals/{made.json()['id']}", headers=headers, timeout=10)
        careful = outside.run("flowproof", "conduct", "bikes", "--server", url)

    assert (made.status_code, made.json()["price"]) == (201, 24)
    assert (careless.returncode, "A rental was started and never ended." in careless.stdout) == (1, True)
    assert careful.returncode == 0, careful.stdout
    assert re.search(r"^bikes.rental.return +PASS", careful.stdout, re.MULTILINE)


def test_its_suite_runs_on_its_mock(outside: Installation) -> None:
    """Its suite runs by name on a mock of its own, with the fixtures that the plugin made from the kit."""
    done = outside.run("pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "--pyargs", "bikes.suite")

    assert re.search(r"^17 passed in", done.stdout, re.MULTILINE), done.stdout + done.stderr


def test_its_fixtures_are_listed(outside: Installation) -> None:
    """Its fixtures are listed with what its client takes."""
    shown = outside.run("pytest", "--fixtures", "-p", "no:cacheprovider").stdout

    assert "Bikes for rent: the real client on the current target" in shown
    assert "It takes `role` (whose token it uses) and `token` in place of the role's" in shown


def test_its_mock_is_certified(outside: Installation) -> None:
    """On its mock every requirement holds, documented cases included, and exchanges are evidence."""
    done = outside.run("flowproof", "certify", "bikes", "--target", "mock", "--report", "report")

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{MANDATORY} PASS" in done.stdout
    assert {each["verdict"] for each in events(outside.folder, "test_finished")} == {"PASS"}
    assert {each["test"] for each in events(outside.folder, "exchanged")} == {
        each["test"] for each in events(outside.folder, "planned")
    }


def test_another_server_is_certified_with_evidence(outside: Installation) -> None:
    """A server by another hand gets a valid certificate: every exchange went there, and nothing is left behind."""
    with serving() as (url, rental):
        keys = write_profile(outside.folder, url)
        assert outside.run("flowproof", "keygen", "signer.pem").returncode == 0
        done = outside.run(
            *("flowproof", "certify", "bikes", "--target", "profile.toml"),
            *("--report", "report", "--sign", "signer.pem"),
            **keys,
        )
        left = dict(rental.rentals)
    verified = outside.run("flowproof", "verify", "report/certificate.zip", "--key", "signer.pem.pub")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (verified.returncode, verified.stdout.split()[0]) == (0, "VALID"), verified.stdout
    assert [each["target"]["kind"] for each in events(outside.folder, "run_started")] == ["loopback"]
    passed = {each["test"] for each in events(outside.folder, "test_finished") if each["verdict"] == "PASS"}
    assert len(passed) == 15
    assert {each["test"] for each in events(outside.folder, "exchanged")} == passed
    assert {each["request"]["url"].startswith(f"{url}/") for each in events(outside.folder, "exchanged")} == {True}
    assert [each["how"] for each in events(outside.folder, "settled") if each["cleaned"]] != []
    assert left == {}


def test_certification_can_use_several_processes(outside: Installation) -> None:
    """With two processes the same tests run on the same target."""
    with serving() as (url, rental):
        keys = write_profile(outside.folder, url)
        done = outside.run(
            "flowproof", "certify", "bikes", "--target", "profile.toml", "--report", "report", "--jobs", "2", **keys
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert rental.rentals == {}


def test_server_that_answers_nonsense_fails(outside: Installation) -> None:
    """A server that answers 418 to everything passes in nothing."""
    with serving(teapot=True) as (url, _):
        keys = write_profile(outside.folder, url)
        done = outside.run("flowproof", "certify", "bikes", "--target", "profile.toml", "--report", "report", **keys)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "PASS" not in {each["verdict"] for each in events(outside.folder, "test_finished")}


def test_host_that_is_not_there_is_an_error(outside: Installation) -> None:
    """Where nothing answers at the profile's address nothing passes, and nothing ran on a mock in its place."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        keys = write_profile(outside.folder, f"http://127.0.0.1:{unheard.getsockname()[1]}")
        done = outside.run("flowproof", "certify", "bikes", "--target", "profile.toml", "--report", "report", **keys)

    assert done.returncode == 1, done.stdout + done.stderr
    assert {each["verdict"] for each in events(outside.folder, "test_finished")} == {"ERROR", "SKIP"}
    assert events(outside.folder, "exchanged") == []


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["in one process", "with two workers"])
def test_provider_that_the_profile_lacks_is_a_usage_error(outside: Installation, workers: tuple[str, ...]) -> None:
    """A session that names a target without the provider ends with exit code 2, and the sentence says what to add."""
    keys = write_profile(outside.folder, "http://127.0.0.1:9", "scooters")
    done = outside.run(
        *("pytest", "-p", "no:cacheprovider", *workers),
        *("--flowproof-target=profile.toml", "--pyargs", "bikes.suite"),
        **keys,
    )

    assert done.returncode == 2, done.stdout + done.stderr
    assert "The profile 'Another hand' has no [bikes]" in done.stdout
    assert "Add the table [bikes] with its url and credentials" in done.stdout


def test_its_mutants_are_killed(outside: Installation) -> None:
    """Its mutants are run against its suite: one of its own list, and those that its contract gives."""
    chosen = ("--requirement", "bikes.rental")
    done = outside.run("flowproof", "mutants", "bikes", *chosen, "--json", "mutants.json")
    (found,) = json.loads((outside.folder / "mutants.json").read_text(encoding="utf-8"))["providers"]
    verdicts = {each["mutant"]: each["verdict"] for each in found["mutants"]}

    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts["bikes.rental.price:own-1-the-first-day-is-free"] == "killed"
    assert len(verdicts) > 10
    assert found["failures"] == {}


def test_its_configuration_is_examined(outside: Installation) -> None:
    """The doctor makes the checks of its kit: a token that the target does not know is told."""
    with serving() as (url, _):
        keys = write_profile(outside.folder, url)
        right = outside.run("flowproof", "doctor", "--target", "profile.toml", **keys)
        wrong = outside.run("flowproof", "doctor", "--target", "profile.toml", BIKES_KEY="copied-wrongly")

    assert (right.returncode, "token: accepted" in right.stdout) == (0, True), right.stdout
    assert (wrong.returncode, "token: answered 401" in wrong.stdout) == (2, True), wrong.stdout


def test_its_cases_are_compared(outside: Installation) -> None:
    """Its cases are signed and sent to two targets; where another server answers otherwise is told."""
    with serving() as (url, rental):
        keys = write_profile(outside.folder, url)
        done = outside.run(
            "flowproof", "drift", "bikes", "--target", "mock", "--target", "profile.toml", "--json", **keys
        )
        left = dict(rental.rentals)
    found = json.loads(done.stdout)
    told = {(each["kind"], each["where"]) for outcome in found["outcomes"] for each in outcome["differences"]}

    assert done.returncode == 1, done.stdout + done.stderr
    assert (found["left_out"], left) == ({}, {})
    assert told == {("value", "/error"), ("value", "/price")}
