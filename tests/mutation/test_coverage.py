"""What a run exercised: written by the plugin, with xdist too, and read by ``flowproof contracts coverage``."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from flowproof.cli import main
from flowproof.conformance import load_contract
from flowproof.conformance.branches import Branches
from tests.fork_server import ForkServer

SUITE = """
import pytest

@pytest.mark.requirement("dots_eco.balance.get")
def test_balance(dots_eco):
    assert dots_eco.balance("1-f2b086b3") == 15

@pytest.mark.requirement("dots_eco.flow_card.created")
def test_card(dots_eco):
    dots_eco.create_card("1-f2b086b3", "123kdfgf")

@pytest.mark.requirement("dots_eco.flow_card.echo")
@pytest.mark.xfail(strict=True)
def test_that_fails(dots_eco):
    assert dots_eco.balance("1-f2b086b3") == 16
"""


def written(fork_server: ForkServer, place: Path, *options: str) -> Path:
    """The results of the small suite."""
    folder, file = place / "dots_eco", place / "coverage.json"
    folder.mkdir()
    (folder / "test_small.py").write_text(SUITE)
    options = (*options, "-q", "--flowproof-providers=dots_eco", f"--flowproof-coverage={file}")
    done = fork_server.pytest(*options, str(folder), cwd=place)
    assert done.returncode == 0, done.stdout
    return file


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> Path:
    """The results of the small suite, run in one process."""
    return written(fork_server, tmp_path_factory.mktemp("run"))


def test_results_say_what_was_exercised(results: Path) -> None:
    """Answers and branches count by exchange, requirements by tests that pass."""
    found = json.loads(results.read_text())["providers"]["dots_eco"]

    assert set(found["answers"]) == {"createFlowCard 200", "getApplicationBalance 200"}
    assert set(found["requirements"]) == {"dots_eco.balance.get", "dots_eco.flow_card.created"}
    assert [test.rpartition("::")[2] for test in found["answers"]["createFlowCard 200"]] == ["test_card"]
    assert "createFlowCard request /sku there" in found["branches"]


def test_results_of_workers_are_put_together(results: Path, fork_server: ForkServer, tmp_path: Path) -> None:
    """Two workers of xdist give the same results as one process."""
    of_two = written(fork_server, tmp_path, "-p", "xdist.plugin", "-n", "2")

    assert json.loads(of_two.read_text()) == json.loads(results.read_text())


def test_command_lists_what_was_not_exercised(results: Path) -> None:
    """What no test exercised is listed with its source, and a threshold decides."""
    result = CliRunner().invoke(main, ["contracts", "coverage", "dots_eco", "--results", str(results)])
    failed = CliRunner().invoke(main, ["contracts", "coverage", "--results", str(results), "--threshold", "90"])

    assert (result.exit_code, failed.exit_code) == (0, 1)
    assert "2 of 3" in result.output
    output = " ".join(result.output.split())  # however wide the terminal is
    assert "- listFlowCards (contracts/dots_eco/openapi.yaml, GET /api/v1/flow-card/list/{app_token})" in output


@pytest.mark.parametrize(
    ("threshold", "code", "message"),
    [
        ("operations=60", 0, ""),
        ("operations=70", 1, "dots_eco: operations 66.7 %, below the threshold of 70 %"),
        ("0", 0, ""),
        ("requirements=101", 2, "'requirements=101' cannot be read"),
        ("duties=50", 2, "'duties=50' cannot be read"),
        ("most", 2, "'most' cannot be read"),
    ],
)
def test_threshold_can_be_of_one_kind(results: Path, threshold: str, code: int, message: str) -> None:
    """A threshold is a percentage of everything or of one kind; what is neither is a misconfiguration."""
    arguments = ["contracts", "coverage", "dots_eco", "--results", str(results), "--threshold", threshold]

    result = CliRunner().invoke(main, arguments)

    assert (result.exit_code, message in " ".join(result.output.split())) == (code, True)


def test_missing_results_are_an_error(tmp_path: Path) -> None:
    """Without results the command says how to write them."""
    result = CliRunner().invoke(main, ["contracts", "coverage", "--results", str(tmp_path / "none.json")])

    assert result.exit_code == 2
    assert "pytest --flowproof-coverage" in result.output


def test_value_takes_the_branches_that_it_shows() -> None:
    """A property is there or left out, and an enum has its words."""
    contract = load_contract("dots_eco")
    operation = contract.operations.by_id("createFlowCard")
    assert operation is not None
    schema = Branches(contract).of(operation.bodies["application/json"])

    taken = set(schema.taken({"sku": "x", "message": None}))

    assert {"/sku there", "/app_token left out", "/message there"} <= taken
    assert "/sku left out" not in schema.all
