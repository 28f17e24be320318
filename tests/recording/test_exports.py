"""
Recordings as other programs export them, of the same page with the same requests.

`exports/chromium.har` is what the network panel of Chromium 156 exports, `firefox.har` that of Firefox ESR 153,
`mitmproxy.har` what mitmdump 11.0.2 writes with `hardump`, `postman.json` what Postman's own SDK (postman-collection 5)
writes; shortened, with another token. Charles' is put together from published exports of Charles 4.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from flowproof.cli import main
from flowproof.recording import Recording, read_document, read_recording

from .archives import archive, entry

EXPORTS = Path(__file__).parent / "exports"
TOKEN = "0123456789abcdef0123456789abcdef"
PEOPLE = ("Ada Obiageli", "ada.obiageli@corp.test", "ada%40corp.test", TOKEN, "sess_9f8e7d6c5b4a")
PROGRAMS = {"chromium": "WebInspector", "firefox": "Firefox", "mitmproxy": "mitmproxy"}
CARD = {
    "app_token": "1-f2b086b3",
    "sku": "123kdfgf",
    "recipient_name": "Ada Obiageli é€😀",
    "recipient_email": "ada.obiageli@corp.test",
    "from": "John doe",
    "message": "Grüße",
}
BYTES = bytes([123, 34, 195, 40, 0, 255])
PICTURE = b"\x89PNG\r\n\x1a\n\x00\xff"


def paths(recording: Recording) -> dict[str, Any]:
    """The exchanges by the last segment of their paths."""
    return {urlsplit(each.url).path.rpartition("/")[2]: each for each in recording.exchanges}


@pytest.mark.parametrize("program", PROGRAMS)
def test_export_is_read_as_it_went_over_the_wire(program: str) -> None:
    """Text of every script, bytes that are no text, forms and compressed answers are those that were sent."""
    recording = read_recording(EXPORTS / f"{program}.har")
    found = paths(recording)

    assert recording.program == PROGRAMS[program]
    assert list(found) == ["1-f2b086b3", "add", "gzip", "picture", "form", "multi", "raw"]
    assert json.loads(found["add"].request.body) == CARD
    assert json.loads(found["add"].response.body)["response"]["message"] == "Grüße"
    assert found["gzip"].response.body == '{"a": "é"}'.encode()
    assert found["form"].request.body == b"a=1&b=%C3%A9+%2B%26%3D"
    assert (found["form"].status, found["form"].response.body) == (204, b"")
    assert found["raw"].request.body == BYTES


@pytest.mark.parametrize(("program", "picture"), [("chromium", None), ("firefox", PICTURE), ("mitmproxy", PICTURE)])
def test_body_that_nobody_has_read_is_not_kept(program: str, picture: bytes | None) -> None:
    """Chromium writes an empty text for an answer that the page did not read: it is not known, and not empty."""
    assert paths(read_recording(EXPORTS / f"{program}.har"))["picture"].response.body == picture


@pytest.mark.parametrize(
    ("program", "is_kept"), [("chromium", False), ("firefox", True), ("mitmproxy", True)], ids=list(PROGRAMS)
)
def test_form_with_a_file_is_whole_or_not_kept(program: str, is_kept: bool) -> None:
    """A form with a file has its bytes, or none where the program has changed them."""
    body = paths(read_recording(EXPORTS / f"{program}.har"))["multi"].request.body

    assert (body is not None and "é".encode() in body and b"\x00\xff\x01" in body) is is_kept
    assert (body is None) is not is_kept


def test_what_came_from_a_cache_or_broke_off_is_left_out() -> None:
    """An answer from the browser's cache was not given by the provider, and a broken connection has none."""
    notes = [read_recording(EXPORTS / f"{each}.har").left_out for each in PROGRAMS]
    why = "requests without an answer of their own (blocked, broken off, or from a cache)"

    assert notes == [(f"2 {why}",), (f"1 {why}",), (f"1 {why}",)]


@pytest.mark.parametrize("program", PROGRAMS)
def test_export_becomes_a_case_that_the_mock_answers_alike(program: str, tmp_path: Path) -> None:
    """What each program exports of the same page is the same case, without a person in it, and no drift is found."""
    file = str(EXPORTS / f"{program}.har")
    arguments = ["dots_eco", "--keep", "app_token"]
    imported = CliRunner().invoke(main, ["import", *arguments, file, "--output", str(tmp_path), "--id", "page"])
    drift = CliRunner().invoke(main, ["drift", *arguments, "--recording", file, "--target", "mock"])
    text = (tmp_path / "page.json").read_text(encoding="utf-8")

    assert (imported.exit_code, drift.exit_code) == (0, 0), imported.output + drift.output
    assert [each["request"]["path"] for each in json.loads(text)["steps"]] == [
        "/api/v1/application-balance/1-f2b086b3",
        "/api/v1/flow-card/add",
    ]
    assert "exchanges of http://127.0.0.1:18080/dots_eco" in text  # (a Referer is no secret)
    assert [each for each in PEOPLE if each in text] == []


def test_collection_of_postmans_sdk_is_read() -> None:
    """A URL in parts, variables of its path, disabled parameters, and bodies of every kind but files are resolved."""
    recording = read_recording(EXPORTS / "postman.json")
    first, form, multipart, graphql = recording.exchanges

    assert first.url == "https://x.test/dots/api/v1/application-balance/1-f2b086b3?x=1"
    assert first.request.header("auth-token") == "t-12345678"
    assert form.request.body == b"a=1"
    assert (multipart.request.media_type, b'name="a"\r\n\r\n1\r\n' in (multipart.request.body or b"")) == (
        "multipart/form-data",
        True,
    )
    assert json.loads(graphql.request.body or b"") == {"query": "{a}", "variables": {"x": 1}}


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ({"type": "bearer", "bearer": [{"key": "token", "value": "{{t}}"}]}, ("Authorization", "Bearer t-1")),
        ({"type": "bearer", "bearer": {"token": "{{t}}"}}, ("Authorization", "Bearer t-1")),  # v2.0
        ({"type": "basic", "basic": [{"key": "username", "value": "a"}]}, ("Authorization", "Basic YTo=")),
        ({"type": "apikey", "apikey": [{"key": "key", "value": "X-K"}, {"key": "value", "value": "1"}]}, ("X-K", "1")),
        ({"type": "awsv4"}, ("Authorization", "awsv4 credentials")),
        ({"type": "noauth"}, None),
    ],
)
@pytest.mark.parametrize("place", ["collection", "folder", "request"])
def test_credentials_that_postman_adds_are_the_requests(place: str, auth: Any, header: tuple[str, str] | None) -> None:
    """Credentials of a collection, a folder or a request are sent with it: it was not refused for having none."""
    inherited = {"type": "bearer", "bearer": [{"key": "token", "value": "of the collection"}]}
    request = {"method": "GET", "url": "https://x.test/a", **({"auth": auth} if place == "request" else {})}
    item = {"name": "a", "request": request, "response": [{"code": 403, "body": ""}]}
    document = {
        "info": {"schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
        "variable": [{"key": "t", "value": "t-1"}],
        "auth": auth if place == "collection" else inherited,
        "item": [{"item": [item], **({"auth": auth} if place == "folder" else {})}],
    }
    (exchange,) = read_document("c.json", document).exchanges

    assert exchange.request.headers == (() if header is None else (header,))


def test_export_of_charles_is_read() -> None:
    """Charles writes forms as parameters, HTTP/2's status as a header, and no reason; what failed has no status."""
    parameters = [{"name": "a", "value": "é"}, {"name": "b", "value": None}]
    form = {"mimeType": "application/x-www-form-urlencoded", "params": parameters}
    made = entry("POST", "https://x.test/a", 200, posted=form, answer_headers={":status": "200"})
    made["response"] |= {"_charlesStatus": "COMPLETE", "statusText": None}
    failed = entry("GET", "https://x.test/b", 0)
    failed["response"] |= {"_charlesStatus": "EXCEPTION", "status": None}
    (exchange,) = read_document("c.chlsj.har", archive(made, failed, program="Charles Proxy")).exchanges

    assert exchange.request.body == b"a=%C3%A9&b="
    assert [name for name, _ in exchange.response.headers] == ["content-type"]


def test_connection_that_became_another_protocol_is_left_out() -> None:
    """What Chromium and mitmproxy have of a WebSocket is no request that can be sent again."""
    socket = entry("GET", "https://x.test/socket", 101)
    recording = read_document("s.har", archive(socket, entry("GET", "https://x.test/a", 200)))

    assert recording.left_out == ("1 connections that became another protocol",)


def test_text_of_the_providers_own_encoding_stays_text() -> None:
    """An answer in Latin-1, which a browser has decoded, stays readable, though its length is that of its bytes."""
    answered = {"size": 2, "mimeType": "text/plain", "text": "hé"}
    made = entry("GET", "https://x.test/a", 200, answered=answered, answer_headers={"Content-Length": "2"})
    (exchange,) = read_document("a.har", archive(made)).exchanges

    assert exchange.response.body == "hé".encode()
