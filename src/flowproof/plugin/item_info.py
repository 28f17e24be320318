"""What a test is about: its providers, its requirements, whether it needs a mock, and the skip where there is none."""

from typing import TYPE_CHECKING, NoReturn

import pytest
from _pytest.outcomes import Skipped

from flowproof.providers import Kits

from .session_state import SessionState

if TYPE_CHECKING:
    from flowproof.cases import Case

__all__ = ["WithoutControl", "case_of", "needs_control", "providers_of", "requirements_of", "skip_without_control"]

CONTROL = frozenset({"flowproof_server", "flowproof_mock_workspace", "flowproof_workspace", "make_workspace"})
"""
Fixtures that there are on a mock only. `workspace` stands on one of them, unless it is a fixture of the project's own.
"""


class WithoutControl(Skipped):
    """The target has no control API, without which a test cannot run."""


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
    case = case_of(item)
    return not CONTROL.isdisjoint(getattr(item, "fixturenames", ())) or (case is not None and not case.anywhere)


def case_of(item: pytest.Item) -> "Case | None":
    """The documented example that a test replays; None where it replays none."""
    found: Case | None = getattr(getattr(item, "callspec", None), "params", {}).get("documented_case")
    return found


def skip_without_control(state: SessionState) -> None:
    """Skip the current test where the session's target, or a provider that the test uses, has no control API."""
    if state.remote.is_named:
        _skip(state.remote.profile, state.item)
    for provider in sorted(providers_of(state.item, state.kits) & set(state.remote.urls)):
        _skip(state.remote.name_of(provider), state.item)


def _skip(target: str, item: pytest.Item | None) -> NoReturn:
    from .purpose import purpose_of  # noqa: PLC0415 (only where a test is skipped)

    case = case_of(item) if item is not None else None
    what = case.needs() if case is not None else purpose_of(item)
    raise WithoutControl(f"the target {target} has no control API: this test {what}")
