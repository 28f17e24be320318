"""What a run is judged by, read from a provider's contract."""

import re
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from flowproof.certify.criteria import digest, read_report_inputs
from flowproof.certify.events import Event, Planned, RunFinished, TestFinished
from flowproof.providers import find_kit
from flowproof.target.profile import Deviation
from tests import tree
from tests.certify.streams import NOON, Stream

CONTRACT = files("flowproof.contracts").joinpath("flow1st")
CATALOG = "flow1st/test_catalog.py::test_catalog_has_every_bundle_with_its_price"


def run() -> list[Event]:
    """A run of one passed test with this coverage."""
    finished = RunFinished(NOON, {"answers": {"listProducts 200": [CATALOG]}})
    planned = Planned(CATALOG, "The catalog is whole.", ("flow1st.catalog.list",), False)
    return [*Stream().events, planned, TestFinished(CATALOG, NOON, 1.0, "PASS"), finished]


def test_contract_gives_the_inputs_of_a_report() -> None:
    """Requirements come from the contract, deviations from the profile, and tests decide the checklist."""
    known = Deviation("flow1st.catalog.list", "Ada Obi", "known", date(2026, 12, 31))

    inputs = read_report_inputs("flow1st", "Flow1st", CONTRACT, run(), [known])

    assert len(inputs.requirements) > 100
    assert [each.owner for each in inputs.deviations] == ["Ada Obi"]
    assert {each.id for each in inputs.checklist} > {"emails", "credentials"}
    (catalog,) = (each for each in inputs.checklist if each.id == "catalog")
    assert "passed: test flow1st.test_catalog::test_catalog_has_every_bundle_with_its_price" in catalog.proof


OWN_NAME = re.compile(r"seed \d|\.md\b|issue \d|^spec\b|; spec\b")


@pytest.mark.parametrize("slug", tree.every_slug())
def test_sources_are_what_a_provider_can_open(slug: str) -> None:
    """No report names a source by a file of ours: it has a title, an address or a standard."""
    inputs = read_report_inputs(slug, slug, find_kit(slug).contract_folder(), Stream().end())

    assert [each.source for each in inputs.requirements if OWN_NAME.search(each.source)] == []


def test_coverage_says_what_was_missed() -> None:
    """The coverage of each kind has what was exercised and what was missed; a run without coverage has none."""
    covered = {each.kind: each for each in read_report_inputs("flow1st", "Flow1st", CONTRACT, run()).coverage}
    without = [*run()[:-1], RunFinished(NOON)]

    assert covered["operations"].exercised == ("listProducts",)
    assert "completeOrder" in covered["operations"].missed
    assert read_report_inputs("flow1st", "Flow1st", CONTRACT, without).coverage == ()


def test_digest_tells_any_change(tmp_path: Path) -> None:
    """Another byte, name or place gives another digest; the same files give the same one."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a").write_bytes(b"1")
    first = digest(tmp_path)
    (tmp_path / "inner" / "a").write_bytes(b"2")
    second = digest(tmp_path)
    (tmp_path / "inner" / "a").rename(tmp_path / "a")
    third = digest(tmp_path)

    assert len({first, second, third}) == 3
    assert digest(tmp_path) == third
