"""The journal: bounded, without secrets however they came, and a HAR 1.2 archive."""

import base64
import logging
from typing import Any
from urllib.parse import quote

import orjson
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowproof.kernel.serving import Gateway, Server
from flowproof.redaction.journal_entries import redact_entry
from tests.archives import errors_of_archive
from tests.kernel.notes.desk import Desk, make_desk


def test_journal_keeps_the_last_exchanges_only(gateway: Gateway, desk: Desk) -> None:
    """
    Of many exchanges the last fifty are kept, in the order in which they came.
    """
    for _ in range(55):
        desk.ask("GET", "/notes")

    rows = gateway.mock.store.exchanges.last(desk.id, after=0, limit=1000, refused_only=False)
    assert [entry["number"] for entry in desk.journal()] == [row.number for row in rows] == list(range(6, 56))


def test_exchange_is_found_by_the_id_in_its_header(server: Server, desk: Desk) -> None:
    """
    The response says the exchange's id, under which the journal has request and answer.
    """
    answer = desk.ask("POST", "/notes?x=1", json={"text": ""})
    name = answer.headers["Flowproof-Exchange"]
    entry = requests.get(f"{server.url}/_flowproof/exchanges/{name}", timeout=5).json()

    assert (entry["operation"], entry["request"]["query"], entry["request"]["body"]["text"]) == (
        "createNote",
        "x=1",
        '{"text": ""}',
    )
    assert (entry["response"]["status"], entry["requirement"], entry["findings"][0]["pointer"]) == (
        400,
        "notes.text",
        "/text",
    )


@pytest.mark.parametrize(
    "name", ["Cookie", "X-Api-Key", "Proxy-Authorization", "Authorization", "X-Whatever", "Referer", "X-Csrf-Token"]
)
def test_header_that_nobody_knows_is_redacted(desk: Desk, name: str) -> None:
    """
    The value of a header is shown only where its name is known to be harmless; journal and archive show the name alone.
    """
    desk.ask("GET", "/notes", headers={name: "a-value-of-mine", "Accept-Language": "en"})
    shown = dict(desk.journal()[0]["request"]["headers"])
    archive = requests.get(f"{desk.own}/journal.har", timeout=5).text

    assert (shown[name.lower()], shown["accept-language"]) == ("[redacted]", "en")
    assert "a-value-of-mine" not in archive


@pytest.mark.parametrize("mode", ["real", "frozen", "stepped"])
def test_exchange_names_the_mode_of_its_clock(desk: Desk, mode: str) -> None:
    """
    Each exchange says which clock it was timed by, so that two equal times can be read.
    """
    desk.control("PUT", "/clock", {"mode": mode})
    desk.write()

    assert [entry["clock"] for entry in desk.journal()] == [mode]


def test_last_refused_is_the_last_that_was_refused(server: Server, desk: Desk) -> None:
    """
    Behind a success the last refusal is still found, whatever refused it.
    """
    last = []
    for method, path in (("POST", "/notes"), ("GET", "/notes/none")):
        name = desk.ask(method, path, json={}).headers["Flowproof-Exchange"]
        desk.write()
        url = f"{server.url}/_flowproof/exchanges/last-refused?workspace={desk.id}"
        last.append((requests.get(url, timeout=5).json()["id"], name))

    assert all(found == name for found, name in last)
    assert [entry["number"] for entry in desk.control("GET", "/journal?refused=true")["exchanges"]] == [1, 3]


def test_requirement_header_is_on_refusals_only(desk: Desk) -> None:
    """
    Only a refusal names a requirement.
    """
    headers = [
        answer.headers.get("Flowproof-Requirement") for answer in (desk.write(), desk.ask("POST", "/notes", json={}))
    ]

    assert headers == [None, "notes.text"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_secret_is_nowhere_however_it_came(server: Server, data: st.DataObject) -> None:
    """
    A secret in header, query, path, key or body, as text, JSON or bytes, stands in no entry and no archive.
    """
    desk = make_desk(server)
    planted = data.draw(
        st.sets(st.sampled_from(["header", "query", "path", "json", "text", "bytes", "name", "token"]), min_size=1)
    )
    pad = data.draw(st.text(alphabet="ab\u20ac", max_size=3))
    secret = desk.secret
    path = f"/notes/{quote(secret, safe='')}" if "path" in planted else "/notes"
    body: Any = orjson.dumps({"text": "x"})
    if "json" in planted:
        body = orjson.dumps({"text": f"{pad}{secret}{pad}", "in": [orjson.dumps(secret).decode()]})
    elif "name" in planted:
        body = orjson.dumps({"text": "x", secret: 1})
    elif "text" in planted:
        body = f"{pad}{secret}".encode()
    elif "bytes" in planted:
        body = b"\xff\xfe" + secret.encode() + b"\xff"
    headers = {"content-type": "application/json"}
    if "header" in planted:
        headers["x-planted"] = f"before {secret} after".encode()  # type: ignore[assignment]  # bytes go as they are
    if "token" in planted:
        headers["x-key"] = secret.encode()  # type: ignore[assignment]
    desk.ask("POST", path, data=body, headers=headers, params={"q": secret} if "query" in planted else {})
    shown = (
        requests.get(f"{desk.own}/journal", timeout=5).text + requests.get(f"{desk.own}/journal.har", timeout=5).text
    )
    fetched = str(desk.journal())
    desk.control("DELETE", "")

    core = secret[:20]
    assert core not in shown
    assert core not in fetched
    for entry in orjson.loads(shown[: shown.index("}{") + 1] if "}{" in shown else shown)["exchanges"]:
        encoded = entry["request"]["body"].get("base64")
        assert encoded is None or core.encode() not in base64.b64decode(encoded)


def test_foreign_secret_in_a_keys_place_is_not_kept(
    server: Server, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """
    A secret that is sent as the key by mistake lands in the default workspace, and is not shown there, nor in the log.
    """
    with caplog.at_level(logging.DEBUG):
        core = desk.secret[:20]
        requests.get(f"{server.url}/notes/notes/{core}?a={core}", headers={"x-key": core}, timeout=5)
        desk.ask("GET", f"/notes/{quote(desk.secret, safe='')}")
    shown = requests.get(f"{server.url}/_flowproof/workspaces/default/journal", timeout=5).text

    ours = [record.getMessage() for record in caplog.records if record.name.startswith("flowproof")]
    assert core not in shown
    assert len(ours) >= 2
    assert [message for message in ours if core in message or desk.secret[:20] in message] == []


def test_secret_cut_in_two_by_the_limit_is_not_kept(desk: Desk) -> None:
    """
    A secret across the end of what is kept of a long body, text or not, leaves no beginning there.
    """
    for body in (b"x" * (65_536 - 12), b"\xff" * (65_536 - 12)):
        desk.ask("POST", "/notes", data=body + desk.secret.encode() + b"x" * 100, headers={"content-type": "a/b"})

    texts = [entry["request"]["body"] for entry in desk.journal()]
    ends = [
        base64.b64decode(each["base64"])[-12:] if "base64" in each else each["text"][-12:].encode() for each in texts
    ]
    assert all(desk.secret[:12].encode() != end for end in ends)
    assert [(each["truncated"], "text" in each) for each in texts] == [(True, True), (True, False)]


@given(st.text(min_size=1, max_size=6), st.text(max_size=10), st.integers())
def test_redaction_never_breaks_an_entry(secret: str, text: str, number: int) -> None:
    """
    Whatever the secret, even one like a key or a number of the entry, the entry keeps its shape and loses the secret.
    """
    entry = {
        "id": "status-1",
        "number": 1,
        "request": {"path": f"{text}{secret}", "size": number},
        "response": {"status": 200},
    }
    shown = redact_entry(entry, frozenset({secret}))

    assert (shown["id"], shown["number"], shown["request"].keys() if secret not in "pathsize" else None) == (
        "status-1",
        1,
        entry["request"].keys() if secret not in "pathsize" else None,  # type: ignore[attr-defined]
    )
    assert [part for part in next(iter(shown["request"].values())).split("[redacted]") if secret in part] == []


def test_archive_is_valid_har(desk: Desk) -> None:
    """
    The archive of text, bytes, refusals, resets and empty answers is valid by the HAR 1.2 specification.
    """
    desk.write()
    desk.ask("GET", "/notes?page=1&empty=&a=b")
    desk.ask("POST", "/notes", data=b"\xff\xfe", headers={"content-type": "a/b"})
    desk.ask("DELETE", "/notes/none")
    desk.break_by({"fault": "reset", "first": 1})
    with pytest.raises(requests.ConnectionError):
        desk.write()
    archive = desk.control("GET", "/journal.har")

    assert errors_of_archive(archive) == []
    assert [entry["response"]["status"] for entry in archive["log"]["entries"]] == [201, 200, 400, 204, 0]


def test_cleared_journal_goes_on_counting(desk: Desk) -> None:
    """
    After the journal was emptied no id is used again.
    """
    desk.write()
    desk.control("DELETE", "/journal")
    desk.write()

    assert [entry["number"] for entry in desk.journal()] == [2]
