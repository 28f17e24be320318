"""The GitHub Action: valid by GitHub's schema, and its steps do what its inputs ask for."""

import json
import os
import re
import signal
from pathlib import Path

import pytest
import requests

from tests import tree
from tests.pipelines.runner import EXPRESSION, Action, Machine

ONE = {"certify": "dots_eco", "arguments": "--requirement dots_eco.balance.kept"}


def test_action_serves_to_the_steps_that_follow(tmp_path: Path) -> None:
    """
    The server runs on after the step; what follows has its URL, its base URLs and the credentials of every role.

    A run on the mock in the same job takes no notice of them.
    """
    code, found, output = Action(Machine.make(tmp_path), {"serve": "oneflow dots_eco", "port": "0", **ONE}).run()
    assert code == 0, output
    try:
        shown = requests.get(found["FLOWPROOF_SERVER"], timeout=10).json()
    finally:
        os.kill(json.loads((tmp_path / "flowproof-ready.json").read_text())["pid"], signal.SIGTERM)

    assert set(shown["providers"]) == {"oneflow", "dots_eco"}
    assert found["url"] == found["FLOWPROOF_SERVER"]
    assert found["FLOWPROOF_ONEFLOW_URL"] == f"{found['url']}/oneflow"
    assert found["FLOWPROOF_DOTS_ECO_TOKEN"]


def test_action_says_why_a_server_does_not_start(tmp_path: Path) -> None:
    """Where the server does not start the step fails at once, and shows the server's own message."""
    code, _, output = Action(Machine.make(tmp_path), {"serve": "nobody", "port": "0"}).run()

    assert code == 1
    assert "nobody" in output


def test_action_certifies_and_names_the_report(tmp_path: Path) -> None:
    """The suite runs with the further options, and the report has what the steps behind it upload."""
    machine = Machine.make(tmp_path)
    code, found, output = Action(machine, ONE).run()

    assert code == 0, output
    assert found["report"] == "flowproof-report"
    assert {"junit.xml", "report.sarif", "report.html"} <= {
        each.name for each in (machine.work / "flowproof-report").iterdir()
    }


def test_action_fails_where_the_run_is_misconfigured(tmp_path: Path) -> None:
    """The exit code of certify is that of the step; the report is uploaded all the same."""
    code, _, output = Action(Machine.make(tmp_path), {**ONE, "target": "missing.toml"}).run()

    assert code == 2
    assert "missing.toml" in output
    assert (tmp_path / "github_output").read_text() == "report=flowproof-report\n"


@pytest.mark.parametrize(
    ("requirement", "installed"), [("", f"{tree.ROOT}[all]"), ("flowproof[all]==0.1.0", "flowproof[all]==0.1.0")]
)
def test_action_installs_its_own_version_or_another(tmp_path: Path, requirement: str, installed: str) -> None:
    """pip installs the action's own checkout unless the workflow names something else."""
    machine = Machine.make(tmp_path)
    Action(machine, {"requirement": requirement}).run()

    assert machine.installed.read_text() == f"install --quiet {installed} pytest-xdist\n"


def test_no_script_of_the_action_contains_an_input() -> None:
    """Inputs reach scripts through variables alone: an expression in a script would run what somebody else wrote."""
    scripts = [step["run"] for step in tree.yaml_file("action.yml")["runs"]["steps"] if "run" in step]

    assert [script for script in scripts if EXPRESSION.search(script)] == []


def test_every_input_of_the_action_is_used_and_described() -> None:
    """Each input occurs in a step, and the page about pipelines names it."""
    text = (tree.ROOT / "action.yml").read_text(encoding="utf-8")
    page = (tree.ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    names = set(tree.yaml_file("action.yml")["inputs"])

    assert set(re.findall(r"inputs\.([\w-]+)", text)) == names
    assert {name for name in names if f"`{name}`" not in page} == set()
