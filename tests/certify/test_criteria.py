"""What a run is judged by, as a provider's contract says it."""

from datetime import date
from importlib.resources import files
from pathlib import Path

from flowproof.certify.criteria import digest, read_report_inputs
from flowproof.certify.events import Event, Planned, RunFinished, TestFinished
from flowproof.target.profile import Deviation
from tests.certify.streams import NOON, Stream

CONTRACT = files("flowproof.contracts").joinpath("flow1st")
CATALOG = "flow1st/test_catalog.py::test_catalog_has_every_bundle_with_its_price"


def run() -> list[Event]:
    """A run of one test that passed, with what it covered."""
    finished = RunFinished(NOON, {"answers": {"listProducts 200": [CATALOG]}})
    planned = Planned(CATALOG, "The catalog is whole.", ("flow1st.catalog.list",), False)
    return [*Stream().events, planned, TestFinished(CATALOG, NOON, 1.0, "PASS"), finished]


def test_contract_is_the_ground_of_a_run() -> None:
    """Requirements are the contract's, deviations the profile's, and the checklist is judged by the tests that ran."""
    known = Deviation("flow1st.catalog.list", "Ada Obi", "known", date(2026, 12, 31))

    inputs = read_report_inputs("flow1st", "Flow1st", CONTRACT, run(), [known])

    assert len(inputs.requirements) > 100
    assert [each.owner for each in inputs.deviations] == ["Ada Obi"]
    assert {each.id for each in inputs.checklist} > {"emails", "credentials"}
    (catalog,) = (each for each in inputs.checklist if each.id == "catalog")
    assert "passed: test flow1st.test_catalog::test_catalog_has_every_bundle_with_its_price" in catalog.proof


def test_coverage_says_what_was_missed() -> None:
    """Of each kind the ground has what the run exercised, and what not; a run that kept none has none."""
    covered = {each.kind: each for each in read_report_inputs("flow1st", "Flow1st", CONTRACT, run()).coverage}
    without = [*run()[:-1], RunFinished(NOON)]

    assert covered["operations"].exercised == ("listProducts",)
    assert "completeOrder" in covered["operations"].missed
    assert read_report_inputs("flow1st", "Flow1st", CONTRACT, without).coverage == ()


def test_digest_tells_any_change(tmp_path: Path) -> None:
    """Another byte, another name, another place: another digest; the same files have the same one."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a").write_bytes(b"1")
    first = digest(tmp_path)
    (tmp_path / "inner" / "a").write_bytes(b"2")
    second = digest(tmp_path)
    (tmp_path / "inner" / "a").rename(tmp_path / "a")
    third = digest(tmp_path)

    assert len({first, second, third}) == 3
    assert digest(tmp_path) == third
