"""Sources as a reader outside the project finds them."""

import re
import shutil
from pathlib import Path

import pytest

from flowproof.conformance import load_contract
from flowproof.conformance.coverage import items
from flowproof.conformance.sources import shown_source
from flowproof.errors import ContractError
from tests import tree

OWN_NAME = re.compile(r"seed \d|\.md\b|issue \d|^spec\b|; spec\b")


def test_each_part_of_a_source_is_replaced() -> None:
    """The longest name at the beginning of a source, and of each part behind a semicolon, is replaced."""
    names = {"seed 1": "the guide", "seed 12": "the page", "a.md": "notes"}

    assert (
        shown_source("seed 12, Errors; a.md (seed 1); RFC 9110", names) == "the page, Errors; notes (seed 1); RFC 9110"
    )
    assert shown_source("our reading of seed 1, Errors", names) == "our reading of the guide, Errors"


@pytest.mark.parametrize("slug", tree.every_slug())
def test_no_source_is_a_file_of_ours(slug: str) -> None:
    """Requirements and documented examples cite what a provider can open, wherever their contract is shown."""
    contract = load_contract(slug)
    sources = [each.source for each in contract.requirements.values()]
    sources += [each.source for each in items(contract, {}) if each.kind == "examples"]

    assert [each for each in sources if OWN_NAME.search(each)] == []


def test_source_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A name whose value is no text is an error of the contract, which says how to write it."""
    folder = tmp_path / "oneflow"
    shutil.copytree(tree.ROOT / "contracts" / "oneflow", folder)
    (folder / "sources.toml").write_text("page = 1\n")

    with pytest.raises(ContractError, match='write "page" = "title'):
        load_contract("oneflow", folder)
