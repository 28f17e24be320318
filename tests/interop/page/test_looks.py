"""The page as it looks: to an accessibility checker, in narrow and wide windows, by keyboard, without motion."""

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from flowproof.kernel.serving import Server
from tests.interop.page.driver import OPEN_ALL, ask, click, emulating, find, focused, furnish, go, press, see

VIEWS = (
    "default/start",
    "default/exchanges",
    "default/exchanges/default-2",
    "default/clock",
    "default/faults",
    "default/webhooks",
    "default/state",
    "default/reference/oneflow",
    "default/reference/oneflow/submitOrder",
    "default/reference/_control/setFaults",
    "default/certificates",
)
# What a view shows when it is complete, where that comes later than its heading.
LOADED = {
    "default/exchanges/default-2": ".signature mark",
    "default/clock": ".timeline .dot",
    "default/reference/oneflow": ".content table",
    "default/reference/oneflow/submitOrder": ".content table",
    "default/reference/_control/setFaults": ".content .try",
}
RUN_AXE = """
const [rules, done] = arguments;
axe.run(document, { resultTypes: ["violations"], ...(rules ? { runOnly: rules } : {}) }).then(({ violations }) =>
  done(violations.flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.html} ${node.failureSummary}`))));
"""


@pytest.mark.parametrize(("scheme", "rules"), [("light", None), ("dark", ["color-contrast"])], ids=["light", "dark"])
def test_axe_finds_nothing(
    browser: webdriver.Chrome, server: Server, axe: str, scheme: str, rules: list[str] | None
) -> None:
    """
    The accessibility checker finds no violation in any view, everything unfolded, and enough contrast in the dark too.
    """
    furnish(server)
    found = []
    with emulating(browser, "prefers-color-scheme", scheme):
        for view in VIEWS:
            go(browser, server, view)
            see(browser, "live", "#connection")
            find(browser, ".view h1, .view h2, .note h3")
            find(browser, LOADED.get(view, "h1, h2"))
            browser.execute_script(OPEN_ALL)
            browser.execute_script(axe)
            broken = browser.execute_async_script(RUN_AXE, rules)
            found += [(view, each) for each in broken]

    assert found == []


@pytest.mark.parametrize("width", [360, 768, 1600])
def test_no_view_is_wider_than_the_window(browser: webdriver.Chrome, server: Server, width: int) -> None:
    """
    Nothing has to be scrolled sideways, from a telephone to a wide screen.
    """
    furnish(server)
    ask(server, "/api/order?" + "x" * 300, {"a": [1, 2]}, "POST")
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    too_wide = []
    try:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        for view in VIEWS:
            go(browser, server, view)
            find(browser, LOADED.get(view, ".view h1, .view h2"))
            browser.execute_script(OPEN_ALL)
            wide = browser.execute_script("return document.documentElement.scrollWidth")
            too_wide += [(view, wide)] if wide > width else []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    assert too_wide == []


def test_keyboard_alone_leads_to_an_exchange(browser: webdriver.Chrome, server: Server) -> None:
    """
    With Tab and Enter alone one skips to the content, opens an exchange, and reads why it was refused.
    """
    ask(server, "/api/order", {}, "POST")
    go(browser, server, "default/exchanges")
    see(browser, "/api/order", ".rows")

    press(browser, Keys.TAB)
    assert focused(browser) == "Skip to the content"
    press(browser, Keys.ENTER)
    for _ in range(40):
        press(browser, Keys.TAB)
        if focused(browser) == "/api/order":
            break
    press(browser, Keys.ENTER)

    see(browser, "Why it was refused", ".detail")


def test_nothing_moves_where_motion_is_not_wanted(browser: webdriver.Chrome, server: Server) -> None:
    """
    Where the user prefers reduced motion, no element is animated or fades.
    """
    moving = (
        "return document.getAnimations().length + [...document.querySelectorAll('*')].filter((each) => "
        "getComputedStyle(each).animationName !== 'none').length;"
    )
    with emulating(browser, "prefers-reduced-motion", "reduce"):
        go(browser, server, "default/webhooks")
        click(browser, "Deliver honestly")
        see(browser, "delivered honestly", "#messages")

        assert browser.execute_script(moving) == 0
