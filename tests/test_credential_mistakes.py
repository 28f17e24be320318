"""A refused credential that is nearly right: the explanation names the mistake, and shows no secret."""

import base64
import hmac
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from flowproof.target import Workspace
from tests.interop.generators.plans import plan

DATE = "2024-09-13T12:00:00Z"
TIMEOUT_S = 30
READS = {
    "dots_eco": "/api/v1/flow-card/list/1-f2b086b3",
    "flow1st": "/api/distributors/products",
    "integrations": "/api/workflows/triggers/Order",
    "otter": "/organization/v1/organization",
}
CATALOG = "application/vnd.carry1st.products.distributorproduct+json"
ORDER = "application/vnd.carry1st.order.distributor+json"
AUTHENTICATION = "application/vnd.carry1st.products.distributorauthentication+json"


def refused(workspace: Workspace, method: str, url: str, status: int = 401, **arguments: Any) -> Mapping[str, Any]:
    """The journal's entry of a request that is refused with that status."""
    answer = requests.request(method, url, timeout=TIMEOUT_S, **arguments)
    entry: Mapping[str, Any] = workspace.server.ask("GET", f"/exchanges/{answer.headers['Flowproof-Exchange']}")
    assert (answer.status_code, entry["response"]["status"], entry["workspace"]) == (status, status, workspace.id)
    return entry


@pytest.mark.parametrize(
    ("provider", "header", "form", "status"),
    [
        ("dots_eco", "auth-token", "Bearer TOKEN", 403),
        ("dots_eco", "auth-token", '"TOKEN"', 403),
        ("dots_eco", "Authorization", "Bearer TOKEN", 403),
        ("flow1st", "AccessToken", "TOKEN", 401),
        ("flow1st", "AccessToken", "bearer TOKEN", 401),
        ("flow1st", "AccessToken", "Bearer Bearer TOKEN", 401),
        ("integrations", "Authorization", "TOKEN", 401),
        ("integrations", "Authorization", "Token TOKEN", 401),
        ("integrations", "Authorization", "Bearer <TOKEN>", 401),
        ("otter", "Authorization", "TOKEN", 401),
        ("otter", "Authorization", "Bearer Bearer TOKEN", 401),
    ],
)
def test_known_token_in_another_form_is_named(
    workspace: Workspace, provider: str, header: str, form: str, status: int
) -> None:
    """A known token in another form or header is refused in its own workspace, whose journal says so."""
    credentials = plan(workspace, provider)["credentials"]
    token = credentials.get("token", credentials["key"])
    headers = {header: form.replace("TOKEN", token), "Content-Type": CATALOG}
    url = workspace.url(provider).replace(f"/w/{workspace.id}", "") + READS[provider]

    entry = refused(workspace, "GET", url, status, headers=headers)

    assert entry["explanation"].startswith("The token is known, but it is not read: it is presented as ")
    assert (form in entry["explanation"], token in str(entry)) == (True, False)


@pytest.mark.parametrize("form", ["Bearer TOKEN", "TOKEN ", '"TOKEN"', "<TOKEN>"])
def test_oneflow_names_what_stands_around_the_token(workspace: Workspace, form: str) -> None:
    """OneFlow's token with something around it is unknown, as at the provider, and the explanation says what it is."""
    key, secret = account(workspace)
    signature = sign(secret, "GET /api/order")
    headers = {"x-oneflow-authorization": f"{form.replace('TOKEN', key)}:{signature}", "x-oneflow-date": DATE}

    entry = refused(workspace, "GET", f"{workspace.url('oneflow')}/api/order", headers=headers)

    assert entry["requirement"] == "oneflow.auth.token"
    assert f"token_form: the token is presented as {form!r}" in entry["explanation"]
    assert "The signature itself is right; the token beside it is not read." in entry["explanation"]


@pytest.mark.parametrize(
    ("sent", "mistake"),
    [
        ("2024-09-13T13:00:00Z", "timestamp_zone: the signed timestamp is 1 h earlier than the one that is sent"),
        ("2024-09-13T12:00:01Z", "timestamp_moment: the signed timestamp is 1 s earlier than the one that is sent"),
        ("1726228800", "timestamp_format: the timestamp is signed as ISO 8601 with Z"),
    ],
)
def test_oneflow_date_that_is_not_the_signed_one_is_named(workspace: Workspace, sent: str, mistake: str) -> None:
    """A date header that is an hour or a second off what was signed, or in another format, is explained."""
    key, secret = account(workspace)
    headers = {"x-oneflow-authorization": f"{key}:{sign(secret, 'GET /api/order')}", "x-oneflow-date": sent}

    entry = refused(workspace, "GET", f"{workspace.url('oneflow')}/api/order", headers=headers)

    assert mistake in entry["explanation"]


@pytest.mark.parametrize(
    ("environment", "part", "named"),
    [
        ("staging", "secret", "the API secret of staging"),
        ("staging", "webhook_token", "the token of webhooks of staging"),
        ("production", "signing_key", "the signing key of production"),
        ("production", "secret", "the API secret of production"),
    ],
)
def test_flow1st_order_signed_with_another_secret_is_named(
    workspace: Workspace, environment: str, part: str, named: str
) -> None:
    """An order that was signed with another of the partner's secrets is refused, and the explanation names which."""
    made, credentials = plan(workspace, "flow1st"), keys(workspace)
    body, wrong = b'{"quantity": 1}', credentials[environment][part]
    headers = {
        "AccessToken": f"Bearer {made['credentials']['token']}",
        "Content-Type": ORDER,
        "X-TIMESTAMP": DATE,
        "X-SIGNATURE": hmac.new(wrong.encode(), DATE.encode() + body, "sha256").hexdigest(),
    }
    url = f"{made['base_url']}/api/orders/distributors/order-complete"

    entry = refused(workspace, "POST", url, 400, headers=headers, data=body)

    assert f"key_other: the key is {named}" in entry["explanation"]
    assert wrong not in str(entry)


def test_flow1st_secret_of_another_kind_is_named(workspace: Workspace) -> None:
    """The signing key in the place of the API secret, and another environment's secret, are named at the token."""
    credentials = keys(workspace)
    url = f"{workspace.url('flow1st')}/api/distributors/auth/token"
    explanations = []
    for wrong in (credentials["staging"]["signing_key"], credentials["production"]["secret"]):
        pair = base64.b64encode(f"{credentials['staging']['key']}:{wrong}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}", "Content-Type": AUTHENTICATION}
        explanations.append(refused(workspace, "POST", url, headers=headers, data="{}")["explanation"])

    assert explanations == [
        "What was presented is the signing key of staging.",
        "What was presented is the API secret of production.",
    ]


def account(workspace: Workspace) -> tuple[str, str]:
    """Token and secret of OneFlow's default account."""
    found = workspace.credentials("oneflow")
    return found.key, found.secret


def keys(workspace: Workspace) -> dict[str, Mapping[str, str]]:
    """Flow1st's API keys by environment."""
    found = workspace.control("GET", "")["providers"]["flow1st"]["credentials"].values()
    return {each["environment"]: each for each in found if "signing_key" in each}


def sign(secret: str, method_and_path: str) -> str:
    """OneFlow's signature, by this test's own hand."""
    return hmac.new(secret.encode(), f"{method_and_path} {DATE}".encode(), "sha1").hexdigest()
