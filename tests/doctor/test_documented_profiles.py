"""Every profile that the documents show is one that the doctor lets through."""

import re
import socket
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from click.testing import CliRunner

from flowproof.cli import main
from flowproof.target import Workspace
from tests import tree
from tests.markdown import blocks

FAR = "2999-12-31"
HOST = re.compile(r'(?m)^url = "https://[^/"]+')
TUNNEL = re.compile(r'(?m)^webhook_url = "https://[^/"]+(.*)"$')


def profiles() -> Iterator[tuple[str, str]]:
    """Each profile of the documents, with where it stands; that of the distribution to be made has a test there."""
    for document in tree.files("*.md"):
        if "/templates/" in tree.name(document):
            continue
        for block in blocks(document.read_text(encoding="utf-8")):
            with suppress(tomllib.TOMLDecodeError):
                if block.language == "toml" and "name" in tomllib.loads(block.text):
                    yield f"{tree.name(document)}:{block.line}", block.text


PROFILES = dict(profiles())


def test_documents_have_profiles() -> None:
    """The documents on sandboxes and on certification show one each."""
    assert {each.partition(":")[0] for each in PROFILES} >= {"docs/sandbox.md", "docs/certify.md"}


@pytest.mark.parametrize("text", PROFILES.values(), ids=PROFILES)
def test_documented_profile_can_run(
    tmp_path_factory: pytest.TempPathFactory, workspace: Workspace, free_port: int, text: str
) -> None:
    """With a mock in the place of the example's host, the doctor finds nothing wrong with the profile."""
    tables = tomllib.loads(text)
    (provider,) = (slug for slug, table in tables.items() if isinstance(table, dict))
    here = HOST.sub(lambda _: f'url = "{workspace.url(provider)}', text)
    here = TUNNEL.sub(rf'webhook_url = "http://127.0.0.1:{free_port}\1"', here)
    here = re.sub(r"(?m)^webhook_port = \d+$", f"webhook_port = {free_port}", here)
    here = re.sub(r"(?m)^expires = .*$", f"expires = {FAR}", here)
    file = tmp_path_factory.mktemp("profile") / "sandbox.toml"
    file.write_text(here, encoding="utf-8")
    result = CliRunner(env=variables(workspace, provider, tables[provider])).invoke(
        main, ["doctor", "--target", str(file)]
    )

    assert (result.exit_code, "A run can start." in result.output) == (0, True), result.output


def variables(workspace: Workspace, provider: str, table: Mapping[str, Any]) -> dict[str, str]:
    """The environment variables that a profile names, with the mock's credentials."""
    found: dict[str, str] = {}
    for role, parts in table["credentials"].items():
        keys = workspace.credentials(provider, role)
        known = {"key": keys.key, **keys.values}
        found |= {value.removeprefix("$"): str(known[name]) for name, value in parts.items() if value.startswith("$")}
    return found


@pytest.fixture
def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
