"""The providers' patch mutants: each entry is one that can be made."""

import ast
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest

from flowproof.conformance import load_contract
from flowproof.errors import ConfigurationError
from flowproof.mutation.mutant import Patch
from flowproof.mutation.patch_mutants import install_patch, package_of, patch_mutants
from tests import tree

LISTS = [slug for slug in tree.every_slug() if (tree.ROOT / "mocks" / slug / "mutants.toml").is_file()]


@pytest.mark.parametrize("slug", LISTS)
def test_every_entry_can_be_made(slug: str) -> None:
    """Each entry's text stands in its module once, and what is put there is Python."""
    package = f"flowproof.mocks.{slug}"
    for mutant in patch_mutants(package, load_contract(slug)):
        patch = mutant.patch
        assert patch is not None
        name = patch.module.removeprefix(package).strip(".") or "__init__"
        source = files(package).joinpath(f"{name}.py").read_text(encoding="utf-8")
        ast.parse(source.replace(patch.find, patch.put, 1), mutant.id)


@pytest.mark.parametrize(("module", "package"), [("json", "json"), ("json.decoder", "json"), ("stat", "")])
def test_package_of_a_mock_is_found_by_its_modules(module: str, package: str) -> None:
    """A mock in a package has its list there; a mock that is a single module has none."""
    import_module(module)

    assert package_of(module) == package
    assert patch_mutants("", load_contract("oneflow")) == []


GOOD = 'requirement = "dots_eco.flow_card.echo"\nbreaks = "x"\nmodule = "rules"\n'


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of its own, as a mock of another distribution would be."""
    folder = tmp_path / "acme_mock"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "rules.py").write_text("LIMIT = 1\n\n\ndef allowed(number):\n    return number <= LIMIT\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for each in ("acme_mock", "acme_mock.rules"):
        sys.modules.pop(each, None)


@pytest.mark.parametrize(
    "entry",
    [
        GOOD + 'find = "nowhere"\nput = ""',
        GOOD + 'find = "number"\nput = ""',
        GOOD.replace("echo", "nothing") + 'find = "<="\nput = "<"',
        GOOD + 'find = "<="\nput = "<"\nwhy = "an unknown key"',
    ],
)
def test_broken_entry_is_refused(package: Path, entry: str) -> None:
    """A text that does not stand in the source once, an unknown requirement and an unknown key are errors."""
    (package / "mutants.toml").write_text(f"[[mutant]]\n{entry}\n")

    with pytest.raises(ConfigurationError, match=r"mutants\.toml of acme_mock"):
        patch_mutants("acme_mock", load_contract("dots_eco"))


def test_module_is_imported_with_its_change(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module that is imported has the change, and its file has not."""
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    install_patch(Patch("acme_mock.rules", "<=", "<"))

    from acme_mock import rules  # type: ignore[import-not-found]  # (made by the fixture)

    assert (rules.allowed(1), "<=" in (package / "rules.py").read_text()) == (False, True)
    with pytest.raises(ConfigurationError, match="imported already"):
        install_patch(Patch("acme_mock.rules", "<=", "<"))
