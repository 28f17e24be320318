"""A page of another origin calls a provider with a real fetch, in a headless Chromium."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from selenium import webdriver

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.providers import find_providers
from flowproof.target import ControlClient, Workspace
from tests.interop.browser import chromium

FETCH = """
const [url, options, done] = arguments;
fetch(url, options).then(
  async (answer) =>
    done({ status: answer.status, body: await answer.text(), exchange: answer.headers.get("flowproof-exchange") }),
  (error) => done({ error: error.name })
);
"""


class Page(http.server.BaseHTTPRequestHandler):
    """An empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>page</title>")

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Of the page: another port of loopback."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, origin: str) -> Iterator[webdriver.Chrome]:
    """A browser that shows the page."""
    with chromium(tmp_path_factory.mktemp("profile"), size=(800, 600)) as opened:
        opened.set_script_timeout(60)
        opened.get(origin)
        yield opened


def workspace_of(origins: tuple[str, ...]) -> Iterator[Workspace]:
    """A workspace on a server that lets pages of these origins call its providers."""
    gateway = build_gateway(find_providers(["dots_eco"]), ServerSettings(entropy=1, cors=origins))
    with Server(gateway) as server, closing(ControlClient(server.url)) as control, control.make_workspace() as made:
        yield made


@pytest.fixture
def workspace(origin: str) -> Iterator[Workspace]:
    """A workspace on a server that names the page's origin."""
    yield from workspace_of((origin,))


@pytest.fixture
def closed_workspace() -> Iterator[Workspace]:
    """A workspace on a server that names no origin."""
    yield from workspace_of(())


def fetch(browser: webdriver.Chrome, url: str, **options: Any) -> dict[str, Any]:
    """What the page gets."""
    found: dict[str, Any] = browser.execute_async_script(FETCH, url, options)
    return found


def call(browser: webdriver.Chrome, workspace: Workspace) -> dict[str, Any]:
    """The page sends a request that a browser asks for first: JSON, with a header of the provider's own."""
    site = workspace.site("dots_eco")
    headers = {"Content-Type": "application/json", "auth-token": site.credentials().key}
    return fetch(browser, f"{site.url}/api/v1/flow-card/add", method="POST", headers=headers, body="{}")


def test_page_reads_the_providers_answer(browser: webdriver.Chrome, workspace: Workspace) -> None:
    """The preflight lets the page send its request, and the page reads the answer, a refusal too."""
    found = call(browser, workspace)
    entries = workspace.journal.entries()

    assert found.get("status") in range(200, 500), found
    assert [found["exchange"]] == [entry["id"] for entry in entries]
    assert [entry["request"]["method"] for entry in entries] == ["POST"]


def test_page_is_kept_out_by_default(browser: webdriver.Chrome, closed_workspace: Workspace) -> None:
    """Where no origin is named the browser sends no request but the preflight, which the provider refuses."""
    found = call(browser, closed_workspace)

    assert found == {"error": "TypeError"}
    assert [entry["request"]["method"] for entry in closed_workspace.journal.entries()] == ["OPTIONS"]


def test_page_cannot_reach_the_control_api(browser: webdriver.Chrome, workspace: Workspace) -> None:
    """A page that may call the providers reads nothing of the control API, and changes nothing there."""
    url = f"{workspace.server.url}/_flowproof/workspaces/{workspace.id}"
    read, changed = fetch(browser, url), fetch(browser, url, method="DELETE")

    assert (read, changed) == ({"error": "TypeError"}, {"error": "TypeError"})
    assert workspace.journal.entries() == []
