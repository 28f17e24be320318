"""Drives the page as a person does, and the mock as a client does."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from flowproof.clients.oneflow import Signer
from flowproof.kernel.serving import Server

__all__ = [
    "CONTRACTS",
    "OPEN_ALL",
    "TOKEN",
    "WAIT_S",
    "ask",
    "click",
    "control",
    "emulating",
    "failures",
    "fill",
    "find",
    "focused",
    "furnish",
    "go",
    "order",
    "press",
    "see",
    "send",
    "steer",
    "wait",
]

WAIT_S = 60
OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; });"
CONTRACTS = Path(__file__).parents[3] / "contracts"
TOKEN = "a-token-of-the-server"


def wait(browser: webdriver.Chrome, condition: Callable[[], Any]) -> Any:
    """What a condition returns when it holds."""

    def holds(_: webdriver.Chrome) -> Any:
        try:
            return condition()
        except Exception as error:
            if type(error).__module__.startswith("selenium"):
                return None
            raise

    return WebDriverWait(browser, WAIT_S, 0.05).until(holds)


def see(browser: webdriver.Chrome, text: str, inside: str = "body") -> str:
    """Wait for a text on the page; returns all text of that part."""
    return str(
        wait(browser, lambda: (found := browser.find_element(By.CSS_SELECTOR, inside).text) and text in found and found)
    )


def find(browser: webdriver.Chrome, selector: str) -> WebElement:
    """Wait for an element that is shown."""
    found: WebElement = wait(
        browser,
        lambda: next((each for each in browser.find_elements(By.CSS_SELECTOR, selector) if each.is_displayed()), None),
    )
    return found


def click(browser: webdriver.Chrome, label: str, inside: str = "body") -> None:
    """Click the first button, link or summary of that text."""
    path = f".//*[self::button or self::a or self::summary][normalize-space()={json.dumps(label)}]"

    def press() -> bool:
        browser.find_element(By.CSS_SELECTOR, inside).find_element(By.XPATH, path).click()
        return True

    wait(browser, press)


def fill(browser: webdriver.Chrome, name: str, value: str) -> None:
    """Write into the field of that name."""
    field = find(browser, f"[name={name}]")
    field.clear()
    field.send_keys(value)


def press(browser: webdriver.Chrome, key: str) -> None:
    """Press a key where the focus is."""
    ActionChains(browser).send_keys(key).perform()


def focused(browser: webdriver.Chrome) -> str:
    """The text of the element that has the focus."""
    return str(browser.execute_script("return document.activeElement.textContent"))


def go(browser: webdriver.Chrome, server: Server, view: str) -> None:
    """Open a view as a new document."""
    browser.get("about:blank")
    browser.get(f"{server.url}/#/{view}")


def ask(
    server: Server, path: str, body: Any = None, method: str = "GET", provider: str = "oneflow"
) -> requests.Response:
    """One request of a client, without credentials."""
    return requests.request(method, f"{server.url}/w/default/{provider}{path}", json=body, timeout=WAIT_S)


def order(number: str = "4711", name: str = "Ada Obi") -> dict[str, Any]:
    """The contract's full order, to somebody of that name."""
    document = yaml.safe_load((CONTRACTS / "oneflow" / "openapi.yaml").read_text(encoding="utf-8"))
    made: dict[str, Any] = document["components"]["examples"]["fullOrder"]["value"]
    made["orderData"]["sourceOrderId"] = number
    for each in made["orderData"]["shipments"]:
        each["shipTo"]["name"] = name
    return made


def send(server: Server, method: str, path: str, **more: Any) -> Any:
    """One signed request to OneFlow, sent by the server."""
    value = {"provider": "oneflow", "method": method, "path": path, **more}
    return requests.post(f"{server.url}/_flowproof/workspaces/default/send", json=value, timeout=WAIT_S).json()


def steer(server: Server, method: str, path: str, body: Any) -> None:
    """Have the control API change the default workspace."""
    url = f"{server.url}/_flowproof/workspaces/default{path}"
    requests.request(method, url, json=body, timeout=WAIT_S).raise_for_status()


def control(server: Server, path: str) -> Any:
    """What the control API says."""
    return requests.get(f"{server.url}/_flowproof{path}", timeout=WAIT_S).json()


def failures(browser: webdriver.Chrome) -> list[str]:
    """What the browser's console holds against the page; answers that refuse are no failure of the page."""
    entries: list[dict[str, str]] = browser.get_log("browser")  # type: ignore[no-untyped-call]  # (Selenium's)
    return [each["message"] for each in entries if "Failed to load resource" not in each["message"]]


@contextmanager
def emulating(browser: webdriver.Chrome, feature: str, value: str) -> Iterator[None]:
    """The user prefers something, as a media feature says it."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": feature, "value": value}]})
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def furnish(server: Server) -> None:
    """An order that is to be printed, a refused one whose signature has a usual mistake, and a fault plan."""
    send(server, "POST", "/api/order", body=order())
    credentials = control(server, "/workspaces/default")["providers"]["oneflow"]["credentials"]["default"]
    headers = Signer(credentials["key"], credentials["secret"]).headers("post", "/api/order", "2026-01-01T12:00:00Z")
    requests.post(f"{server.url}/w/default/oneflow/api/order", json={}, headers=headers, timeout=WAIT_S)
    steer(server, "PUT", "/faults", [{"fault": "latency", "seconds": 1}])
