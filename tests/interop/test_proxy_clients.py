"""
Clients that are not ours, unchanged, through the proxy: curl, requests-oauthlib and OneFlow's own SDK.

They talk to a sandbox, as which another server of ours poses, and to a server of Node, whose answers say what it saw.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests_oauthlib import OAuth2Session

from flowproof.proxy import ProxyServer, Upstream
from tests.interop import programs
from tests.interop.orders import make_order
from tests.interop.sdk import Sdk
from tests.proxy.observers import Spy
from tests.proxy.sandboxes import observed

MEGABYTE = 1 << 20
SCOPE = ["organization.read", "organization.service_integration"]
CURL = ("curl", "--silent", "--show-error", "--include", "--max-time", "60", "--noproxy", "*", "--path-as-is")
REQUESTS = {
    "get": ["/a%20b/../c?x=1&x=2&y=%C3%A9"],
    "head": ["--head", "/head"],
    "unusual method and headers": ["--request", "PURGE", "-H", "x-LOUD: A;B", "-H", "x-loud: c", "-H", "X-Empty;", "/"],
    "status of its own": ["/teapot"],
    "body": ["--data-binary", "@text", "/post"],
    "body in chunks": ["-H", "Transfer-Encoding: chunked", "--data-binary", "@megabyte", "/post"],
    "body after 100 Continue": ["-H", "Expect: 100-continue", "--data-binary", "@megabyte", "/post"],
    "upload": ["--upload-file", "megabyte", "/put"],
    "answer in chunks": ["/chunks"],
    "answer with gzip": ["-H", "Accept-Encoding: gzip", "--output", "-", "/gzip"],
    "long answer": ["/long"],
    "two on one connection": ["/first", "/long/second"],
}


@pytest.fixture(scope="module")
def mirror() -> Iterator[str]:
    """URL of Node's server."""
    programs.require("node", "curl", always_in_ci=True)
    process = subprocess.Popen(
        ["node", str(programs.HERE / "mirror.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.stdin.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with bodies to send: a short text, and a megabyte of every byte."""
    folder = tmp_path_factory.mktemp("bodies")
    (folder / "text").write_bytes("zweiundvierzig é\r\n\n".encode())
    (folder / "megabyte").write_bytes(bytes(range(256)) * (MEGABYTE // 256))
    return folder


def curl(url: str, arguments: list[str], folder: Path) -> bytes:
    """What curl shows of the answers: heads and bodies."""
    command = [*CURL, *(f"{url}{each}" if each.startswith("/") else each for each in arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.mark.parametrize("name", REQUESTS)
def test_curl_and_node_see_through_the_proxy_what_they_see_without_it(name: str, mirror: str, files: Path) -> None:
    """Node sees the same request, and curl the same bytes of the answer, with the proxy between them and without."""
    direct = curl(mirror, REQUESTS[name], files)
    with ProxyServer(Upstream.from_url(mirror), Spy()) as proxy:
        through = curl(proxy.url, REQUESTS[name], files)

    assert through == direct
    assert b"X-oDD-cASE: yes" in direct


def test_curl_of_http_1_0_gets_the_same_body(mirror: str, files: Path) -> None:
    """A client of HTTP/1.0 gets a body without chunks, which ends with the connection."""
    with ProxyServer(Upstream.from_url(mirror), Spy()) as proxy:
        answer = curl(proxy.url, ["--http1.0", "/chunks"], files)
    head, _, body = answer.partition(b"\r\n\r\n")

    assert b"transfer-encoding" not in head.lower()
    assert json.loads(body)["url"] == "/chunks"


def test_curl_is_told_that_the_provider_broke_off(files: Path) -> None:
    """Where nobody listens at the provider's, curl says that its connection was reset, which it would not without."""
    with ProxyServer(Upstream("http", "127.0.0.1", 9, ""), Spy()) as proxy:
        done = subprocess.run([*CURL, proxy.url], cwd=files, capture_output=True, timeout=120, check=False)

    assert done.returncode in {52, 56}, done.stderr  # an empty answer, or a failure to receive


def test_requests_oauthlib_onboards_a_store_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """requests-oauthlib gets permission with PKCE, a token, and connects a store; nothing differs from the contract."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # (else it sends no secret over http, even on loopback)
    with observed("otter") as there:
        keys, base = there.site.credentials(), there.site.url
        redirect = str(keys.values["redirect_uri"])
        with OAuth2Session(keys.key, redirect_uri=redirect, scope=SCOPE, pkce="S256") as session:
            session.trust_env = False
            url, state = session.authorization_url(f"{base}/v1/auth/oauth2/authorize")
            back = requests.get(url, allow_redirects=False, timeout=30).headers["location"]
            token = session.fetch_token(
                f"{base}/v1/auth/token",
                authorization_response=back,
                client_secret=keys.secret,
                include_client_id=True,
                scope=" ".join(SCOPE),
            )
            below = f"{base}/organization/v1/organization"
            brand = session.get(f"{below}/brands", params={"limit": 5}).json()["items"][0]["id"]
            stores = f"{below}/brands/{brand}/stores"
            store = session.get(stores, params={"limit": 5}).json()["items"][0]["id"]
            connected = session.post(f"{stores}/{store}/connection", json={"storeId": "kitchen-42"})
        entries = there.journal()

    assert state in back
    assert (sorted(token["scope"]), connected.status_code) == (sorted(SCOPE), 204)
    assert [each["operation"] for each in entries] == [
        "oauth2Authorize",
        "requestToken",
        "organizationListBrands",
        "organizationListStores",
        "organizationCreateConnection",
    ]
    assert [each["findings"] for each in entries] == [[]] * 5
    assert [secret for secret in (keys.secret, token["access_token"]) if secret in json.dumps(entries)] == []


@pytest.mark.usefixtures("installed_sdk")
def test_oneflow_sdk_submits_an_order_through_the_proxy() -> None:
    """OneFlow's own SDK, signing for the sandbox, has an order validated, submitted and read through the proxy."""
    with observed("oneflow") as there:
        keys = there.site.credentials()
        sdk = Sdk(f"{there.site.url}/api", keys.key, str(keys.secret))
        order: Any = make_order("SO-1")
        validated = sdk.validate(order)
        submitted = sdk.submit(order)
        read = sdk.request("GET", "/order?page=1&pagesize=1")
        entries = there.journal()

    assert (validated.statuses, submitted.statuses, read.statuses) == ([200], [201], [200])
    assert [(each["operation"], each["findings"]) for each in entries] == [
        ("validateOrder", []),
        ("submitOrder", []),
        ("listOrders", []),
    ]
