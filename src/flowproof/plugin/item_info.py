"""What a test is about: its providers, its requirements, whether it needs a mock, and the skip where there is none."""

import types
from typing import NoReturn

import pytest

from flowproof.providers import Kits

from .session_state import SessionState

__all__ = ["needs_control", "providers_of", "requirements_of", "skip_without_control"]

CONTROL = frozenset(
    {"flowproof_server", "flowproof_mock_workspace", "flowproof_workspace", "make_workspace", "replay_case"}
)
"""
Fixtures that there are on a mock only. `workspace` stands on one of them, unless it is a fixture of the project's own.
"""

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


def providers_of(item: pytest.Item | None, kits: Kits) -> set[str]:
    """The providers that a test uses: that of the suite in which it stands, and those whose clients it asks for."""
    if item is None:
        return set()
    fixtures = set(getattr(item, "fixturenames", ()))
    by_fixture = {each for each in kits.names if each in fixtures or f"make_{each}" in fixtures}
    own = kits.of_folder(item.path.parent)
    return by_fixture | ({own} if own is not None else set())


def requirements_of(item: pytest.Item) -> tuple[str, ...]:
    return tuple(str(each) for mark in item.iter_markers("requirement") for each in mark.args)


def needs_control(item: pytest.Item) -> bool:
    """Whether a test can only run where there is a control API."""
    return not CONTROL.isdisjoint(getattr(item, "fixturenames", ()))


def skip_without_control(state: SessionState) -> None:
    """Skip the current test where the session's target, or a provider that the test uses, has no control API."""
    if state.remote.is_named:
        _skip(state.remote.profile, state.item)
    for provider in sorted(providers_of(state.item, state.kits) & set(state.remote.urls)):
        _skip(state.remote.name_of(provider), state.item)


def _skip(target: str, item: pytest.Item | None) -> NoReturn:
    pytest.skip(f"the target {target} has no control API: this test {_purpose(item)}")


def _purpose(item: pytest.Item | None) -> str:
    if "replay_case" in getattr(item, "fixturenames", ()):
        return PURPOSES["clock"]
    code = getattr(getattr(item, "function", None), "__code__", None)
    names = code.co_names if code else ()
    return next((PURPOSES[each] for each in PURPOSES if each in names), "needs a workspace of its own")
