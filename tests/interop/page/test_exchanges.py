"""The page's list of exchanges, and one of them."""

import json
from pathlib import Path

import requests
from selenium import webdriver
from selenium.webdriver.common.by import By

from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.serving import Gateway, Server
from tests.interop.page.driver import WAIT_S, ask, click, control, failures, find, furnish, go, see, wait


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

    schema = json.loads((Path(__file__).parents[3] / "fixtures" / "case.schema.json").read_text())
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
