"""``flowproof conduct``: verdicts as exit codes, for people as a table, for programs as JSON."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flowproof.cli import main
from flowproof.clients import ClientError
from flowproof.clients.oneflow import OneFlow
from flowproof.suites.oneflow.strategies import minimum_order
from flowproof.target import ControlClient, Workspace


@pytest.fixture
def run(flowproof_server: ControlClient, workspace: Workspace) -> Callable[..., Result]:
    """Runs the command on this test's workspace."""
    variables = {"FLOWPROOF_SERVER": flowproof_server.url, "FLOWPROOF_WORKSPACE": workspace.id}
    return lambda *arguments: CliRunner(env=variables).invoke(main, ["conduct", *arguments], catch_exceptions=False)


@pytest.fixture
def careless(make_oneflow: Callable[..., OneFlow], workspace: Workspace) -> None:
    """A client that signs with a wrong secret has used the workspace."""
    with pytest.raises(ClientError):
        make_oneflow(workspace, secret="another").orders()


def test_client_that_keeps_all_passes(run: Callable[..., Result], oneflow: OneFlow) -> None:
    """Exit code 0 when nothing failed and something was judged; the table has each requirement with its exchanges."""
    oneflow.validate(minimum_order("1"))

    result = run("oneflow")

    assert (result.exit_code, result.stdout.partition(",")[0]) == (0, "oneflow: PASS")
    (line,) = (each for each in result.stdout.splitlines() if each.startswith("oneflow.order.sku_configured"))
    assert "PASS" in line


@pytest.mark.usefixtures("careless")
def test_client_that_breaks_something_fails(run: Callable[..., Result], workspace: Workspace) -> None:
    """Exit code 1 when something failed; the output has what the client did, the requirement and its source."""
    result = run("oneflow")

    assert (result.exit_code, result.stdout.partition(",")[0]) == (1, "oneflow: FAIL")
    assert f"oneflow.auth.signature  FAIL     {workspace.id}-1" in result.stdout
    assert "client    GET /api/order answered 401" in result.stdout
    assert "source    OneFlow's API document, Authentication; Errors" in result.stdout


def test_idle_client_is_not_judged(run: Callable[..., Result]) -> None:
    """Exit code 2 when nothing could be judged, so a client does not pass by doing nothing."""
    result = run("oneflow")

    assert (result.exit_code, result.stdout.partition(",")[0]) == (2, "oneflow: SKIP")


def test_skipped_requirements_are_listed_on_request(run: Callable[..., Result]) -> None:
    """With --skipped the output lists what was not judged, and what would have to happen."""
    assert "oneflow.submission.scaling" not in run("oneflow").stdout
    assert "It is judged when a submission is answered 5XX" in " ".join(run("oneflow", "--skipped").stdout.split())


@pytest.mark.usefixtures("careless")
def test_judgements_are_written_for_programs(run: Callable[..., Result], tmp_path: Path) -> None:
    """The file has the verdict, and each judgement with its evidence and its requirement."""
    run("oneflow", "--json", str(tmp_path / "conduct.json"))

    written = json.loads((tmp_path / "conduct.json").read_text(encoding="utf-8"))
    (failed,) = (each for each in written["judgements"] if each["verdict"] == "FAIL")
    assert (written["verdict"], written["exchanges"], failed["requirement"]) == ("FAIL", 1, "oneflow.auth.signature")
    assert failed["source"] == "OneFlow's API document, Authentication; Errors"


@pytest.mark.usefixtures("careless")
def test_json_on_stdout_stands_alone(run: Callable[..., Result]) -> None:
    """With a hyphen for a file there is JSON on stdout and nothing else."""
    result = run("oneflow", "--json", "-")

    assert (json.loads(result.stdout)["verdict"], result.exit_code) == ("FAIL", 1)


@pytest.mark.usefixtures("careless")
def test_archive_is_judged_like_the_server(run: Callable[..., Result], workspace: Workspace, tmp_path: Path) -> None:
    """A journal in an HTTP Archive gives the same report without a server."""
    (tmp_path / "journal.har").write_text(json.dumps(workspace.journal.har()), encoding="utf-8")
    from_server = run("oneflow")

    alone = CliRunner().invoke(main, ["conduct", "oneflow", "--journal", str(tmp_path / "journal.har")])

    assert (alone.stdout, alone.exit_code) == (from_server.stdout, 1)


def test_lost_beginning_of_a_journal_is_told(
    run: Callable[..., Result], workspace: Workspace, oneflow: OneFlow
) -> None:
    """A report on a journal that has lost its first exchanges says so."""
    oneflow.orders()
    workspace.journal.clear()
    oneflow.orders()

    assert "1 exchange of the workspace is no longer in the journal" in run("oneflow").stdout


MISUSE = {
    "unknown provider": (["nobody"], "There is no provider nobody."),
    "missing file": (["oneflow", "--journal", "nowhere.har"], "nowhere.har cannot be read: No such file or directory."),
    "file that cannot be written": (["oneflow", "--json", "no/such/folder.json"], "cannot be written"),
    "unknown workspace": (["oneflow", "--workspace", "nobody"], "There is no workspace nobody."),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_told_in_a_sentence(run: Callable[..., Result], case: str) -> None:
    """Whatever is misconfigured ends with exit code 2 and one sentence on stderr."""
    arguments, sentence = MISUSE[case]

    result = run(*arguments)

    assert (result.exit_code, sentence in result.stderr) == (2, True)


def test_file_that_is_no_text_is_refused(run: Callable[..., Result], tmp_path: Path) -> None:
    """A journal file that is not UTF-8 is refused in a sentence."""
    (tmp_path / "journal.har").write_bytes(b"\xff")

    result = run("oneflow", "--journal", str(tmp_path / "journal.har"))

    assert (result.exit_code, "is not UTF-8" in result.stderr) == (2, True)
