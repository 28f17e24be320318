"""
How the plugin makes each provider's client, and how a case's request is signed. One connection a provider.

Loaded with the first client, not with pytest: it brings `requests`.
"""

import os
from collections.abc import Mapping
from functools import partial
from random import Random
from typing import Any, Protocol

import requests

from flowproof.authentication import send
from flowproof.cases import Send
from flowproof.clients.dots_eco import DotsEco
from flowproof.clients.flow1st import Flow1st
from flowproof.clients.integrations import Integrations
from flowproof.clients.oneflow import OneFlow
from flowproof.clients.otter import Otter
from flowproof.target import Site, Workspace

from .recording import Recorder, RecordingAdapter

__all__ = [
    "dots_eco_client",
    "flow1st_client",
    "integrations_client",
    "oneflow_client",
    "otter_client",
    "recorded_session",
    "sender",
]


class Place(Protocol):
    """A target or a workspace: both know a provider's site, and whether there is a clock to move."""

    def site(self, provider: str) -> Site:
        """A provider there."""


def oneflow_client(recorder: Recorder, place: Place, *, role: str = "default", **settings: Any) -> OneFlow:
    """
    A OneFlow client whose exchanges are recorded.

    Where the place has a clock of its own, the client's waits move that clock on instead of taking time.

    Args:
        recorder: Who is shown the exchanges.
        place: Target or workspace.
        role: Whose credentials it uses.
        settings: `token` and `secret` in place of the role's, and whatever `OneFlow` takes.
    """
    site = place.site("oneflow")
    credentials = site.credentials(role)
    token, secret = settings.pop("token", credentials.key), settings.pop("secret", None) or credentials.secret
    return OneFlow(site.url, token, secret, **_settled(recorder, place, site, settings))


def dots_eco_client(recorder: Recorder, place: Place, *, role: str = "default", **settings: Any) -> DotsEco:
    """
    A Dots.eco client whose exchanges are recorded.

    Where the place has a clock of its own, the client's waits move that clock on instead of taking time.

    Args:
        recorder: Who is shown the exchanges.
        place: Target or workspace.
        role: Whose token it uses.
        settings: `token` in place of the role's, and whatever `DotsEco` takes.
    """
    site = place.site("dots_eco")
    token = settings.pop("token", None) or site.credentials(role).key
    return DotsEco(site.url, token, **_settled(recorder, place, site, settings))


def flow1st_client(recorder: Recorder, place: Place, *, role: str = "default", **settings: Any) -> Flow1st:
    """
    A Flow1st client whose exchanges are recorded.

    Where the place has a clock of its own, that is the client's clock too, and its waits move it on.

    Args:
        recorder: Who is shown the exchanges.
        place: Target or workspace.
        role: `default` for staging, `production`.
        settings: `api_key`, `api_secret` and `signing_key` in place of the role's, and whatever `Flow1st` takes. Beyond
            the mock the signing key is the environment's `FLOWPROOF_FLOW1ST_SIGNING_KEY`, or of another role
            `FLOWPROOF_FLOW1ST_<ROLE>_SIGNING_KEY`.
    """
    site = place.site("flow1st")
    credentials = site.credentials(role)
    named = "FLOWPROOF_FLOW1ST_SIGNING_KEY" if role == "default" else f"FLOWPROOF_FLOW1ST_{role.upper()}_SIGNING_KEY"
    keys = (
        settings.pop("api_key", credentials.key),
        settings.pop("api_secret", None) or credentials.secret,
        settings.pop("signing_key", None) or credentials.values.get("signing_key") or os.environ.get(named, ""),
    )
    return Flow1st(site.url, *keys, **_settled(recorder, place, site, settings, tells_time=True))


def integrations_client(recorder: Recorder, place: Place, *, role: str = "default", **settings: Any) -> Integrations:
    """
    An Integrations client whose exchanges are recorded.

    Where the place has a clock of its own, the client's waits move that clock on instead of taking time.

    Args:
        recorder: Who is shown the exchanges.
        place: Target or workspace.
        role: Whose token it uses: `default` for an API token, `user` for a user token.
        settings: `token` in place of the role's, and whatever `Integrations` takes.
    """
    site = place.site("integrations")
    token = settings.pop("token", None) or site.credentials(role).key
    return Integrations(site.url, token, **_settled(recorder, place, site, settings))


def otter_client(recorder: Recorder, place: Place, *, role: str = "default", **settings: Any) -> Otter:
    """
    An Otter client whose exchanges are recorded.

    Where the place has a clock of its own, that is the client's clock too, and its waits move it on.

    Args:
        recorder: Who is shown the exchanges.
        place: Target or workspace.
        role: Which application it is.
        settings: `client_secret` in place of the role's, and whatever `Otter` takes.
    """
    site = place.site("otter")
    credentials = site.credentials(role)
    settings.setdefault("redirect_uri", credentials.values.get("redirect_uri"))
    secret = settings.pop("client_secret", None) or credentials.secret
    return Otter(site.url, credentials.key, secret, **_settled(recorder, place, site, settings, tells_time=True))


def _settled(
    recorder: Recorder, place: Place, site: Site, settings: Mapping[str, Any], *, tells_time: bool = False
) -> dict[str, Any]:
    """
    The settings of a client, over those that suit the place.

    Args:
        recorder: Who is shown the exchanges.
        place: Target or workspace; the client's waits move its clock on, where it has one.
        site: The provider there.
        settings: Wanted; they go over all others.
        tells_time: Whether that clock is the client's own, too.
    """
    workspace = place if isinstance(place, Workspace) else getattr(place, "workspace", None)
    suited: dict[str, Any] = {"session": recorded_session(recorder, site, is_ours=workspace is not None)}
    if workspace is not None:
        suited |= {"sleep": workspace.clock.advance, "rng": Random(0)}
        suited |= {"now": workspace.clock.now} if tells_time else {}
    return {**suited, **settings}


def recorded_session(recorder: Recorder, site: Site, *, is_ours: bool) -> requests.Session:
    """
    A session whose exchanges with a site are recorded.

    Args:
        recorder: Who is shown them.
        site: Where it leads.
        is_ours: Whether that is a server of our own, which no proxy stands before.
    """
    session = requests.Session()
    session.trust_env = not is_ours
    adapter = RecordingAdapter(recorder, site.provider, site.url)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def sender(recorder: Recorder, site: Site) -> tuple[requests.Session, Send]:
    """A session, to be closed, and what sends a case's requests through it, to a server of our own."""
    session = recorded_session(recorder, site, is_ours=True)
    return session, partial(send, session, site)
