"""Otter's authorization page in a real browser, used by keyboard only, and checked as a picture."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from flowproof.clients.otter import Authorization, Otter
from flowproof.target import Workspace
from tests.interop.application import Application, application
from tests.interop.browser import chromium

TIMEOUT_S = 60
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "otter-consent.png"
ADA, GRACE, LIN = range(3)


@pytest.fixture
def partner() -> Iterator[Application]:
    """The application that the browser comes back to."""
    with application() as running:
        yield running


@pytest.fixture
def otter(workspace: Workspace, partner: Application, make_otter: Callable[..., Otter]) -> Otter:
    """The application's client; its redirect URI is registered."""
    seed = dict(workspace.seed("otter"))
    seed["clients"] = [{**seed["clients"][0], "redirect_uris": [partner.redirect_uri]}]
    seed["organizations"] = [{**seed["organizations"][0], "name": "Pancake & Co."}, *seed["organizations"][1:]]
    workspace.replace_seed("otter", seed)
    return make_otter(workspace, redirect_uri=partner.redirect_uri)


@pytest.fixture(scope="module")
def shared_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser for all tests of this module."""
    with chromium(tmp_path_factory.mktemp("profile"), size=(760, 900)) as opened:
        yield opened


@pytest.fixture
def browser(shared_browser: Chrome) -> Iterator[Chrome]:
    """A tab without history, cookies, log or screen settings."""
    others = shared_browser.current_window_handle
    shared_browser.switch_to.new_window("tab")
    for what in ("Cookies", "Cache"):
        shared_browser.execute_cdp_cmd(f"Network.clearBrowser{what}", {})
    shared_browser.get_log("browser")  # type: ignore[no-untyped-call] # (Selenium's own)
    yield shared_browser
    shared_browser.close()
    shared_browser.switch_to.window(others)


def focused(browser: Chrome) -> str:
    """The focused element as a screen reader names it: role and name."""
    element = browser.switch_to.active_element
    return f"{element.aria_role} {' '.join(element.accessible_name.split())}"


def press(browser: Chrome, *keys: str) -> str:
    """Press keys one after the other; returns the focused element."""
    for key in keys:
        browser.switch_to.active_element.send_keys(key)
    return focused(browser)


def brought_back(browser: Chrome, partner: Application) -> dict[str, str]:
    """The parameters that the browser brought to the application."""
    WebDriverWait(browser, TIMEOUT_S, poll_frequency=0.02).until(lambda each: each.title == "Back at the application")
    return {name: values[0] for name, values in parse_qs(urlsplit(partner.requested[0]).query).items()}


def opened(browser: Chrome, otter: Otter) -> Authorization:
    """An authorization request whose page the browser shows."""
    authorization = otter.authorization()
    browser.get(authorization.url)
    return authorization


def test_person_allows_with_the_keyboard(browser: Chrome, otter: Otter, partner: Application) -> None:
    """
    Tab, an arrow, Tab, Enter: a user is chosen and allows, and the application acts for that user.
    """
    authorization = opened(browser, otter)

    steps = [
        press(browser, Keys.TAB),
        press(browser, Keys.ARROW_DOWN),
        press(browser, Keys.ARROW_DOWN),
        press(browser, Keys.TAB),
    ]
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    found = brought_back(browser, partner)

    assert [step.split(" ·")[0] for step in steps] == [
        "radio Ada Mensah Pancake & Co.",
        "radio Grace Okafor Bowl Holdings",
        "radio Lin Chen Dumpling House",
        "button Allow",
    ]
    token = otter.exchange(authorization, f"{partner.redirect_uri}?code={found['code']}&state={found['state']}")
    assert otter.as_user(token).organization().name == "Dumpling House"


def test_person_denies_with_the_keyboard(browser: Chrome, otter: Otter, partner: Application) -> None:
    """
    Tab to Deny and Space: the application learns access_denied and the state, and gets no code.
    """
    authorization = opened(browser, otter)

    assert press(browser, Keys.TAB, Keys.TAB, Keys.TAB) == "button Deny"
    browser.switch_to.active_element.send_keys(Keys.SPACE)

    assert brought_back(browser, partner) == {"error": "access_denied", "state": authorization.state}


def test_back_button_leads_to_a_page_without_a_question(browser: Chrome, otter: Otter, partner: Application) -> None:
    """
    After the decision, going back and reloading shows that there is nothing to decide any more.
    """
    opened(browser, otter)
    press(browser, Keys.TAB, Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    brought_back(browser, partner)

    browser.back()
    browser.refresh()

    assert "nothing to decide" in browser.find_element(By.TAG_NAME, "h1").text
    assert browser.find_elements(By.TAG_NAME, "form") == []


def test_page_speaks_to_a_screen_reader(browser: Chrome, otter: Otter) -> None:
    """
    Language, title, one main heading, headings in order, a named group of named choices, nothing unnamed.
    """
    opened(browser, otter)

    found = {tag: [each.text for each in browser.find_elements(By.TAG_NAME, tag)] for tag in ("h1", "h2", "legend")}
    language = browser.find_element(By.TAG_NAME, "html").get_attribute("lang")
    group, region = browser.find_element(By.TAG_NAME, "fieldset"), browser.find_element(By.TAG_NAME, "main")
    controls = browser.find_elements(By.CSS_SELECTOR, "input:not([type=hidden]), button, a")

    assert (language, browser.title) == ("en", "Allow Partner Kitchen Software? · Otter, emulated")
    assert found == {
        "h1": ["Allow Partner Kitchen Software to act for you?"],
        "h2": ["It will be able to"],
        "legend": ["Who are you?"],
    }
    assert (group.aria_role, group.accessible_name, region.aria_role) == ("group", "Who are you?", "main")
    assert [each for each in controls if not each.accessible_name.strip()] == []


CONTRASTS = """
const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const behind = element => { for (let e = element; e; e = e.parentElement) {
  const c = rgb(getComputedStyle(e).backgroundColor);
  if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
const found = [];
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  if (!own || element.closest('style')) continue;
  const a = light(rgb(getComputedStyle(element).color)), b = light(behind(element));
  found.push([element.textContent.trim().slice(0, 30), (Math.max(a, b) + .05) / (Math.min(a, b) + .05)]);
}
return found;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Chrome, otter: Otter, scheme: str) -> None:
    """
    Every text has the contrast of 4.5 that WCAG 2.2 asks for, in light and in dark.
    """
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    opened(browser, otter)
    found: list[tuple[str, float]] = browser.execute_script(CONTRASTS)

    assert len(found) > 10
    assert [(text, round(ratio, 2)) for text, ratio in found if ratio < 4.5] == []


def test_page_fits_a_telephone(browser: Chrome, otter: Otter) -> None:
    """
    On a screen of 320 pixels nothing needs scrolling sideways, and every control is big enough for a thumb.
    """
    narrow = {"width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
    opened(browser, otter)
    width = browser.execute_script("return document.documentElement.scrollWidth")
    heights = [each.size["height"] for each in browser.find_elements(By.CSS_SELECTOR, "label, button")]

    assert (width <= 320, min(heights) >= 44) == (True, True)


def test_page_runs_and_loads_nothing_else(browser: Chrome, otter: Otter) -> None:
    """
    The browser reports no violation of the page's own policy, and asks for nothing beside the page.
    """
    opened(browser, otter)

    loaded: list[Any] = browser.execute_script("return performance.getEntriesByType('resource').map(each => each.name)")
    log: list[Any] = browser.get_log("browser")  # type: ignore[no-untyped-call] # (Selenium's own)
    messages = [each["message"] for each in log if "favicon.ico" not in each["message"]]

    assert (loaded, messages) == ([], [])


def test_picture_shows_the_page(browser: Chrome, otter: Otter) -> None:
    """
    The page is photographed for the documentation: docs/pictures/otter-consent.png; set FLOWPROOF_PICTURES to renew it.
    """
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 720, "height": 840, "deviceScaleFactor": 1.5, "mobile": False},
    )
    opened(browser, otter)
    browser.execute_script("document.querySelector('p strong').textContent = 'partner.example'")
    press(browser, Keys.TAB)
    taken: bytes = browser.get_screenshot_as_png()
    if os.environ.get("FLOWPROOF_PICTURES"):
        PICTURE.write_bytes(taken)

    assert taken.startswith(b"\x89PNG")
    assert PICTURE.stat().st_size < 200_000
