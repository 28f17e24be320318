"""Fixtures that only the suite of the Integrations API needs."""

import itertools
import uuid
from collections.abc import Callable, Iterator

import pytest

from flowproof.clients import NotFound, Refused
from flowproof.clients.integrations import Integration, Integrations
from flowproof.target import Target, Workspace

from .events import Events
from .raw_client import RawClient
from .setup import Platform


@pytest.fixture
def raw(integrations: Integrations, target: Target) -> RawClient:
    """Hand-made requests to the current target."""
    return RawClient(integrations, target.credentials("integrations"))


@pytest.fixture
def connect(integrations: Integrations) -> Iterator[Callable[[Platform], Integration]]:
    """Configures a platform; what is still there at the end is removed, so that a sandbox is left as it was found."""
    made: list[str] = []

    def configure(platform: Platform) -> Integration:
        """The integration."""
        integration = integrations.configure(platform.id, platform.credentials, provider_type=platform.type)
        made.append(integration.guid)
        return integration

    yield configure
    for guid in made:
        try:
            integrations.remove(guid)
        except (NotFound, Refused):
            continue


@pytest.fixture(scope="session")
def new_name() -> Callable[[], str]:
    """Names of workflows that no workflow had before, on a sandbox that remembers too."""
    run, counter = uuid.uuid4().hex[:8], itertools.count(1)
    return lambda: f"FP {run} {next(counter)}"


@pytest.fixture
def events(workspace: Workspace) -> Events:
    """What befalls entities, and what comes of it."""
    return Events(workspace)
