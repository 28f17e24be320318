"""Mutants of Dots.eco against a strong and a weak suite, each of two tests, through the command."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from flowproof.cli import main

REQUIREMENT = "dots_eco.flow_card.of_sku"
STRONG = '''
import pytest

@pytest.mark.requirement("dots_eco.flow_card.of_sku")
def test_card_is_of_its_sku(dots_eco):
    """A card has the amount and the picture of its SKU."""
    card = dots_eco.create_card("1-f2b086b3", "123kdfgf")
    offer = next(each for each in dots_eco.cards("1-f2b086b3") if each.sku == "123kdfgf")
    assert (str(card.amount), card.offer.card_image) == ("10.30", offer.card_image)
'''
WEAK = STRONG[: STRONG.index("    assert")]


def run(tmp_path: Path, suite: str, requirement: str = REQUIREMENT) -> tuple[int, dict[str, str], Any]:
    """Exit code, the verdict of each of the provider's own mutants, and the whole report."""
    folder, report = tmp_path / "dots_eco", tmp_path / "report.json"
    folder.mkdir()
    (folder / "test_cards.py").write_text(suite)
    arguments = ["mutants", "dots_eco", "--requirement", requirement, "--suite", str(folder), "--jobs", "2"]
    done = CliRunner().invoke(main, [*arguments, "--json", str(report)])
    (provider,) = json.loads(report.read_text())["providers"]
    own = {each["says"]: each["verdict"] for each in provider["mutants"] if each["kind"] == "own"}
    return done.exit_code, own, provider


def test_strong_suite_kills(tmp_path: Path) -> None:
    """A suite that looks at what the requirement says kills its mutants, and the report says by which test."""
    code, own, provider = run(tmp_path, STRONG)

    assert (code, set(own.values())) == (0, {"killed"})
    assert all(each["test"].endswith("test_card_is_of_its_sku") for each in provider["mutants"])


def test_answers_are_broken_too(tmp_path: Path) -> None:
    """Each place of an answer that the suite reaches is broken as the contract suggests, and the suite notices."""
    _, _, provider = run(tmp_path, STRONG, "dots_eco.flow_card.amount")
    verdicts = {each["kind"]: each["verdict"] for each in provider["mutants"] if each["family"] == "response"}

    assert verdicts.items() >= {"missing": "killed", "null": "killed", "value": "killed"}.items()


def test_weak_suite_lets_live(tmp_path: Path) -> None:
    """A suite that asks and does not look lets live what the contract allows, and the command fails."""
    code, own, _ = run(tmp_path, WEAK)

    assert (code, own["every card has the same picture"]) == (1, "survived")


def test_suite_that_fails_anyway_is_reported(tmp_path: Path) -> None:
    """A test that fails on the unbroken mock takes no part, and the command fails."""
    code, _, provider = run(tmp_path, f"{STRONG}\n\ndef test_wrong(dots_eco):\n    assert dots_eco is None\n")

    assert code == 1
    assert [test.rpartition("::")[2] for test in provider["failures"]] == ["test_wrong"]


@pytest.mark.parametrize("option", [["--suite", "."], ["nobody"]])
def test_misconfigured_run_is_refused(option: list[str]) -> None:
    """A suite for all providers at once, and a provider that does not exist, are no run."""
    assert CliRunner().invoke(main, ["mutants", *option]).exit_code == 2
