"""The page's start: credentials, workspaces, the token, a first request."""

import subprocess

import pytest
from selenium import webdriver

from flowproof.kernel.serving import Server
from tests.interop.page.driver import TOKEN, WAIT_S, click, control, failures, fill, find, go, see, wait


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
