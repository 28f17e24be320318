"""The report as a page: its content, its safety, and its look in a real browser."""

import base64
import os
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from flowproof.certify import CertificationReport
from flowproof.certify.events import Created, FindingRecord, TargetInfo
from flowproof.certify.writers.html import page
from tests.certify.example import example_report
from tests.certify.streams import MOCK, Stream, report_of, stated
from tests.interop.browser import chromium

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "certify-report.png"
EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}</style></pre>`x`"


class Parsed(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.elements if "id" in attributes]


def evil_report() -> CertificationReport:
    """A report with a script in every text from outside."""
    stream = Stream(TargetInfo(EVIL, "sandbox", f"https://a.example/{EVIL}"), selection=EVIL)
    name = stream.plan(f"test_sku[{EVIL}]", "acme.order.sku")
    found = FindingRecord(EVIL, EVIL, EVIL, EVIL, EVIL)
    headers = [("Content-Type", "text/html"), (EVIL, EVIL)]
    stream.exchange(
        name, sent=EVIL.encode(), answered=EVIL.encode(), sent_headers=headers, path=EVIL, query=EVIL, findings=[found]
    )
    stream.finish(name, "FAIL", EVIL, EVIL)
    stream.events.append(Created("c-1", name, EVIL, EVIL, EVIL))
    return report_of(stream.end(), stated("acme.order.sku", text=EVIL))


def test_nothing_from_outside_becomes_markup() -> None:
    """A script in any text from outside is shown as text."""
    parsed = Parsed(page(evil_report()))

    assert {tag for tag, _ in parsed.elements} & {"script", "img", "iframe", "object", "form", "base"} == set()
    assert [each for _, attributes in parsed.elements for each in attributes if each.startswith("on")] == []
    assert parsed.text.count("<script>alert(1)</script>") > 10
    assert "{{ 7 * 7 }}" in parsed.text


def test_page_carries_all_that_it_needs() -> None:
    """The page loads no other file, and its own policy forbids it."""
    html = page(example_report()).decode()
    parsed = Parsed(html.encode())
    requested = [
        value
        for _, attributes in parsed.elements
        for name, value in attributes.items()
        if name in {"src", "srcset", "data", "action"}
    ]
    links = {attributes["href"] for tag, attributes in parsed.elements if "href" in attributes}

    assert (requested, {each for each in links if not str(each).startswith("#")}) == ([], set())
    assert re.findall(r"url\(|@import|expression\(", html) == []
    assert "default-src 'none'; style-src 'sha256-" in html
    assert [tag for tag, attributes in parsed.elements if "style" in attributes] == []


@pytest.mark.parametrize(
    "report", [example_report(), example_report(MOCK), evil_report()], ids=["sandbox", "mock", "evil"]
)
def test_every_link_of_the_page_leads_somewhere(report: CertificationReport) -> None:
    """Every id is unique, and every link leads to an existing id."""
    parsed = Parsed(page(report))
    ids = parsed.ids()
    links = {str(attributes["href"])[1:] for tag, attributes in parsed.elements if tag == "a"}
    unstated = {
        f"r-{''.join(each if each.isalnum() else '-' for each in EVIL)}"
    }  # what a finding cites and nobody states

    assert (len(ids) - len(set(ids)), links - set(ids) - unstated) == (0, set())


def test_mock_is_no_sandbox_on_any_page() -> None:
    """The page of a mock says so in its title and in a banner, and never mentions the provider's sandbox."""
    html = page(example_report(MOCK)).decode()
    sandbox = page(example_report()).decode()

    assert "<title>MOCK · FAIL · Acme · Flowproof report</title>" in html
    assert "It says nothing of the provider itself." in html
    assert "This was the provider&#39;s sandbox" not in html
    assert ("<title>FAIL · Acme" in sandbox, "This was a mock" in sandbox) == (True, False)


def test_report_without_anything_is_a_page() -> None:
    """A run that was interrupted before its first test has a page without empty sections."""
    html = page(report_of(Stream().events)).decode()

    assert "no test ran" in html
    assert 'id="created"' not in html


def test_many_reasons_do_not_bury_the_report() -> None:
    """Of many reasons against a certificate the first are shown and the others can be opened."""
    stream = Stream()
    requirements = [stated(f"acme.order.r{number}") for number in range(9)]
    for each in requirements:
        stream.run(f"test_{each.id}", each.id, verdict="OMIT", why=f"because of {each.id}")

    html = page(report_of(stream.end(), *requirements)).decode()

    assert "and 4 more reasons" in html
    assert html.count("the mandatory requirement acme.order.r") == 9


def test_page_stays_small_enough_to_send() -> None:
    """With very much evidence the page stays small: the rest is in the archive, and the page says so."""
    stream = Stream()
    for number in range(300):
        name = stream.plan(f"test_{number}", "acme.order.sku")
        for _ in range(15):
            stream.exchange(name, answered=b'{"a": "' + b"x" * 9_000 + b'"}')
        stream.finish(name, "FAIL", "why" * 5_000, "details\n" * 20_000)

    html = page(report_of(stream.end()))

    assert len(html) < 8_000_000
    assert b"more exchanges of this test: exchanges.har" in html


# --- in a browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of the example's page."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_bytes(page(example_report()))
    return file.as_uri()


@pytest.fixture(scope="module")
def shared_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser for all tests of this module."""
    with chromium(tmp_path_factory.mktemp("profile"), size=(1200, 1000)) as opened:
        yield opened


@pytest.fixture
def browser(shared_browser: Chrome, address: str) -> Chrome:
    """The browser on the page."""
    look(shared_browser, 1200, 1000)
    shared_browser.get("about:blank")
    shared_browser.get(address)
    return shared_browser


def look(
    browser: Chrome, width: int, height: int, *, scheme: str = "light", media: str = "screen", scale: float = 1
) -> None:
    """Set the color scheme or the medium of the page."""
    shown = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", shown)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


def open_all(browser: Chrome) -> None:
    """Open all details."""
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")


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
  if (!own || element.closest('meter') || !element.checkVisibility()) continue;
  const a = light(rgb(getComputedStyle(element).color)), b = light(behind(element));
  found.push([element.textContent.trim().slice(0, 30), (Math.max(a, b) + .05) / (Math.min(a, b) + .05)]);
}
return found;
"""


@pytest.mark.parametrize(
    ("scheme", "media"), [("light", "screen"), ("dark", "screen"), ("light", "print"), ("dark", "print")]
)
def test_text_stands_out_from_its_ground(browser: Chrome, scheme: str, media: str) -> None:
    """Every text has the contrast of 4.5 of WCAG 2.2: in light, in dark, and on paper."""
    look(browser, 1200, 1000, scheme=scheme, media=media)
    open_all(browser)
    found: list[tuple[str, float]] = browser.execute_script(CONTRASTS)

    assert len(found) > 150
    assert [(text, round(ratio, 2)) for text, ratio in found if ratio < 4.5] == []


@pytest.mark.parametrize("width", [320, 768, 1200, 1920])
def test_page_fits_every_screen(browser: Chrome, width: int) -> None:
    """On no screen the page scrolls sideways, with everything open; wide content scrolls by itself."""
    look(browser, width, 800)
    open_all(browser)

    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 400, 700, 1200])
def test_navigation_has_no_scroll_bar(browser: Chrome, width: int) -> None:
    """Every entry of the navigation is in view, however narrow the screen."""
    look(browser, width, 640)
    hidden = browser.execute_script(
        """
        const list = document.querySelector('nav ul');
        return [...list.querySelectorAll('a')].filter(each => {
          const box = each.getBoundingClientRect();
          return box.left < 0 || box.right > document.documentElement.clientWidth;
        }).length + Math.max(0, list.scrollWidth - list.clientWidth);
        """
    )

    assert hidden == 0


def test_controls_are_big_enough_for_a_thumb(browser: Chrome) -> None:
    """On a telephone every control is at least 44 pixels high, as WCAG asks for."""
    look(browser, 320, 640)
    heights = browser.execute_script(
        """
        return [...document.querySelectorAll('.filter label, summary, nav a')].filter(each => each.checkVisibility())
          .map(each => each.getBoundingClientRect().height).filter(each => each > 0)
        """
    )

    assert len(heights) > 20
    assert min(heights) >= 44


def test_page_speaks_to_a_screen_reader(browser: Chrome) -> None:
    """Language, title, named landmarks, one main heading, no skipped heading level, nothing unnamed."""
    open_all(browser)
    headings = browser.execute_script("return [...document.querySelectorAll('h1, h2, h3, h4')].map(e => e.tagName)")
    levels = [int(each[1]) for each in headings]
    nodes = [each for each in accessible(browser) if not each["ignored"]]
    roles = {(each["role"]["value"], each["name"]["value"]) for each in nodes}
    controls = [each for each in nodes if is_control(each)]

    assert browser.execute_script("return document.documentElement.lang") == "en"
    assert (levels.count(1), [b - a for a, b in pairwise(levels) if b - a > 1]) == (1, [])
    assert ("navigation", "Parts of the report") in roles
    assert {name for role, name in roles if role == "region"} >= {
        "Summary",
        "Requirements",
        "Tests and evidence",
        "The run",
    }
    assert len(controls) >= browser.execute_script(
        "return document.querySelectorAll('a, input, summary, [tabindex=\\'0\\'], meter').length"
    )
    assert [each for each in controls if not each["name"]["value"].strip()] == []


def accessible(browser: Chrome) -> list[Any]:
    """The accessibility tree, element by element."""
    nodes: list[Any] = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    return nodes


def is_control(node: Any) -> bool:
    """Whether the keyboard stops at an element, or it shows a value."""
    role: str = node["role"]["value"]
    focusable = any(each["name"] == "focusable" and each["value"]["value"] for each in node.get("properties", ()))
    return (focusable and role != "main") or role == "meter"


def test_keyboard_reaches_and_filters(browser: Chrome) -> None:
    """The first Tab is the skip link; the filter is one stop, with its choices on the arrow keys."""
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    skip = browser.switch_to.active_element
    first = (skip.text, skip.location["x"] >= 0)
    browser.find_element(By.ID, "show-all").send_keys(Keys.ARROW_RIGHT)
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)

    assert first == ("Skip to the report", True)
    assert shown_requirements(browser) == ["r-acme-order-form", "r-acme-order-limit"]


def shown_requirements(browser: Chrome) -> list[str]:
    """The ids of the visible requirements."""
    script = "return [...document.querySelectorAll('.requirement')].filter(e => e.checkVisibility()).map(e => e.id)"
    shown: list[str] = browser.execute_script(script)
    return shown


@pytest.mark.parametrize(
    ("control", "number"), [("show-all", 20), ("show-PASS", 13), ("show-SKIP", 3), ("only-mandatory", 9)]
)
def test_filter_shows_what_it_says(browser: Chrome, control: str, number: int) -> None:
    """The filter, without a script, shows as many requirements as it says, and no heading without one."""
    browser.find_element(By.ID, control).find_element(By.XPATH, "..").click()
    empty = browser.execute_script(
        """
        return [...document.querySelectorAll('.area')].filter(area => area.checkVisibility()
          && ![...area.querySelectorAll('.requirement')].some(each => each.checkVisibility())).map(area => area.id)
        """
    )

    assert (len(shown_requirements(browser)), empty) == (number, [])


def test_focus_is_seen(browser: Chrome) -> None:
    """The focused element has an outline."""
    without = browser.execute_script(
        """
        return [...document.querySelectorAll('a, summary, pre, input')].filter(each => {
          if (!each.checkVisibility()) return false;
          each.focus({focusVisible: true});
          const seen = [each, each.parentElement].some(e => parseFloat(getComputedStyle(e).outlineWidth) >= 2
            && getComputedStyle(e).outlineStyle !== 'none');
          return !seen;
        }).map(each => each.outerHTML)
        """
    )

    assert without == []


def test_link_opens_what_it_leads_to(browser: Chrome) -> None:
    """A link from a requirement to its test opens the test with its evidence."""
    link = browser.find_element(By.CSS_SELECTOR, "#r-acme-order-form dd li a")
    target = link.get_attribute("href").partition("#")[2]  # type: ignore[union-attr] # (a link has it)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", link)
    link.click()
    evidence = browser.find_element(By.CSS_SELECTOR, f"#{target} .exchange pre")

    assert browser.execute_script("return arguments[0].checkVisibility()", evidence)
    assert browser.execute_script("return location.hash") == f"#{target}"


def test_page_runs_and_loads_nothing_else(shared_browser: Chrome, tmp_path: Path) -> None:
    """The browser runs no planted script, loads nothing else and reports no error."""
    file = tmp_path / "evil.html"
    file.write_bytes(page(evil_report()))
    shared_browser.get(file.as_uri())
    open_all(shared_browser)

    loaded: list[Any] = shared_browser.execute_script(
        "return performance.getEntriesByType('resource').map(each => each.name)"
    )
    log: list[Any] = shared_browser.get_log("browser")  # type: ignore[no-untyped-call] # (Selenium's own)
    scripts = shared_browser.execute_script("return document.scripts.length + document.images.length")

    assert (loaded, [each["message"] for each in log], scripts) == ([], [], 0)
    assert shared_browser.execute_script("return getComputedStyle(document.querySelector('main')).maxWidth") != "none"


def test_page_prints(browser: Chrome) -> None:
    """On paper there is no navigation, failures are open, and the example takes a few pages."""
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    document = base64.b64decode(printed["data"])
    look(browser, 800, 1000, media="print")
    hidden = [browser.find_element(By.CSS_SELECTOR, each).is_displayed() for each in ("nav", ".filter", ".test.PASS")]

    assert document.startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", document)) <= 12
    assert (hidden, browser.find_element(By.CSS_SELECTOR, "#r-acme-order-form dl").is_displayed()) == (
        [False] * 3,
        True,
    )


def test_picture_shows_the_report(browser: Chrome) -> None:
    """The picture docs/pictures/certify-report.png shows the page; set FLOWPROOF_PICTURES to renew it."""
    look(browser, 1120, 1380, scale=1.25)
    taken: bytes = browser.get_screenshot_as_png()
    if os.environ.get("FLOWPROOF_PICTURES"):
        PICTURE.write_bytes(taken)

    assert taken.startswith(b"\x89PNG")
    assert PICTURE.stat().st_size < 300_000
