"""Fixtures that only the suite of the Integrations API needs."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from flowproof.clients import NotFound, Refused
from flowproof.clients.integrations import Integration, Integrations
from flowproof.edge_cases import repeat_refusals
from flowproof.target import Target, Workspace

from .access import undo
from .events import Events
from .raw_client import RawClient
from .setup import Platform


@pytest.fixture(autouse=True)
def refused_each_time(request: pytest.FixtureRequest) -> None:
    """What is refused in a test is refused the second time, too; properties, which refuse much, are left out."""
    if "integrations" in request.fixturenames and not getattr(request.function, "is_hypothesis_test", False):
        integrations: Integrations = request.getfixturevalue("integrations")
        repeat_refusals(integrations.session)


@pytest.fixture
def raw(integrations: Integrations, target: Target) -> RawClient:
    """Hand-made requests to the current target."""
    return RawClient(integrations, target.credentials("integrations"))


@pytest.fixture
def connect(
    integrations: Integrations, need_platform: Callable[[Platform], None]
) -> Iterator[Callable[[Platform], Integration]]:
    """Configures a platform, or skips the test if the account lacks it; what is there at the end is undone."""
    made: list[str] = []

    def configure(platform: Platform) -> Integration:
        """The integration."""
        need_platform(platform)
        integration = integrations.configure(platform.id, platform.credentials, provider_type=platform.type)
        made.append(integration.guid)
        return integration

    yield configure
    for guid in made:
        with suppress(NotFound, Refused):
            undo(integrations, guid)


@pytest.fixture(scope="session")
def found_platforms() -> dict[str, bool]:
    """Which platforms a sandbox account turned out to have, by id."""
    return {}


@pytest.fixture
def need_platform(
    integrations: Integrations, target: Target, found_platforms: dict[str, bool]
) -> Callable[[Platform], None]:
    """
    Skips the test if the account lacks a platform, which a sandbox account may: `need_platform(EXAMPLE)`.

    No operation lists platforms, so the platform is configured once and undone. A mock has every platform of the seed.
    """

    def need(platform: Platform) -> None:
        if target.workspace is None and platform.id not in found_platforms:
            try:
                made = integrations.configure(platform.id, platform.credentials, provider_type=platform.type)
            except NotFound:
                found_platforms[platform.id] = False
            except Refused:  # (a conflict, or other credentials: the test itself is to judge that)
                found_platforms[platform.id] = True
            else:
                found_platforms[platform.id] = True
                undo(integrations, made.guid)
        if not found_platforms.get(platform.id, True):
            pytest.skip(f"the account has no platform {platform.id!r} of the type {platform.type!r}")

    return need


@pytest.fixture(scope="session")
def new_name() -> Callable[[], str]:
    """Names of workflows that no workflow had before, on a sandbox that remembers too."""
    run, counter = uuid.uuid4().hex[:8], itertools.count(1)
    return lambda: f"FP {run} {next(counter)}"


@pytest.fixture
def events(workspace: Workspace) -> Events:
    """What befalls entities, and what comes of it."""
    return Events(workspace)
