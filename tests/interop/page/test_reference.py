"""The page's API reference and its certificates."""

from pathlib import Path

from selenium import webdriver

from flowproof.kernel.serving import Server
from tests.certify.today import issue_today
from tests.interop.page.driver import OPEN_ALL, click, control, failures, find, go, see

DROP = """
const [zone, name, text] = arguments;
const dataTransfer = new DataTransfer();
dataTransfer.items.add(new File([text], name));
zone.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
"""


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
