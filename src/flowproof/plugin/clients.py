"""
The client fixtures, two for each installed kit: `X` and `make_X`, where X is the provider's slug.

A kit is loaded when a test asks for its client, or when somebody lists the fixtures.
"""

import inspect
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, closing
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from flowproof.errors import ConfigurationError

from .session_state import SessionState, state_of

if TYPE_CHECKING:
    from flowproof.kit import Client
    from flowproof.target import Target, Workspace

__all__ = ["client_fixtures"]


def client_fixtures(state: SessionState, *, taken: Collection[str], described: bool) -> ModuleType:
    """
    A plugin with the client fixtures of every kit.

    Args:
        state: The session's memory.
        taken: Names of other fixtures; a provider of that name gets none.
        described: Whether the docstrings say what each client takes, for which the kits have to be loaded.
    """
    plugin = ModuleType(__name__, __doc__)
    for slug in (each for each in state.kits.names if each not in taken):
        title, settings = _description(state, slug) if described else (slug, "")
        setattr(plugin, slug, _client_fixture(slug, title))
        setattr(plugin, f"make_{slug}", _factory_fixture(slug, title, settings))
    return plugin


def _client_fixture(slug: str, title: str) -> object:
    def client(request: pytest.FixtureRequest, flowproof_target: "Target") -> "Iterator[Client]":
        with closing(request.getfixturevalue(f"make_{slug}")(flowproof_target)) as made:
            yield made

    client.__doc__ = (
        f"{title}: the real client on the current target; on a mock its waits move the workspace's clock on."
    )
    return pytest.fixture(name=slug)(client)


def _factory_fixture(slug: str, title: str, settings: str) -> object:
    def make_client(pytestconfig: pytest.Config) -> "Iterator[Callable[..., Client]]":
        state = state_of(pytestconfig)
        yield from _factory(state, slug)

    make_client.__doc__ = (
        f"{title}: makes clients for a target or a workspace, `make_{slug}(workspace, role=…)`.\n"
        f"{settings}\nTheir exchanges are checked against the contract. They are closed at the session's end."
    )
    return pytest.fixture(name=f"make_{slug}", scope="session")(make_client)


def _factory(state: SessionState, slug: str) -> "Iterator[Callable[..., Client]]":
    from .connections import connect  # noqa: PLC0415 (brings requests: only where a client is made)

    recorder, kit = state.recording(), state.kits.find(slug)
    with ExitStack() as stack:

        def make(place: "Target | Workspace", **settings: Any) -> "Client":
            return stack.enter_context(closing(connect(recorder, kit, place, **settings)))

        yield make


def _description(state: SessionState, slug: str) -> tuple[str, str]:
    """A provider's title, and what its client takes; the slug and why not where the kit cannot be loaded."""
    try:
        kit = state.kits.find(slug)
        return kit.title.partition(":")[0], inspect.getdoc(kit.load(kit.client)) or ""
    except ConfigurationError as error:
        return slug, str(error)
