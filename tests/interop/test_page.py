"""The page for browsers, driven by clicks in a headless Chromium."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from flowproof.cli.foreground import sign_with_kit
from flowproof.inbox import Inbox
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.providers import find_providers
from tests.interop import programs
from tests.interop.browser import chromium

WAIT_S = 30
TOKEN = "a-token-of-the-server"
VIEWS = (
    "default/start",
    "default/exchanges",
    "default/exchanges/default-1",
    "default/clock",
    "default/faults",
    "default/webhooks",
    "default/state",
)
RUN_AXE = """
const done = arguments[0];
axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
  done(violations.flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.html} ${node.failureSummary}`))));
"""


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of the accessibility checker, as its lockfile pins it."""
    programs.require("node", "npm", always_in_ci=True)
    programs.install()
    return (programs.HERE / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser of the usual size."""
    with chromium(tmp_path_factory.mktemp("profile"), size=(1280, 900)) as opened:
        yield opened


@pytest.fixture
def server() -> Iterator[Server]:
    """A server with a real provider, whose journal is long."""
    providers = find_providers(["flow1st", "oneflow", "otter"])
    with Server(
        build_gateway(providers, ServerSettings(entropy=1, journal_keep=6000, signer=sign_with_kit))
    ) as running:
        yield running


@pytest.fixture
def guarded() -> Iterator[Server]:
    """A server with a token."""
    with Server(build_gateway(find_providers(["otter"]), ServerSettings(entropy=1, token=TOKEN))) as running:
        yield running


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


def go(browser: webdriver.Chrome, server: Server, view: str) -> None:
    """Open a view as a new document."""
    browser.get("about:blank")
    browser.get(f"{server.url}/#/{view}")


def ask(
    server: Server, path: str, body: Any = None, method: str = "GET", provider: str = "oneflow"
) -> requests.Response:
    """One request of a client, without credentials."""
    return requests.request(method, f"{server.url}/w/default/{provider}{path}", json=body, timeout=WAIT_S)


def control(server: Server, path: str) -> Any:
    """What the control API says."""
    return requests.get(f"{server.url}/_flowproof{path}", timeout=WAIT_S).json()


def failures(browser: webdriver.Chrome) -> list[str]:
    """What the browser's console holds against the page; answers that refuse are no failure of the page."""
    entries: list[dict[str, str]] = browser.get_log("browser")  # type: ignore[no-untyped-call]  # (Selenium's)
    return [each["message"] for each in entries if "Failed to load resource" not in each["message"]]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(server: Server, tmp_path: Path, axe: str, dark: bool) -> None:
    """
    The accessibility checker finds no violation in any view, light and dark.
    """
    ask(server, "/api/order", {"a": [1, 2]}, "POST")
    requests.put(
        f"{server.url}/_flowproof/workspaces/default/faults", json=[{"fault": "latency", "seconds": 1}], timeout=WAIT_S
    )
    found = []
    with chromium(tmp_path, size=(1280, 900), dark=dark) as browser:
        for view in VIEWS:
            go(browser, server, view)
            find(browser, ".view h1, .view h2")
            see(browser, "live", "#connection")
            browser.execute_script(axe)
            broken = browser.execute_async_script(RUN_AXE)
            found += [(view, each) for each in broken]

    assert found == []


@pytest.mark.parametrize("width", [360, 768, 1600])
def test_no_view_is_wider_than_the_window(browser: webdriver.Chrome, server: Server, width: int) -> None:
    """
    Nothing has to be scrolled sideways, from a telephone to a wide screen.
    """
    ask(server, "/api/order?" + "x" * 300, {"a": [1, 2]}, "POST")
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    too_wide = []
    try:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        for view in VIEWS:
            go(browser, server, view)
            find(browser, ".view h1, .view h2")
            wide = browser.execute_script("return document.documentElement.scrollWidth")
            too_wide += [(view, wide)] if wide > width else []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    assert too_wide == []


def test_start_shows_no_secret_until_it_is_asked_for(browser: webdriver.Chrome, server: Server) -> None:
    """
    The start shows base URLs, and a credential only after a click on Show; it hides it again.
    """
    secret = control(server, "/workspaces/default")["providers"]["otter"]["credentials"]["default"]["key"]
    go(browser, server, "default/start")
    see(browser, f"{server.url}/w/default/otter")
    assert secret not in browser.page_source
    show = find(browser, "[aria-label='Show the credentials of otter, default']")

    show.click()
    see(browser, secret)
    show.click()

    wait(browser, lambda: secret not in browser.page_source)
    assert failures(browser) == []


def test_workspace_is_created_chosen_reset_and_deleted(browser: webdriver.Chrome, server: Server) -> None:
    """
    A workspace is created, is the one that the page shows, is reset and deleted after a question each.
    """
    go(browser, server, "default/start")
    fill(browser, "id", "second")
    click(browser, "Create")
    see(browser, "/w/second/oneflow")
    assert "second" in control(server, "/workspaces")["workspaces"]

    click(browser, "Reset")
    click(browser, "Reset", "dialog")
    see(browser, "The workspace is as new.")
    click(browser, "Delete")
    click(browser, "Cancel", "dialog")
    click(browser, "Delete")
    click(browser, "Delete", "dialog")

    see(browser, "/w/default/oneflow")
    assert control(server, "/workspaces")["workspaces"] == ["default"]


def test_refused_request_appears_and_is_explained(browser: webdriver.Chrome, server: Server) -> None:
    """
    A refused request appears while the page is open; its detail cites the requirement, the finding and the command.
    """
    go(browser, server, "default/exchanges")
    see(browser, "live", "#connection")
    ask(server, "/api/order", {"a": [1, 2]}, "POST")
    see(browser, "oneflow.auth.header", ".rows")

    click(browser, "/api/order", ".rows")
    text = see(browser, "Why it was refused", ".detail")
    stated = control(server, "/providers/oneflow/requirements/oneflow.auth.header")
    click(browser, "Show as cURL", ".detail")

    assert stated["text"] in text
    assert stated["source"] in text
    assert "curl -X POST" in see(browser, "curl -X", "#revealed")
    assert failures(browser) == []


def test_exchange_becomes_a_test_case(browser: webdriver.Chrome, server: Server) -> None:
    """
    The test case of an exchange is valid by the schema of the fixtures.
    """
    from jsonschema import Draft202012Validator

    schema = json.loads((Path(__file__).parents[2] / "fixtures" / "case.schema.json").read_text())
    ask(server, "/api/order?page=2", {"a": [1, 2]}, "POST")
    go(browser, server, "default/exchanges/default-1")

    click(browser, "As a test case", ".detail")
    see(browser, "requirements", "#revealed pre")
    case = json.loads(browser.find_element(By.CSS_SELECTOR, "#revealed pre").text)

    assert list(Draft202012Validator(schema).iter_errors(case)) == []
    assert case["steps"][0]["request"]["body"] == {"a": [1, 2]}
    assert case["steps"][0]["expect"]["status"] == 401


def test_script_in_a_request_is_text(browser: webdriver.Chrome, server: Server) -> None:
    """
    Markup in a path, a query and a body is shown as text and makes no element.
    """
    attack = "<script>document.title=1</script><img src=x onerror=document.title=1>"
    ask(server, f"/api/{attack}?q={attack}", {"name": attack, attack: 1}, "POST")
    go(browser, server, "default/exchanges/default-1")

    see(browser, attack, ".detail pre.body")

    assert browser.find_elements(By.CSS_SELECTOR, "main script, main img") == []
    assert browser.title.endswith("Flowproof")
    assert failures(browser) == []


def test_five_thousand_exchanges_are_a_few_rows(browser: webdriver.Chrome, server: Server) -> None:
    """
    Of five thousand exchanges only the rows in view are elements; the filter finds the one that is meant.
    """
    with requests.Session() as session:
        for number in range(5000):
            session.get(f"{server.url}/w/default/otter/x/{number}", timeout=WAIT_S)
    go(browser, server, "default/exchanges")

    see(browser, "5000 of 5000", ".toolbar")
    see(browser, "/x/4999", ".rows")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".rows .body .row")) < 80
    find(browser, "input[type=search]").send_keys("/x/1234")

    see(browser, "1 of 5000", ".toolbar")
    see(browser, "/x/1234", ".rows")


def test_paused_list_stands_still(browser: webdriver.Chrome, server: Server) -> None:
    """
    A paused list counts what comes meanwhile and shows it when it goes on.
    """
    go(browser, server, "default/exchanges")
    ask(server, "/first")
    see(browser, "/first", ".rows")
    click(browser, "Pause")
    ask(server, "/second")

    see(browser, "1 more while paused", ".toolbar")
    assert "/second" not in browser.find_element(By.CSS_SELECTOR, ".rows").text
    click(browser, "Resume")

    see(browser, "/second", ".rows")


def test_two_workspaces_are_kept_apart(browser: webdriver.Chrome, server: Server) -> None:
    """
    The list shows the exchanges of the chosen workspace and none of another.
    """
    requests.post(f"{server.url}/_flowproof/workspaces", json={"id": "second"}, timeout=WAIT_S)
    ask(server, "/of-default")
    requests.get(f"{server.url}/w/second/oneflow/of-second", timeout=WAIT_S)

    go(browser, server, "second/exchanges")

    assert "/of-default" not in see(browser, "/of-second", ".rows")


def test_clock_is_advanced(browser: webdriver.Chrome, server: Server) -> None:
    """
    A click freezes the clock, another moves it on by a day.
    """
    go(browser, server, "default/clock")
    click(browser, "Freeze now")
    see(browser, "frozen", ".note .badge")
    before = control(server, "/workspaces/default/clock")["now"]

    click(browser, "a day")

    wait(browser, lambda: control(server, "/workspaces/default/clock")["now"] > before)
    see(browser, control(server, "/workspaces/default/clock")["now"], "#now")


def test_fault_plan_is_added_counted_and_removed(browser: webdriver.Chrome, server: Server) -> None:
    """
    A plan from the form fires, its calls are counted on the page, and it is removed again.
    """
    go(browser, server, "default/faults")
    fill(browser, "status", "503")
    click(browser, "Add")
    see(browser, "status: 503", "main table")

    assert ask(server, "/api/order").status_code == 503
    wait(browser, lambda: browser.find_element(By.CSS_SELECTOR, "main table td:nth-child(5)").text == "1")
    click(browser, "Remove all")

    see(browser, "Nothing goes wrong on purpose.")
    assert control(server, "/workspaces/default/faults")["faults"] == []


def test_token_is_asked_once_and_is_no_cookie(browser: webdriver.Chrome, guarded: Server) -> None:
    """
    With a token the page asks for it; the browser then holds a cookie that no script reads and that is not the token.
    """
    go(browser, guarded, "default/start")
    fill(browser, "token", "wrong")
    click(browser, "Log in")
    see(browser, "That is not the token")
    fill(browser, "token", TOKEN)
    click(browser, "Log in")
    see(browser, "/w/default/otter")

    browser.get(f"{guarded.url}/_flowproof/health")
    cookie = browser.get_cookies()[0]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert cookie["path"] == "/_flowproof"
    assert TOKEN not in cookie["value"]


@pytest.mark.parametrize("provider", ["flow1st", "oneflow"])
def test_first_request_succeeds_as_it_is_shown(browser: webdriver.Chrome, server: Server, provider: str) -> None:
    """
    The command that the start shows is signed, and the mock accepts it.
    """
    go(browser, server, "default/start")
    card = f"article:has([name=path-{provider}])"
    click(browser, "A first request", card)
    click(browser, "Show as cURL", card)
    command = see(browser, "curl -X GET", f"{card} .signed pre")

    subprocess.run(["sh", "-c", f"{command} -s"], check=True, capture_output=True, timeout=WAIT_S)

    assert control(server, "/workspaces/default/journal")["exchanges"][-1]["response"]["status"] == 200


def test_webhook_is_sent_and_the_adversary_set(browser: webdriver.Chrome, server: Server) -> None:
    """
    An event goes to a receiver and is seen as delivered; the adversary is set and dismissed by a form.
    """
    with Inbox() as inbox:
        go(browser, server, "default/webhooks")
        fill(browser, "url", f"{inbox.url}/hooks")
        click(browser, "Send the event")
        see(browser, "delivered", "main table")
    fill(browser, "copies", "2")
    click(browser, "Set")
    see(browser, "The adversary is set.")
    assert control(server, "/workspaces/default/webhooks")["adversary"]["copies"] == 2

    click(browser, "Deliver honestly")

    see(browser, "Webhooks are delivered honestly.")
    assert control(server, "/workspaces/default/webhooks")["adversary"]["copies"] == 1


def test_receiver_is_tried(browser: webdriver.Chrome, server: Server) -> None:
    """
    The trial of a receiver that accepts everything fails it for forged signatures.
    """
    with Inbox() as inbox:
        go(browser, server, "default/webhooks")
        fill(browser, "url", f"{inbox.url}/hooks")
        click(browser, "Try the receiver")

        see(browser, "FAIL", "[role=status] table")


def test_seed_data_is_edited_and_checked(browser: webdriver.Chrome, server: Server) -> None:
    """
    Seed data that the schema refuses is not saved, and the page says why.
    """
    go(browser, server, "default/state")
    before = control(server, "/workspaces/default/seed/oneflow")
    click(browser, "oneflow")
    text = find(browser, "[aria-label='Seed data of oneflow']")
    text.clear()
    text.send_keys('{"nothing": 1}')
    click(browser, "Save", "details[open]")

    see(browser, "request.body", "#messages")
    assert control(server, "/workspaces/default/seed/oneflow") == before
