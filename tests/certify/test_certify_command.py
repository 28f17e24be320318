"""The command `flowproof certify`: its output, files and exit codes."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flowproof.certify.keys import make_keys
from flowproof.cli import main
from tests.certify.strangers import write_profile
from tests.second_opinion import dots_eco

PERMITS = "permits = { operations = { createFlowCard = true } }"
KEPT = "--requirement=dots_eco.balance.kept"


def certify(*arguments: str, environment: Mapping[str, str] | None = None) -> Result:
    """Run the command with these arguments."""
    return CliRunner().invoke(main, ["certify", *arguments], env=environment, catch_exceptions=False)


@pytest.fixture
def stranger(tmp_path: Path, quick_start: None) -> Iterator[Callable[..., Result]]:
    """Certify Dots.eco on an independent server, with these lines in its profile."""
    with dots_eco.serving() as (url, tokens):

        def run(*arguments: str, further: str = PERMITS) -> Result:
            keys = {role: {"key": token} for role, token in tokens.items()}
            variables = write_profile(tmp_path / "sandbox.toml", "dots_eco", url, keys, further)
            where = [f"--target={tmp_path / 'sandbox.toml'}", f"--report={tmp_path / 'out'}"]
            return certify("dots_eco", *where, *arguments, environment=variables)

        yield run


def report_in(folder: Path) -> Any:
    """The report in its file."""
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def test_what_holds_on_the_mock_ends_with_0(tmp_path: Path) -> None:
    """A passed run on the mock has exit code 0, says that it was a mock, and writes every view of its report."""
    done = certify("dots_eco", "--target=mock", f"--report={tmp_path}", KEPT)

    assert done.exit_code == 0, done.output
    assert ": Dots.eco: flow gift cards on mock\n" in done.output
    assert {"events.jsonl", "report.html", "report.json", "junit.xml"} <= {each.name for each in tmp_path.iterdir()}
    assert report_in(tmp_path)["target"]["kind"] == "mock"


def test_failure_ends_with_1_and_is_named(stranger: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """A target that violates a requirement gives exit code 1; test and requirement are named."""
    monkeypatch.setattr(dots_eco, "is_address", lambda _text: True)
    done = stranger("-k", "text_that_is_no_address and dot")

    assert done.exit_code == 1
    assert "FAIL  dots_eco/test_cards.py::test_text_that_is_no_address_is_invalid" in done.output
    assert "FAIL dots_eco.flow_card.recipient_email.syntax" in done.output


def test_nothing_judged_ends_with_2(stranger: Callable[..., Result]) -> None:
    """A run with every test omitted has judged nothing and has exit code 2."""
    done = stranger("-k", "card_is_of_its_sku", further="")

    assert done.exit_code == 2
    assert "3 OMIT" in done.output


def test_dry_run_sends_nothing_and_says_what_a_run_would_do(
    stranger: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run sends nothing to the target and leaves no file; it counts calls, resources and what is left out."""
    asked: list[str] = []
    monkeypatch.setattr(dots_eco, "is_address", asked.append)
    permits = "permits = { operations = { createFlowCard = 2 } }"
    done = stranger("-k", "card_is_of_its_sku", "--dry-run", further=permits)
    words = " ".join(done.output.split())

    assert done.exit_code == 0, done.output
    assert "Dry run of Dots.eco: flow gift cards on Acme's sandbox: nothing was sent there" in words
    assert "tests 2 of 3 would run" in words
    assert "created 2 by createFlowCard; 2 would stay" in words
    assert "createFlowCard 2 creates, spends 2 times" in words
    assert "1 test: the target Acme's sandbox permits 2 calls of createFlowCard, and no more are left" in words
    assert (asked, (tmp_path / "out").exists()) == ([], False)


def test_operator_and_spending_are_named(stranger: Callable[..., Result], tmp_path: Path) -> None:
    """Who ran it is in the report as given; the end of the output says what was created, left and spent."""
    names = ["--organisation=Acme Ltd", "--contact=ada@acme.example", "--client=shop", "--client-version=4.2"]
    done = stranger("-k", "of_its_sku and reef5", *names)
    report = report_in(tmp_path / "out")

    assert list(report["operator"].values()) == ["Acme Ltd", "ada@acme.example", "shop", "4.2"]
    assert (report["spent"], report["calls"]["createFlowCard"], report["rehearsal"]) == ("5.05", 1, False)
    assert "created       1 by createFlowCard; 1 left there" in done.output
    assert "spent         5.05, in the provider's unit" in done.output
    assert "Acme Ltd" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


MISTAKES = {
    "no such provider": (["nobody", "--target=mock"], "There is no provider nobody."),
    "no such profile": (["dots_eco", "--target=nowhere.toml"], "cannot be read"),
    "no such key": (["dots_eco", "--target=mock", "--sign=nowhere.pem"], "The key nowhere.pem cannot be read"),
    "no target": (["dots_eco"], "Missing option '--target'"),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES)
def test_wrong_configuration_ends_with_2(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong configuration gives exit code 2 and one sentence, and writes nothing."""
    monkeypatch.chdir(tmp_path)
    done = certify(*arguments)

    assert (done.exit_code, message in done.output) == (2, True), done.output
    assert list(tmp_path.iterdir()) == []


def test_provider_that_a_profile_lacks_is_told(tmp_path: Path) -> None:
    """A profile without the provider gives exit code 2, and the sentence names those that it has."""
    variables = write_profile(
        tmp_path / "p.toml", "oneflow", "http://127.0.0.1:9", {"default": {"key": "k", "secret": "s"}}
    )
    done = certify("dots_eco", f"--target={tmp_path / 'p.toml'}", environment=variables)

    assert done.exit_code == 2
    assert "has no [dots_eco]; it has oneflow" in done.output


@pytest.mark.usefixtures("quick_start")
def test_certificate_is_refused_for_part_of_a_suite(tmp_path: Path) -> None:
    """A selection of tests gets no certificate: the command says why, and removes an earlier one."""
    private = tmp_path / "key.pem"
    make_keys(private)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "certificate.zip").write_bytes(b"of an earlier run")
    done = certify("dots_eco", "--target=mock", f"--report={tmp_path / 'out'}", KEPT, f"--sign={private}")

    assert done.exit_code == 1
    assert "No certificate can be issued" in done.output
    assert not (tmp_path / "out" / "certificate.zip").exists()


def test_job_of_github_gets_annotations_and_a_summary(
    stranger: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only in GitHub Actions failures are annotations, and the job has a summary."""
    monkeypatch.setattr(dots_eco, "is_address", lambda _text: True)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    done = stranger("-k", "text_that_is_no_address and dot")

    assert "::error title=FAIL dots_eco.flow_card.recipient_email" in done.output
    assert "FAIL on Acme's sandbox (loopback)" in (tmp_path / "summary.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("quick_start")
def test_finished_run_that_goes_on_reports_the_same(tmp_path: Path) -> None:
    """Resuming a finished run repeats nothing and gives the same verdicts, in two parts."""
    certify("dots_eco", "--target=mock", f"--report={tmp_path}", KEPT)
    before = report_in(tmp_path)
    again = certify("dots_eco", "--target=mock", f"--report={tmp_path}", KEPT, "--resume")

    assert again.exit_code == 0, again.output
    assert report_in(tmp_path)["tests"] == before["tests"]
    assert report_in(tmp_path)["run"]["parts"] == 2


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A report folder that cannot be created gives exit code 2 and one sentence."""
    (tmp_path / "file").write_text("")
    done = certify("dots_eco", "--target=mock", f"--report={tmp_path / 'file' / 'out'}")

    assert (done.exit_code, "cannot be made" in done.output) == (2, True), done.output


def test_reports_in_their_usual_place_are_hidden_from_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --report, reports go into a folder that git ignores; a folder that was named is left alone."""
    monkeypatch.chdir(tmp_path)
    done = certify("dots_eco", "--target=mock", KEPT)

    assert (done.exit_code, (tmp_path / "flowproof-report" / ".gitignore").read_text()) == (0, "*\n"), done.output
    assert not (tmp_path / "flowproof-report" / "dots_eco" / ".gitignore").exists()
