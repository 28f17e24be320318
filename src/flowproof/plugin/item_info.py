"""Which providers a test uses, which of those are elsewhere than on the mock, and the skip that follows from it."""

import types
from typing import NoReturn

import pytest

from .places import CLIENTS
from .session_state import SessionState

__all__ = ["needs_control", "provider_of_folder", "providers_of", "requirements_of", "skip_elsewhere"]

CONTROL = frozenset({"flowproof_server", "make_workspace", "mock_workspace", "replay_case", "workspace"})
"""Fixtures that there are on a mock only."""

PURPOSES = types.MappingProxyType(
    {
        "faults": "makes things go wrong on purpose",
        "webhooks": "looks at webhooks",
        "replace_seed": "changes the account set-up",
        "control": "uses the provider's own part of the control API",
        "snapshot": "takes a snapshot",
        "journal": "reads the journal",
        "clock": "sets the clock",
    }
)
"""What a test does with its workspace, by the part of the handle that its code names."""


def providers_of(item: pytest.Item | None) -> set[str]:
    """The providers that a test uses: that of its folder, where it is one, and those whose clients it asks for."""
    asked = set(getattr(item, "fixturenames", ()))
    by_fixture = {each for each in CLIENTS if each in asked or f"make_{each}" in asked}
    return by_fixture | ({provider_of_folder(item)} & set(CLIENTS) if item else set())


def provider_of_folder(node: pytest.Item) -> str:
    """The name of the folder that a test stands in: in a suite, the provider's slug."""
    return node.path.parent.name


def requirements_of(item: pytest.Item) -> tuple[str, ...]:
    """The requirements that a test is marked with."""
    return tuple(str(each) for mark in item.iter_markers("requirement") for each in mark.args)


def needs_control(item: pytest.Item) -> bool:
    """Whether a test can only run where there is a control API."""
    return not CONTROL.isdisjoint(getattr(item, "fixturenames", ()))


def skip_elsewhere(state: SessionState) -> None:
    """Skip the current test where a provider that it uses cannot be controlled."""
    urls = state.places.urls
    for provider in sorted(providers_of(state.item) & set(urls)):
        _skip(state.places.named(provider), state.item)


def _skip(target: str, item: pytest.Item | None) -> NoReturn:
    pytest.skip(f"the target {target} has no control API: this test {_purpose(item)}")


def _purpose(item: pytest.Item | None) -> str:
    if "replay_case" in getattr(item, "fixturenames", ()):
        return PURPOSES["clock"]
    code = getattr(getattr(item, "function", None), "__code__", None)
    names = code.co_names if code else ()
    return next((PURPOSES[each] for each in PURPOSES if each in names), "needs a workspace of its own")
