"""The page's clock, faults, webhooks and state."""

from selenium import webdriver
from selenium.webdriver.common.by import By

from flowproof.inbox import Inbox
from flowproof.kernel.serving import Server
from tests.interop.page.driver import OPEN_ALL, ask, click, control, fill, find, go, order, see, send, steer, wait


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
