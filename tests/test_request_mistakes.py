"""A refused request that is nearly right: log, journal and explanation name the mistake, the answer does not."""

import gzip
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests

from flowproof.target import Workspace
from tests.interop.generators.plans import plan

TIMEOUT_S = 30
BODY = {"name": "Zoë", "quantity": 1}
PROVIDERS = ("dots_eco", "flow1st", "integrations", "oneflow", "otter")
# Where each provider takes a body, with its media type, and how many requests' bodies are signed.
WRITES: Mapping[str, tuple[str, str]] = {
    "dots_eco": ("/api/v1/flow-card/add", "application/json"),
    "flow1st": (
        "/api/distributors/auth/token",
        "application/vnd.carry1st.products.distributorauthentication+json",
    ),
    "integrations": ("/api/workflows/configure", "application/json"),
    "oneflow": ("/api/order/validate", "application/json"),
    "otter": ("/organization/v1/organization/brands/{brand}/stores/{store}/connection", "application/json"),
}


def entry_of(workspace: Workspace, answer: requests.Response) -> Mapping[str, Any]:
    """The journal's entry of an answer."""
    found: Mapping[str, Any] = workspace.server.ask("GET", f"/exchanges/{answer.headers['Flowproof-Exchange']}")
    return found


@pytest.fixture
def write(workspace: Workspace) -> Callable[..., requests.Response]:
    """Sends a body to a provider, with everything else right."""

    def send(provider: str, body: bytes, query: str = "", **headers: str) -> requests.Response:
        made = plan(workspace, provider)
        path, media_type = WRITES[provider]
        if provider == "otter":
            path = path.format(**_store(made))
        sent = {"Content-Type": media_type, **_proof(provider, made, path), **headers}
        url = f"{made['base_url']}{path}{query}"
        return requests.post(url, data=body, headers=sent, timeout=TIMEOUT_S)

    return send


def _proof(provider: str, made: Mapping[str, Any], path: str) -> dict[str, str]:
    if provider == "flow1st":
        pair = requests.auth._basic_auth_str(made["credentials"]["key"], made["credentials"]["secret"])
        return {"Authorization": pair}
    from tests.interop.generators.drivers.signing import proof

    dated = {"x-oneflow-date": made["date"]}
    return {**dated, **proof(provider, made["credentials"], "POST", path, dated, b"")}


def _store(made: Mapping[str, Any]) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {made['credentials']['token']}"}
    brands = f"{made['base_url']}/organization/v1/organization/brands"
    brand = requests.get(f"{brands}?limit=1", headers=headers, timeout=TIMEOUT_S).json()["items"][0]["id"]
    stores = requests.get(f"{brands}/{brand}/stores?limit=1", headers=headers, timeout=TIMEOUT_S)
    return {"brand": brand, "store": stores.json()["items"][0]["id"]}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        (
            gzip.compress(json.dumps(BODY).encode(), mtime=0),
            {"Content-Encoding": "gzip"},
            "compressed with gzip (Content-Encoding: gzip): send it uncompressed",
        ),
        (json.dumps(BODY).encode("utf-16"), {}, "a body in UTF-16: send it as UTF-8"),
        (json.dumps(BODY, ensure_ascii=False).encode("latin-1"), {}, "a body in Latin-1 or Windows-1252"),
        (json.dumps(BODY).encode("utf-8-sig"), {}, "a body that begins with a byte order mark"),
    ],
    ids=["gzip", "UTF-16", "Latin-1", "byte order mark"],
)
def test_body_in_another_encoding_is_called_so(
    workspace: Workspace,
    write: Callable[..., requests.Response],
    caplog: pytest.LogCaptureFixture,
    provider: str,
    body: bytes,
    headers: dict[str, str],
    said: str,
) -> None:
    """Compression and encoding of a body are named by log and journal; the provider answers in its own words."""
    caplog.set_level(logging.INFO, "flowproof.mock")

    answer = write(provider, body, **headers)
    plain = write(provider, b"{")

    (finding,) = entry_of(workspace, answer)["findings"]
    assert (said in finding["got"], any(said in each.getMessage() for each in caplog.records)) == (True, True)
    assert (answer.status_code, said in answer.text) == (plain.status_code, False)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_preflight_is_explained_as_one(workspace: Workspace, provider: str) -> None:
    """A browser's preflight is refused as any other method, and the explanation says what it is and what to do."""
    path = WRITES[provider][0].format(brand="b", store="s")
    asked = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}

    answer = requests.options(f"{workspace.url(provider)}{path}", headers=asked, timeout=TIMEOUT_S)
    other = requests.options(f"{workspace.url(provider)}{path}", timeout=TIMEOUT_S)

    entry = entry_of(workspace, answer)
    assert (answer.status_code, "preflight" in answer.text) == (other.status_code, False)
    assert "a browser's preflight (CORS): it asks whether a page of http://localhost:3000 may send POST" in str(entry)
    assert "OPTIONS, a browser's preflight" in str(entry["findings"])
    assert "preflight" not in str(entry_of(workspace, other))


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_store_id_in_the_query_is_named(
    workspace: Workspace, write: Callable[..., requests.Response], body: bytes
) -> None:
    """Otter's storeId in the query, as its guide's words suggest, is refused; the explanation says where it belongs."""
    headers = {} if body else {"Content-Type": ""}

    answer = write("otter", body, "?storeId=mine", **headers)

    assert answer.status_code in {400, 422}
    assert entry_of(workspace, answer)["explanation"] == (
        "storeId stands in the query; it belongs into the body, which is JSON."
    )


def test_parameters_in_a_body_are_named(workspace: Workspace) -> None:
    """Flow1st's parameters of a validation in a body instead of the query are refused, and the explanation says so."""
    made = plan(workspace, "flow1st")
    headers = {
        "AccessToken": f"Bearer {made['credentials']['token']}",
        "Content-Type": "application/vnd.carry1st.order.distributor+json",
    }
    url = f"{made['base_url']}/api/orders/distributors/user-validation"
    answer = requests.get(url, headers=headers, json={"countryCode": "NG", "amount": "30"}, timeout=TIMEOUT_S)

    assert entry_of(workspace, answer)["explanation"] == (
        "amount stands in the body; it belongs into the query. "
        "countryCode stands in the body; it belongs into the query."
    )
