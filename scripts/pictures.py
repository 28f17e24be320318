"""
Photographs the views of the page for the documentation: docs/pictures/page-*.webp. Run it by `make pictures`.

The pictures are taken from a server with real providers, to which requests, faults, webhooks and a certificate are
given first.

    python -m scripts.pictures [FOLDER] [--all]

``--all`` takes each view in light, dark and at 360 pixels; by default those are taken that the documentation shows.
"""

import base64
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from benchmarks.orders import full_order
from flowproof.cli.foreground import sign_with_kit, verify_certificate
from flowproof.clients.oneflow import Signer
from flowproof.inbox import Inbox
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.providers import find_providers
from tests.certify.today import issue_today
from tests.interop.browser import chromium

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
PROVIDERS = ("dots_eco", "flow1st", "integrations", "oneflow", "otter")
WAIT_S = 60
QUALITY = 50
SHOWN_IN_ALL = "exchange"  # looks; the other views are shown in the light only
SIZES: Mapping[str, tuple[int, int, bool]] = {
    "light": (1280, 900, False),
    "dark": (1280, 900, True),
    "narrow": (360, 780, False),
}


def main(arguments: list[str]) -> None:
    """Take the pictures."""
    folder = next((Path(each) for each in arguments if not each.startswith("--")), FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(served())
        inbox = stack.enter_context(Inbox())
        signed_wrong = furnish(server, inbox)
        views = views_of(signed_wrong, issue_today(scratch))
        for look, (width, height, dark) in SIZES.items():
            with chromium(scratch / look, size=(max(width, 500), height), dark=dark) as browser:
                metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
                browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
                for name, (address, prepare) in views.items():
                    if "--all" in arguments or look == "light" or name == SHOWN_IN_ALL:
                        browser.get("about:blank")
                        browser.get(f"{server.url}/#/default/{address}")
                        prepare(browser)
                        photograph(browser, folder / f"page-{name}-{look}.webp")


@contextmanager
def served() -> Iterator[Server]:
    """The server that is photographed."""
    settings = ServerSettings(entropy=1, signer=sign_with_kit, verifier=verify_certificate)
    with Server(build_gateway(find_providers(PROVIDERS), settings)) as server:
        yield server


def furnish(server: Server, inbox: Inbox) -> str:
    """Give the server what its page can show; returns the id of the exchange whose signature is wrong."""
    control = f"{server.url}/_flowproof/workspaces/default"

    def send(provider: str, method: str, path: str, **more: Any) -> None:
        value = {"provider": provider, "method": method, "path": path, **more}
        requests.post(f"{control}/send", json=value, timeout=WAIT_S).raise_for_status()

    order = full_order()
    for number in range(1, 4):
        order["orderData"]["sourceOrderId"] = f"4711-{number}"
        send("oneflow", "POST", "/api/order", body=order)
    send("oneflow", "GET", "/api/order", query={"pagesize": "10"})
    send("flow1st", "GET", "/api/distributors/products")
    send("dots_eco", "GET", "/api/v1/flow-card/list/1-f2b086b3")
    send("integrations", "GET", "/api/workflows/triggers/order")
    send("oneflow", "GET", "/api/orders")
    send("oneflow", "POST", "/api/order/validate", body={**order, "orderData": {"sourceOrderId": 4711}})
    send("otter", "GET", "/organization/v1/organization/brands", role=None)
    credentials = requests.get(control, timeout=WAIT_S).json()["providers"]["oneflow"]["credentials"]["default"]
    headers = Signer(credentials["key"], credentials["secret"]).headers(
        "post", "/api/order", "2026-01-01T12:00:00.000Z"
    )
    wrong = requests.post(f"{server.url}/w/default/oneflow/api/order", json=order, headers=headers, timeout=WAIT_S)
    plans = [
        {"id": "slow-lists", "fault": "latency", "seconds": 0.2, "provider": "otter"},
        {"id": "busy", "fault": "status", "status": 503, "provider": "dots_eco", "every": 2},
    ]
    requests.put(f"{control}/faults", json=plans, timeout=WAIT_S).raise_for_status()
    send("otter", "GET", "/organization/v1/organization/brands", role=None)
    for event, url in (("order.shipped", f"{inbox.url}/hooks"), ("order.error", "http://127.0.0.1:9/hooks")):
        trigger(control, event, url)
    return wrong.headers["Flowproof-Exchange"]


def trigger(control: str, event: str, url: str) -> None:
    """Have a webhook sent, of that event or of the first that there is."""
    server = control.partition("/_flowproof")[0]
    providers = requests.get(f"{server}/_flowproof/providers", timeout=WAIT_S).json()["providers"]
    events = providers["oneflow"]["webhook_events"]
    value = {"provider": "oneflow", "event": event if event in events else events[0], "url": url}
    requests.post(f"{control}/webhooks/trigger", json=value, timeout=WAIT_S).raise_for_status()


Views = Mapping[str, tuple[str, Callable[[webdriver.Chrome], None]]]


def views_of(signed_wrong: str, archive: tuple[Path, Path]) -> Views:
    """The address of each view, and what is done there before the picture."""

    def verify(browser: webdriver.Chrome) -> None:
        see(browser, "Drop a")
        for name, file in zip(("keys", "certificate"), reversed(archive), strict=True):
            browser.find_element(By.CSS_SELECTOR, f"[name={name}]").send_keys(str(file))
        see(browser, "Requirements (")

    def try_it(browser: webdriver.Chrome) -> None:
        see(browser, "Try it")
        browser.find_element(By.CSS_SELECTOR, ".try summary").click()
        browser.find_element(By.CSS_SELECTOR, ".try [type=submit]").click()
        see(browser, "HTTP 2")

    return {
        "start": ("start", waits_for("Providers")),
        "exchanges": ("exchanges", waits_for("GET")),
        "exchange": (f"exchanges/{signed_wrong}", waits_for("The string to sign")),
        "clock": ("clock", waits_for("What is due")),
        "faults": ("faults", waits_for("slow-lists")),
        "webhooks": ("webhooks", waits_for("dlv-2")),
        "state": ("state", waits_for("Records")),
        "reference": ("reference/oneflow", waits_for("What is not emulated")),
        "operation": ("reference/oneflow/submitOrder", waits_for("Requirements of this operation")),
        "try": ("reference/oneflow/listOrders", try_it),
        "certificates": ("certificates", verify),
    }


def waits_for(text: str) -> Callable[[webdriver.Chrome], None]:
    """Wait until the page shows a text."""
    return lambda browser: see(browser, text)


def see(browser: webdriver.Chrome, text: str) -> None:
    """Wait for a text on the page."""

    def is_there(_: webdriver.Chrome) -> bool:
        return text in str(browser.execute_script("return document.body.innerText"))

    WebDriverWait(browser, WAIT_S, 0.1).until(is_there, f"the page does not show {text!r}")


def photograph(browser: webdriver.Chrome, file: Path) -> None:
    """Write what the window shows, as WebP."""
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    file.write_bytes(base64.b64decode(shot["data"]))
    print(f"{file.name}: {file.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main(sys.argv[1:])
