"""The tools, installed once, and each contract as a file that they read."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flowproof.conformance import load_contract
from flowproof.conformance.bundle import bundle
from flowproof.target import Workspace
from tests.interop.generators import toolbox


@pytest.fixture(scope="session")
def tools() -> None:
    """Generators, validators and linters as they are pinned; in CI they have to be there."""
    toolbox.install()


@pytest.fixture
def served(workspace: Workspace, tmp_path: Path) -> Callable[[str], Path]:
    """Writes a provider's contract as the mock's server has it, with the server as the only one in it."""

    def write(slug: str) -> Path:
        file = tmp_path / f"{slug}.json"
        document = workspace.server.ask("GET", f"/providers/{slug}/openapi.json")
        file.write_text(json.dumps(document), encoding="utf-8")
        return file

    return write


@pytest.fixture(scope="session")
def bundle_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Writes a provider's contract as one document."""
    folder = tmp_path_factory.mktemp("bundles")

    def write(slug: str) -> Path:
        file = folder / f"{slug}.json"
        file.write_text(json.dumps(bundle(load_contract(slug))), encoding="utf-8")
        return file

    return write
