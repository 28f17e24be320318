"""The pipeline of one request: a mock that fails or lies, and what is kept of it."""

import json
import logging
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import requests

from tests.kernel.notes.desk import Desk


def test_failing_view_is_the_providers_own_500(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """
    A view that raises is answered in the provider's words; its changes are undone, the journal knows, the log says why.
    """
    desk.write("before")
    answer = desk.ask("POST", "/broken")
    (_, entry) = desk.journal()

    assert (answer.status_code, answer.json(), desk.texts()) == (500, {"oops": "500"}, ["before"])
    assert (entry["operation"], entry["response"]["status"]) == ("breakDown", 500)
    assert "on purpose" in caplog.text


def test_lying_mock_is_noted_and_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """
    An answer that breaks the contract is delivered, noted as a finding in the journal, and logged as our bug.
    """
    with caplog.at_level(logging.WARNING, "flowproof.mock"):
        answer = desk.ask("GET", "/liar")
    (finding,) = desk.journal()[0]["findings"]

    assert (answer.status_code, answer.json()) == (200, {"text": ""})
    assert (finding["where"], finding["pointer"], finding["requirement"]) == ("response.body", "/text", "notes.text")
    assert "the mock of notes breaks its own contract: response.body#/text" in caplog.text


def test_refusal_changes_nothing(desk: Desk) -> None:
    """
    A body that breaks the contract is refused with its place, and nothing is kept.
    """
    answer = desk.ask("POST", "/notes", json={"text": 5})
    (finding,) = desk.journal()[0]["findings"]

    assert (answer.status_code, desk.texts()) == (400, [])
    assert (finding["pointer"], finding["expected"], finding["got"]) == ("/text", "a string", "5")


def test_answer_of_204_has_no_body(desk: Desk) -> None:
    """
    An answer without content has neither body nor type.
    """
    answer = desk.ask("DELETE", "/notes/none")

    assert (answer.status_code, answer.content, answer.headers.get("content-type")) == (204, b"", None)


def test_date_is_the_workspaces(desk: Desk) -> None:
    """
    The Date header shows the workspace's clock.
    """
    desk.control("PUT", "/clock", {"mode": "frozen", "now": "2024-09-13T12:00:00Z"})

    assert desk.ask("GET", "/notes").headers["Date"] == "Fri, 13 Sep 2024 12:00:00 GMT"


def test_double_slash_is_told_what_it_is(desk: Desk) -> None:
    """
    The explanation of a path with a double slash says so, below a provider and before one.
    """
    desk.ask("POST", "//notes")
    with closing(HTTPConnection(urlsplit(desk.server).netloc, timeout=60)) as raw:  # (requests mends the path itself)
        raw.request("GET", "//notes/notes")
        outside = json.load(raw.getresponse())

    assert desk.journal()[0]["findings"][0]["expected"] == "the path without a double slash: POST /notes"
    assert "The path has a double slash." in outside["detail"]


@pytest.mark.parametrize(
    ("forwarded", "scheme"),
    [("https", "https"), ("HTTPS, http", "https"), ("http", "http"), ("gopher", "http"), ("", "http")],
)
def test_scheme_is_the_one_before_the_proxy(desk: Desk, forwarded: str, scheme: str) -> None:
    """
    Behind a proxy that ends TLS, base URLs and the journal have the scheme that the client wrote.
    """
    desk.ask("GET", "/notes", headers={"X-Forwarded-Proto": forwarded})
    shown = requests.get(
        f"{desk.server}/_flowproof/providers", headers={"X-Forwarded-Proto": forwarded}, timeout=5
    ).json()

    assert desk.journal()[0]["request"]["url"].partition(":")[0] == scheme
    assert shown["providers"]["notes"]["base_url"].partition(":")[0] == scheme


def test_unknown_path_is_told_the_nearest_operation(desk: Desk) -> None:
    """
    The explanation of a 404 names the operation that looks most alike.
    """
    desk.ask("POST", "/note")

    assert desk.journal()[0]["findings"][0]["expected"] == "an operation of the contract, such as POST /notes"
