"""The page for browsers, driven by clicks in a headless Chromium."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from flowproof.cli.foreground import sign_with_kit, verify_certificate
from flowproof.clients.oneflow import Signer
from flowproof.conformance import Contract, load_contract
from flowproof.inbox import Inbox
from flowproof.kernel import Provider
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.serving import Gateway, Server
from flowproof.providers import find_providers
from tests.certify.today import issue_today
from tests.interop import programs
from tests.interop.browser import chromium

CONTRACTS = Path(__file__).parents[2] / "contracts"
WAIT_S = 60
TOKEN = "a-token-of-the-server"
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
OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; });"
RUN_AXE = """
const [rules, done] = arguments;
axe.run(document, { resultTypes: ["violations"], ...(rules ? { runOnly: rules } : {}) }).then(({ violations }) =>
  done(violations.flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.html} ${node.failureSummary}`))));
"""


DROP = """
const [zone, name, text] = arguments;
const dataTransfer = new DataTransfer();
dataTransfer.items.add(new File([text], name));
zone.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
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


@pytest.fixture(scope="module")
def providers() -> list[tuple[Provider, Contract]]:
    """Real providers with their contracts, which take longer to load than a server takes to start."""
    found = find_providers(["flow1st", "oneflow", "otter"])
    return [(each, load_contract(each.slug, each.contract)) for each in found]


@pytest.fixture
def gateway(providers: list[tuple[Provider, Contract]]) -> Gateway:
    """Mocks whose journal is long."""
    settings = ServerSettings(entropy=1, journal_keep=6000, signer=sign_with_kit, verifier=verify_certificate)
    contracts = {each.slug: contract for each, contract in providers}
    return build_gateway([each for each, _ in providers], settings, contracts=contracts)


@pytest.fixture
def server(gateway: Gateway) -> Iterator[Server]:
    """They are served."""
    with Server(gateway) as running:
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

    assert stated["text"].replace("`", "") in text
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


def test_five_thousand_exchanges_are_a_few_rows(browser: webdriver.Chrome, server: Server, gateway: Gateway) -> None:
    """
    Of five thousand exchanges only the rows in view are elements; the filter finds the one that is meant.
    """
    for number in range(5000):
        gateway.serve_from_thread(WireRequest("GET", f"/w/default/otter/x/{number}", "", (), b""))
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


def test_operation_is_tried_without_a_secret(browser: webdriver.Chrome, server: Server) -> None:
    """
    The reference sends a request that the server signs; the answer is shown, and no secret came into the browser.
    """
    secret = control(server, "/workspaces/default")["providers"]["oneflow"]["credentials"]["default"]["secret"]
    go(browser, server, "default/reference/oneflow/listOrders")
    click(browser, "Try it")
    see(browser, "without credentials", "[name=role]")
    click(browser, "Send", ".try")
    assert "HTTP 200" in see(browser, "Response", ".result")
    assert secret not in browser.page_source

    find(browser, "[name=role]").send_keys("without")
    click(browser, "Send", ".try")

    see(browser, "oneflow.auth.header", ".result")
    assert failures(browser) == []


def test_reference_has_contract_and_requirements(browser: webdriver.Chrome, server: Server) -> None:
    """
    An operation shows its schemas, examples and requirements with source and standing; the overview what is missing.
    """
    stated = control(server, "/providers/oneflow/requirements")["requirements"]
    [shown] = [each for each in stated if each["id"] == "oneflow.auth.signature"]
    go(browser, server, "default/reference/oneflow")
    text = see(browser, shown["source"], ".content")
    assert f"Requirements ({len(stated)})" in text
    assert control(server, "/providers")["providers"]["oneflow"]["not_emulated"][0] in text
    find(browser, ".side [name=operation]").send_keys("submit")

    click(browser, "POST/api/order", ".side")
    text = see(browser, "Requirements of this operation", ".content")

    assert "sourceOrderId" in browser.execute_script(f"{OPEN_ALL} return document.querySelector('.try textarea').value")
    assert "Example: full" in text


def test_control_api_has_its_reference(browser: webdriver.Chrome, server: Server) -> None:
    """
    The control API's own operations are shown and tried, with the chosen workspace filled in.
    """
    go(browser, server, "default/reference/_control/getClock")
    click(browser, "Try it")
    click(browser, "Send", ".try")

    assert '"mode": "real"' in see(browser, "HTTP 200", ".result")


def test_certificate_is_verified(browser: webdriver.Chrome, server: Server, tmp_path: Path) -> None:
    """
    A certificate is trusted with the signer's key and not without; one that was dropped and is none is invalid.
    """
    file, key = issue_today(tmp_path)
    go(browser, server, "default/certificates")

    find(browser, "[name=certificate]").send_keys(str(file))
    see(browser, "NOT TRUSTED", "[aria-label=Result]")
    find(browser, "[name=keys]").send_keys(str(key))
    text = see(browser, "which you trust", "[aria-label=Result]")
    assert "VALID" in text.splitlines()[0]
    assert "acme.order.date" in text

    browser.execute_script(DROP, find(browser, ".drop"), "broken.zip", "PK and nothing else")
    assert "The file was changed, or is no certificate" in see(browser, "INVALID", "[aria-label=Result]")
    assert failures(browser) == []


def test_wrong_signature_is_shown_beside_the_right_one(browser: webdriver.Chrome, server: Server) -> None:
    """
    The string to sign stands beside the one that the client signed, with the difference marked and named.
    """
    furnish(server)
    go(browser, server, "default/exchanges/default-2")
    see(browser, "What the client signed", ".signature")

    marks = [each.text for each in browser.find_elements(By.CSS_SELECTOR, ".signature mark")]
    assert marks == ["POST", "post"]
    see(browser, "method_lower", ".signature")


def test_miss_names_the_nearest_operation(browser: webdriver.Chrome, server: Server) -> None:
    """
    A request that met no operation is shown with the one that was probably meant.
    """
    ask(server, "/api/orders")
    go(browser, server, "default/exchanges/default-1")

    see(browser, "listOrders", ".why")


def test_selection_is_saved_as_an_archive(browser: webdriver.Chrome, server: Server) -> None:
    """
    The archive has the exchanges that the filter lets through, and no other.
    """
    ask(server, "/first")
    ask(server, "/second")
    go(browser, server, "default/exchanges")
    find(browser, "input[type=search]").send_keys("/second")
    see(browser, "1 of 2", ".toolbar")
    browser.execute_script(
        "URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return '#'; };"
    )
    click(browser, "HAR of these")

    saved = json.loads(wait(browser, lambda: browser.execute_script("return window.saved")))
    assert [each["_flowproof"]["id"] for each in saved["log"]["entries"]] == ["default-2"]


def test_webhook_is_retried_now(browser: webdriver.Chrome, server: Server) -> None:
    """
    A webhook that waits for its next attempt is tried by a click, and delivered.
    """
    with Inbox(answers=[500, 200]) as inbox:
        value = {"provider": "oneflow", "event": "orderReceived", "url": f"{inbox.url}/hooks"}
        steer(server, "POST", "/webhooks/trigger", value)
        go(browser, server, "default/webhooks")
        see(browser, "500", "main table")
        find(browser, "[aria-label='Retry dlv-1 now']").click()

        see(browser, "delivered", "main table")


def test_clock_is_advanced_to_what_is_due(browser: webdriver.Chrome, server: Server) -> None:
    """
    What is due stands on a line of time; a click moves the clock there, and it is done.
    """
    steer(server, "PUT", "/clock", {"mode": "frozen", "now": "2026-01-01T12:00:00Z"})
    send(server, "POST", "/api/order", body=order())
    [task] = control(server, "/workspaces/default/tasks")["pending"]
    go(browser, server, "default/clock")
    see(browser, task["name"], "main table")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".timeline .dot")) == 1

    click(browser, "Advance to it")

    see(browser, task["due_at"], "#now")
    assert task not in control(server, "/workspaces/default/tasks")["pending"]


def test_script_in_an_order_is_text(browser: webdriver.Chrome, server: Server) -> None:
    """
    An order to somebody named like a script is shown as text among the records.
    """
    attack = "<script>document.title=1</script>"
    assert send(server, "POST", "/api/order", body=order(name=attack))["status"] == 201
    steer(server, "POST", "/clock/advance", {"seconds": 60})
    go(browser, server, "default/state")
    find(browser, "[data-kind^='oneflow/order']")
    browser.execute_script(OPEN_ALL)

    assert "orderData.status" in see(browser, "printready", "[data-kind^='oneflow/order'] table")
    see(browser, attack, "main")
    assert browser.find_elements(By.CSS_SELECTOR, "main script") == []
    assert browser.title.endswith("Flowproof")


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
