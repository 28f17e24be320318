"""
What a suite runs against, as values: a provider's address and credentials, and the handle of the mock's workspace.

Knows the control API from the outside only, over HTTP: neither the kernel nor pytest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flowproof.expectation import Call, NotAsExpected

from .client import ControlClient
from .clock import TargetClock, answered_at
from .control import ControlRefused
from .holdings import AccountCheck
from .site import (
    ControlMissing,
    Credentials,
    PreconditionMissing,
    Site,
    environment_of,
    site_from_environment,
    site_from_json,
)
from .webhooks import NotIdle, Webhooks
from .workspace import Clock, Faults, Journal, Workspace

__all__ = [
    "AccountCheck",
    "Call",
    "Clock",
    "ControlClient",
    "ControlMissing",
    "ControlRefused",
    "Credentials",
    "Faults",
    "Journal",
    "NotAsExpected",
    "NotIdle",
    "PreconditionMissing",
    "Site",
    "Target",
    "TargetClock",
    "Webhooks",
    "Workspace",
    "answered_at",
    "environment_of",
    "site_from_environment",
    "site_from_json",
]


@dataclass(frozen=True, slots=True)
class Target:
    """
    What a suite runs against.

    Args:
        name: For people: `mock`, or a base URL.
        sites: Each provider as a client reaches it.
        workspace: The handle that controls it, or None where nothing does.
    """

    name: str
    sites: Mapping[str, Site]
    workspace: Workspace | None = None

    def site(self, provider: str) -> Site:
        """
        A provider on this target.

        Raises:
            PreconditionMissing: The target does not have it.
        """
        if provider not in self.sites:
            raise PreconditionMissing(self.name, f"has no {provider}")
        return self.sites[provider]

    def url(self, provider: str) -> str:
        return self.site(provider).url

    def credentials(self, provider: str, role: str = "default") -> Credentials:
        """
        Credentials for a provider.

        Raises:
            PreconditionMissing: The target has none for that role.
        """
        return self.site(provider).credentials(role)

    def controlled(self, purpose: str) -> Workspace:
        """
        The workspace behind this target.

        Args:
            purpose: What it is needed for, such as "this test sets the clock".

        Raises:
            ControlMissing: The target cannot be controlled.
        """
        if self.workspace is None:
            raise ControlMissing(self.name, f"has no control API: {purpose}")
        return self.workspace
