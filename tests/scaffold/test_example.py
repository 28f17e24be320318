"""What `flowproof new` makes runs at once: every command works for it as for ours, without extra options."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest
import requests

from tests.outside.conftest import Installation

REQUIREMENTS = 14


@contextmanager
def served(example: Installation) -> Iterator[tuple[str, dict[str, Any]]]:
    """`flowproof serve tea_room`: root and credentials of the default workspace."""
    command = example.command("flowproof", "serve", "tea_room", "--port", "0")
    with Popen(command, cwd=example.folder, env=example.environment({}), stdout=PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = next(line.split()[1] for line in process.stdout if line.startswith("ready "))
            shown = requests.get(f"{url}/_flowproof/workspaces/default", timeout=10).json()
            yield url, shown["providers"]["tea_room"]["credentials"]["default"]
        finally:
            process.kill()


def write_profile(folder: Path, url: str, credentials: dict[str, Any]) -> dict[str, str]:
    """The profile that the README shows, for a server; and the variables with its credentials."""
    text = f"""
name = "A server"
[tea_room]
url = "{url}/tea_room"
credentials.default = {{ key = "$TEA_ROOM_TOKEN", secret = "$TEA_ROOM_SECRET" }}
permits = {{ operations = {{ createBooking = true, cancelBooking = true }} }}
"""
    (folder / "profile.toml").write_text(text, encoding="utf-8")
    return {"TEA_ROOM_TOKEN": credentials["key"], "TEA_ROOM_SECRET": credentials["secret"]}


def test_example_is_written_under_its_name(example: Installation) -> None:
    """The command writes every file under the new name, and says the two commands."""
    done = example.run("flowproof", "new", "bus_stop")
    files = [each for each in (example.folder / "bus_stop").rglob("*") if each.is_file()]
    texts = {each: each.read_text(encoding="utf-8") for each in files}

    assert done.returncode == 0, done.stdout + done.stderr
    assert "make serve" in done.stdout
    assert "make test" in done.stdout
    assert {".gitignore", "Makefile", "README.md", "pyproject.toml", "test.yml"} <= {each.name for each in files}
    assert [each for each, text in texts.items() if "acme" in text.lower() or "acme" in str(each.name)] == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Tea-Room", "Use small letters, digits and underscores: tea_room."),
        ("7", "Use small letters, digits and underscores: acme."),
        ("class", "Choose another name: class_api."),
        ("inbox", "Choose another name: inbox_api."),
        ("tea_room", "is a provider that is installed"),
    ],
)
def test_name_that_cannot_be_is_refused(example: Installation, name: str, says: str) -> None:
    """A name that is none, means something else or is taken is refused in a sentence, and nothing is written."""
    done = example.run("flowproof", "new", name)

    assert (done.returncode, says in done.stderr) == (2, True), done.stderr
    assert list(example.folder.iterdir()) == []


def test_folder_with_files_is_left_alone(example: Installation) -> None:
    """A folder that has something in it is not written into."""
    (example.folder / "bus_stop").mkdir()
    (example.folder / "bus_stop" / "mine.txt").touch()
    done = example.run("flowproof", "new", "bus_stop")

    assert (done.returncode, "is not empty" in done.stderr) == (2, True), done.stderr
    assert [each.name for each in (example.folder / "bus_stop").iterdir()] == ["mine.txt"]


def test_its_suite_passes_on_its_mock(example: Installation) -> None:
    """Its tests pass on its mock, warnings being errors."""
    done = example.run("pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "--pyargs", "flowproof_tea_room.suite")

    assert re.search(r"^\d\d passed in", done.stdout, re.MULTILINE), done.stdout + done.stderr


def test_its_mock_is_certified_in_whole(example: Installation) -> None:
    """Every one of its requirements passes on its mock."""
    done = example.run("flowproof", "certify", "tea_room", "--target", "mock", "--report", "report")

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{REQUIREMENTS} PASS" in done.stdout


def test_its_mutants_are_all_killed(example: Installation) -> None:
    """Mutants of its bookings, its own and those that its contract gives, are all noticed by its suite."""
    listed = (example.python.parents[2] / "sources/flowproof_tea_room/mock/mutants.toml").read_text(encoding="utf-8")
    chosen = ("--requirement", "tea_room.booking", "--json", "mutants.json")
    done = example.run("flowproof", "mutants", "tea_room", *chosen)
    (found,) = json.loads((example.folder / "mutants.json").read_text(encoding="utf-8"))["providers"]

    assert done.returncode == 0, done.stdout + done.stderr
    assert {each["verdict"] for each in found["mutants"]} == {"killed"}
    assert len(found["mutants"]) > listed.count('"tea_room.booking.')


def test_its_server_can_be_examined(example: Installation) -> None:
    """Served, it is examined, certified and compared by the profile that its README shows; nothing differs."""
    with served(example) as (url, credentials):
        keys = write_profile(example.folder, url, credentials)
        target = ("--target", "profile.toml")
        doctor = example.run("flowproof", "doctor", *target, **keys)
        drift = example.run("flowproof", "drift", "tea_room", "--target", "mock", *target, **keys)
        certify = example.run("flowproof", "certify", "tea_room", *target, "--report", "report", **keys)
        left = requests.get(
            f"{url}/tea_room/bookings", headers={"Authorization": f"Bearer {credentials['key']}"}, timeout=10
        ).json()

    assert (doctor.returncode, "token: accepted" in doctor.stdout) == (0, True), doctor.stdout
    assert drift.returncode in (0, 1), drift.stderr
    assert " FAIL" not in certify.stdout.replace("0 FAIL", ""), certify.stdout
    assert left["bookings"] == []


def test_its_client_is_judged_and_its_refusals_explained(example: Installation) -> None:
    """A client that cancels twice is told so, and why a request was refused is explained by its requirement."""
    with served(example) as (url, credentials):
        headers = {"Authorization": f"Bearer {credentials['key']}"}
        address = f"{url}/tea_room/bookings"
        refused = requests.post(
            address, json={"room": "blue", "guests": 9, "day": "2026-01-01"}, headers=headers, timeout=10
        )
        explained = example.run("flowproof", "explain", "--server", url)
        booking = {"room": "blue", "guests": 2, "day": str(datetime.now(UTC).date() + timedelta(days=30))}
        made = requests.post(address, json=booking, headers=headers, timeout=10).json()
        for _ in range(2):
            requests.delete(f"{address}/{made['id']}", headers=headers, timeout=10)
        judged = example.run("flowproof", "conduct", "tea_room", "--server", url)

    assert refused.json()["fields"] == ["guests"]
    assert "tea_room.booking.guests" in explained.stdout
    assert (judged.returncode, "A cancelled booking was cancelled again." in judged.stdout) == (1, True), judged.stdout


def test_its_checklist_is_done_by_its_tests(example: Installation) -> None:
    """The rows of its checklist are done by the results of its suite."""
    chosen = ("-q", "-p", "no:cacheprovider", "--junitxml", "results.xml", "--pyargs", "flowproof_tea_room.suite")
    example.run("pytest", *chosen)
    done = example.run("flowproof", "checklist", "tea_room", "--results", "results.xml")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 rows, 2 done" in done.stdout
