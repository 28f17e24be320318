"""A provider from outside this repository: another distribution's entry point is all it needs."""

import sys
from pathlib import Path

import pytest
import requests

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.providers import find_providers


@pytest.fixture
def strange_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The metadata of a distribution that brings the note-keeping provider."""
    folder = tmp_path / "notes_provider-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: notes-provider\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[flowproof.providers]\nnotes = tests.kernel.notes:provider\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return "notes"


def test_strange_provider_is_found_and_served(strange_distribution: str) -> None:
    """
    Found through its entry point, with the contract in its own folder, it is served like any other.
    """
    with Server(build_gateway(find_providers([strange_distribution]), ServerSettings(entropy=1))) as server:
        answer = requests.get(f"{server.url}/notes/notes", timeout=5)

    assert (answer.status_code, answer.json()) == (401, {"oops": "401"})
