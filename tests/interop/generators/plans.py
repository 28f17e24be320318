"""What a driver does at a provider, as data: where, as whom, and what it sends. The documented examples are sent."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from flowproof.conformance import load_contract
from flowproof.target import Workspace

__all__ = ["DATE", "plan"]

DATE = "2024-09-13T12:00:00Z"
TIMEOUT_S = 30
APP_TOKEN = "1-f2b086b3"
SCOPE = "organization.read organization.service_integration"
VENDOR = "application/vnd.carry1st.products.distributorauthentication+json"


def plan(workspace: Workspace, provider: str) -> dict[str, Any]:
    """
    The plan of a provider, on the documents' day.

    The workspace's clock is two seconds further with each exchange: OneFlow judges an order a second after it came.
    """
    workspace.control("PUT", "clock", {"mode": "stepped", "now": DATE, "step_s": 2})
    base_url = workspace.url(provider)
    credentials = workspace.control("GET", "")["providers"][provider]["credentials"]["default"]
    if provider == "flow1st":
        credentials = {**credentials, "token": _flow1st_token(base_url, credentials)}
    if provider == "otter":
        workspace.control("PUT", "otter/consent", {"consent": "approve"})
        credentials = {**credentials, "token": _otter_token(base_url, credentials)}
    found = {"provider": provider, "base_url": base_url, "credentials": credentials, "body": _body(provider)}
    return {**found, "date": DATE, "app_token": APP_TOKEN}


def _body(provider: str) -> Any:
    document = load_contract(provider).document
    if provider == "oneflow":
        return document["components"]["examples"]["fullOrder"]["value"]
    path, media_type = {
        "dots_eco": ("/api/v1/flow-card/add", "application/json"),
        "flow1st": ("/api/orders/distributors/order-complete", "application/vnd.carry1st.order.distributor+json"),
        "integrations": ("/api/workflows/configure", "application/json"),
        "otter": ("/organization/v1/organization/brands/{brandId}/stores/{storeId}/connection", "application/json"),
    }[provider]
    return document["paths"][path]["post"]["requestBody"]["content"][media_type]["example"]


def _flow1st_token(base_url: str, credentials: Mapping[str, str]) -> str:
    pair = b64encode(f"{credentials['key']}:{credentials['secret']}".encode()).decode()
    headers = {"authorization": f"Basic {pair}", "content-type": VENDOR}
    url = f"{base_url}/api/distributors/auth/token"
    answer = requests.post(url, headers=headers, data='{"role": "API_USER"}', timeout=TIMEOUT_S)
    return str(answer.json()["accessToken"])


def _otter_token(base_url: str, credentials: Mapping[str, str]) -> str:
    """A user's token, by the authorization code flow."""
    client = {"client_id": credentials["key"], "redirect_uri": credentials["redirect_uri"], "scope": SCOPE}
    query = {**client, "response_type": "code", "state": "here"}
    permitted = requests.get(
        f"{base_url}/v1/auth/oauth2/authorize", params=query, allow_redirects=False, timeout=TIMEOUT_S
    )
    code = parse_qs(urlsplit(permitted.headers["location"]).query)["code"][0]
    form = {**client, "client_secret": credentials["secret"], "grant_type": "authorization_code", "code": code}
    return str(requests.post(f"{base_url}/v1/auth/token", data=form, timeout=TIMEOUT_S).json()["access_token"])
