"""The page while much happens: what it shows then and afterwards, and what it asks for in the background."""

from itertools import pairwise

from selenium import webdriver
from selenium.webdriver.common.by import By

from flowproof.clients.oneflow import Signer
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.serving import Gateway, Server
from tests.interop.page.driver import control, find, go, see, steer, wait

BURST = 1200
FIRST_IN_VIEW = """
const rows = document.querySelector(".rows");
const top = rows.getBoundingClientRect().top + rows.querySelector(".head").offsetHeight;
return [...rows.querySelectorAll(".body .row")].find((each) => each.getBoundingClientRect().top >= top - 1).innerText;
"""
QUESTIONS = """
return performance.getEntriesByType("resource").filter((each) => each.name.includes("/records"))
  .map(({ startTime, responseEnd }) => ({ startTime, responseEnd }));
"""
REST_MS = 500
HIDE = """
const [hidden] = arguments;
Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
document.dispatchEvent(new Event("visibilitychange"));
"""


def accepted(server: Server) -> WireRequest:
    """A request that OneFlow accepts, as often as it is sent."""
    keys = control(server, "/workspaces/default")["providers"]["oneflow"]["credentials"]["default"]
    signed = Signer(keys["key"], keys["secret"]).headers("GET", "/api/order", "2026-01-01T12:00:00Z")
    headers = tuple((name.lower(), value) for name, value in signed.items())
    return WireRequest("GET", "/w/default/oneflow/api/order", "", headers, b"")


def test_refused_request_is_seen_in_a_burst(browser: webdriver.Chrome, server: Server, gateway: Gateway) -> None:
    """
    Among a thousand accepted requests the refused one appears, under the filter; afterwards the list is complete.
    """
    go(browser, server, "default/exchanges")
    see(browser, "live", "#connection")
    find(browser, ".check input").click()
    wire = accepted(server)
    for number in range(BURST):
        if number == BURST // 2:
            gateway.serve_from_thread(wire._replace(path="/w/default/oneflow/api/nothing"))
        gateway.serve_from_thread(wire)

    see(browser, "/api/nothing", ".rows")
    see(browser, f"1 of {BURST + 1}", ".toolbar")
    find(browser, ".check input").click()

    see(browser, f"{BURST + 1} of {BURST + 1}", ".toolbar")


def test_row_that_is_read_stays_in_its_place(browser: webdriver.Chrome, server: Server, gateway: Gateway) -> None:
    """
    Older exchanges that come later stand above the row that somebody reads, and do not move it.
    """
    wire = accepted(server)
    for number in range(BURST):
        gateway.serve_from_thread(wire._replace(query=f"page={number}"))
    go(browser, server, "default/exchanges")
    see(browser, f"page={BURST - 1}", ".rows")
    browser.execute_script("document.querySelector('.rows').scrollTop -= 400;")
    see(browser, f"page={BURST - 20}", ".rows")
    before = browser.execute_script(FIRST_IN_VIEW)

    see(browser, f"{BURST} of {BURST}", ".toolbar")

    assert browser.execute_script(FIRST_IN_VIEW) == before


def test_page_in_the_background_asks_for_nothing(browser: webdriver.Chrome, server: Server) -> None:
    """
    A hidden page lets its connection go; shown again, it shows what has changed meanwhile.
    """
    go(browser, server, "default/clock")
    see(browser, "live", "#connection")
    see(browser, "real", ".note .badge")
    browser.execute_script(HIDE, True)
    see(browser, "paused", "#connection")
    requests = "return performance.getEntriesByType('resource').length"
    before = browser.execute_script(requests)
    steer(server, "PUT", "/clock", {"mode": "frozen", "now": "2026-01-01T12:00:00Z"})
    assert browser.execute_script(requests) == before

    browser.execute_script(HIDE, False)

    see(browser, "frozen", ".note .badge")
    assert "2026-01-01T12:00:00" in browser.find_element(By.ID, "now").text


def test_view_rests_between_two_questions(browser: webdriver.Chrome, server: Server, gateway: Gateway) -> None:
    """
    However much happens, a view asks for its contents again only half a second after the answer before.
    """
    go(browser, server, "default/state")
    see(browser, "live", "#connection")
    wire = accepted(server)

    def asked_often() -> bool:
        for _ in range(20):
            gateway.serve_from_thread(wire)
        return len(browser.execute_script(QUESTIONS)) > 4

    wait(browser, asked_often)
    found = browser.execute_script(QUESTIONS)[1:]  # (the first is that of the opened view)
    rests = [after["startTime"] - before["responseEnd"] for before, after in pairwise(found)]

    assert min(rests) >= REST_MS - 1
