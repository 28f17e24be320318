"""
Makes the providers' clients and sends the requests of cases, so that every exchange is recorded.

Loaded with the first client, not with pytest: it brings `requests`.
"""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import requests

from flowproof.cases import CaseRequest, send
from flowproof.kit import Client, ProviderKit
from flowproof.target import Site, Target, Workspace

from .recording import Recorder, RecordingAdapter

__all__ = ["case_sender", "connect"]


def connect(recorder: Recorder, kit: ProviderKit, place: Target | Workspace, **settings: Any) -> Client:
    """
    A provider's client whose exchanges are recorded.

    On a mock, the client's waits move the workspace's clock on instead of taking time.

    Args:
        recorder: Records the exchanges.
        kit: Of the provider.
        place: Where the provider is.
        settings: `role`, and what else the kit's client takes; they go over the defaults.
    """
    site = place.site(kit.slug)
    workspace = place if isinstance(place, Workspace) else place.workspace
    defaults: dict[str, Any] = {"session": _recorded_session(recorder, site, is_ours=workspace is not None)}
    if workspace is not None:
        defaults |= {"sleep": workspace.clock.advance, "rng": Random(0)}
        defaults |= {"now": workspace.clock.now} if kit.takes_now else {}
    return kit.make_client(site, **{**defaults, **settings})


def case_sender(
    recorder: Recorder, kit: ProviderKit, target: Target
) -> tuple[requests.Session, Callable[[CaseRequest], requests.Response]]:
    """A session, to be closed by the caller, and what sends a case's requests to a target through it."""
    site = target.site(kit.slug)
    session = _recorded_session(recorder, site, is_ours=target.workspace is not None)
    return session, partial(send, session, site.url, sign=partial(kit.headers, site))


def _recorded_session(recorder: Recorder, site: Site, *, is_ours: bool) -> requests.Session:
    """
    A session whose exchanges with a site are recorded.

    Args:
        recorder: Records them.
        site: Where it leads.
        is_ours: Whether that is a server of our own, which no proxy stands before.
    """
    session = requests.Session()
    session.trust_env = not is_ours
    adapter = RecordingAdapter(recorder, site.provider, site.url)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session
