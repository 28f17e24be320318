"""What `flowproof new --har` and `--postman` make of recorded traffic runs at once, and has no secret of it."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flowproof.cli import main
from flowproof.redaction.encodings import all_encodings
from tests.outside.conftest import Installation
from tests.recording.archives import PLANTED, order_archive, order_collection

PACKAGE = "flowproof_kiosk"


def new(*arguments: object) -> Result:
    """A command line."""
    return CliRunner().invoke(main, ["new", *map(str, arguments)])


def written(folder: Path, option: str, document: Any) -> dict[str, str]:
    """The files of the distribution that a recording gives."""
    file = folder / "recorded.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    done = new("kiosk", option, file, "--into", folder / "kiosk")
    assert done.exit_code == 0, done.output
    found = (each for each in (folder / "kiosk").rglob("*") if each.is_file())
    return {str(each.relative_to(folder / "kiosk")): each.read_text(encoding="utf-8") for each in found}


@pytest.mark.parametrize(("option", "document"), [("--har", order_archive), ("--postman", order_collection)])
def test_planted_secret_is_in_no_file_of_the_distribution(
    option: str, document: Callable[[], Any], tmp_path: Path
) -> None:
    """No secret and nothing personal of a recording reaches a file, in whatever encoding, wherever it was planted."""
    texts = [*written(tmp_path, option, document()).values()]

    assert [
        (secret, form) for secret in PLANTED for form in all_encodings(secret) for text in texts if form in text
    ] == []


def test_what_traffic_shows_is_observed_and_what_follows_is_inferred(tmp_path: Path) -> None:
    """Operations and statuses are `observed`, constraints and collections `inferred`, and nothing is `documented`."""
    files = written(tmp_path, "--har", order_archive())
    listed = tomllib.loads(files[f"{PACKAGE}/contract/requirements.toml"])["requirement"]
    standings = {each["id"].split(".")[1]: each["standing"] for each in listed}

    assert standings == {
        "operation": "observed",
        "status": "observed",
        "constraint": "inferred",
        "collection": "inferred",
    }
    assert "- [ ] `/order/{orderId}`: `{orderId}` is a parameter; 1 value of it seen." in files["DECISIONS.md"]
    assert "3 exchanges of https://pro-api.example.test/api in recorded.json" in files[f"{PACKAGE}/contract/SOURCES.md"]
    assert "Made from recorded traffic" in files["README.md"]


@pytest.mark.parametrize(
    ("options", "text", "says"),
    [
        (["--har", "a.json", "--openapi", "b.yaml"], "{}", "--openapi and --har exclude each other"),
        (["--har", "a.json", "--postman", "a.json"], "{}", "--har and --postman exclude each other"),
        (["--base-url", "https://a.test"], "{}", "Name it with --har or --postman"),
        (["--har", "none.json"], "{}", "none.json"),
        (["--har", "a.json"], "no json", "is no JSON"),
        (["--har", "a.json"], "[" * 100_000, "nested too deeply"),
        (["--har", "a.json"], "{}", "is no recording"),
        (["--har", "a.json"], '{"log": {"entries": []}}', "has no exchange"),
        (["--har", "a.json"], '{"log": {"entries": [{}]}}', "Entry 1"),
        (["--har", "a.json"], json.dumps(order_collection()), "is a Postman collection, not an HTTP Archive"),
        (["--postman", "a.json"], json.dumps(order_archive()), "is an HTTP Archive, not a Postman collection"),
        (["--har", "a.json", "--base-url", "https://b.test"], json.dumps(order_archive()), "below the --base-url"),
    ],
)
def test_recording_that_cannot_be_used_is_a_usage_error(
    options: list[str], text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options that exclude each other and files that cannot be used end in a sentence and exit 2, and write nothing."""
    monkeypatch.chdir(tmp_path)
    Path("a.json").write_text(text, encoding="utf-8")
    done = new("kiosk", *options)

    assert (done.exit_code, says in done.output) == (2, True), done.output
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]


def test_its_own_tests_pass_by_its_makefile(kiosk: Installation) -> None:
    """A server is recorded, the recording becomes a distribution, and `make test` of that is green."""
    done = kiosk.make("test", "-q", "-p", "no:cacheprovider", "-W", "error")

    assert re.search(r"^\d\d passed in", done.stdout, re.MULTILINE), done.stdout + done.stderr


def test_its_mock_is_certified_as_a_rehearsal(kiosk: Installation) -> None:
    """On its mock every requirement that was judged passes; a certificate needs documented ones, and says so."""
    kiosk.run("flowproof", "keygen", "key.pem")
    signed = ("--report", "report", "--sign", "key.pem")
    done = kiosk.run("flowproof", "certify", "kiosk", "--target", "mock", *signed)

    assert re.search(r"^requirements  \d\d PASS, \d SKIP$", done.stdout, re.MULTILINE), done.stdout + done.stderr
    assert "no mandatory requirement was tested" in done.stdout + done.stderr
