"""The installed packages are the pinned ones, from any registry; a missing Node fails in CI only."""

import json
from typing import Any

import pytest

from tests.interop import programs
from tests.interop.sdk import Sdk


def test_the_lockfile_names_no_registry() -> None:
    """
    The lockfile has every package's checksum and no address, so that it works with any registry.
    """
    packages = {name: each for name, each in _read("package-lock.json")["packages"].items() if name}

    assert [name for name, each in packages.items() if not each["integrity"].startswith("sha512-")] == []
    assert [name for name, each in packages.items() if "resolved" in each] == []


def test_the_pinned_sdk_is_what_runs(sdk: Sdk) -> None:
    """
    The version that answers in Node is the one that package.json pins, to the patch.
    """
    session = sdk.session()

    assert _read("package.json")["dependencies"]["oneflow-sdk-js"] == session.sdk == "2.2.0"


def test_a_missing_program_skips_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Outside CI a missing program is a reason to skip, and the reason names it.
    """
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="not on the PATH: no-such-node"):
        programs.require("no-such-node", always_in_ci=True)


def test_a_missing_program_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    In CI a missing Node is a failure, not a skip.
    """
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="not on the PATH: no-such-node"):
        programs.require("no-such-node", always_in_ci=True)


def _read(name: str) -> Any:
    return json.loads((programs.HERE / name).read_text(encoding="utf-8"))
