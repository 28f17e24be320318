"""How a documented example's request is authenticated: each provider's headers, made by that provider's client code."""

import base64
from collections.abc import Callable, Mapping
from types import MappingProxyType

import requests

from flowproof.cases import CaseRequest
from flowproof.clients.flow1st import Flow1st
from flowproof.clients.flow1st import Signer as Flow1stSigner
from flowproof.clients.oneflow import Signer
from flowproof.clients.otter import Otter
from flowproof.target import Site

__all__ = ["SIGNERS", "send"]

TIMEOUT_S = 30.0


def _dots_eco_headers(site: Site, _request: CaseRequest) -> Mapping[str, str]:
    return {"auth-token": site.credentials().key}


def _flow1st_headers(site: Site, request: CaseRequest) -> Mapping[str, str]:
    """Key and secret for a token, else a new token; a body is signed with the timestamp that its case names."""
    credentials = site.credentials()
    if request.path.startswith("/api/distributors/auth/"):
        pair = f"{credentials.key}:{credentials.secret}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    signing_key = credentials.values["signing_key"]
    with requests.Session() as session:
        session.trust_env = False
        token = Flow1st(site.url, credentials.key, credentials.secret, signing_key, session=session).authenticate()
    headers = {"AccessToken": f"Bearer {token.access}"}
    timestamp = request.headers.get("X-TIMESTAMP")
    if request.body is None or timestamp is None:
        return headers
    return {**headers, **Flow1stSigner(signing_key).headers(timestamp, request.body)}


def _integrations_headers(site: Site, _request: CaseRequest) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {site.credentials().key}"}


def _oneflow_headers(site: Site, request: CaseRequest) -> Mapping[str, str]:
    credentials = site.credentials()
    return Signer(credentials.key, credentials.secret).headers(request.method, request.path, "2017-04-08 13:41:19")


def _otter_headers(site: Site, _request: CaseRequest) -> Mapping[str, str]:
    """A token of the first user with every scope of onboarding; on a mock, whoever is no browser is allowed at once."""
    credentials = site.credentials()
    with requests.Session() as session:
        session.trust_env = False
        otter = Otter(
            site.url,
            credentials.key,
            credentials.secret,
            redirect_uri=credentials.values["redirect_uri"],
            session=session,
        )
        asked = otter.authorization()
        callback = session.get(asked.url, allow_redirects=False, timeout=TIMEOUT_S).headers["Location"]
        return {"Authorization": f"Bearer {otter.exchange(asked, callback).access_token}"}


SIGNERS: Mapping[str, Callable[[Site, CaseRequest], Mapping[str, str]]] = MappingProxyType(
    {
        "dots_eco": _dots_eco_headers,
        "flow1st": _flow1st_headers,
        "integrations": _integrations_headers,
        "oneflow": _oneflow_headers,
        "otter": _otter_headers,
    }
)
"""The headers that authenticate a case's request, by provider."""


def send(session: requests.Session, site: Site, request: CaseRequest) -> requests.Response:
    """Send a case's request, signed where the case says so; the case's own headers go over all others."""
    headers = dict(SIGNERS[site.provider](site, request)) if request.is_signed else {}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    return session.request(
        request.method,
        site.url + request.path,
        params=dict(request.query),
        headers=headers | dict(request.headers),
        data=request.body,
        timeout=TIMEOUT_S,
        allow_redirects=False,
    )
