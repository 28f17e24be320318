"""Sessions of Charles in its own JSON: read, replayed, imported and sent to the mock."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flowproof.cli import main
from flowproof.recording import read_document

from .archives import archive, entry

CARD = {"app_token": "1-f2b086b3", "sku": "123kdfgf", "recipient_email": "ada@corp.test", "message": "Grüße"}
ANSWER = {"success": True, "response": {"sku": "123kdfgf", "message": "Grüße"}}
BYTES = bytes(range(256))


def message(body: dict[str, Any] | None, media_type: str, *, first_line: str, size: int = 0) -> dict[str, Any]:
    """A request or a response as Charles writes it."""
    headers = [{"name": "Content-Type", "value": media_type}, {"name": ":authority", "value": "x.test"}]
    found: dict[str, Any] = {
        "sizes": {"headers": 200, "body": size},
        "mimeType": media_type,
        "charset": "utf-8",
        "contentEncoding": None,
        "header": {"firstLine": first_line, "headers": headers},
    }
    return found if body is None else {**found, "body": body}


def transaction(path: str, request: dict[str, Any], response: dict[str, Any] | None, **others: Any) -> dict[str, Any]:
    """One transaction of a session."""
    return {
        "status": "COMPLETE",
        "method": "POST",
        "protocolVersion": "HTTP/2.0",
        "scheme": "https",
        "host": "x.test",
        "port": None,
        "actualPort": 443,
        "path": path,
        "query": None,
        "tunnel": False,
        "times": {"start": "2026-03-01T10:00:01.250+01:00"},
        "request": request,
        "response": response,
        **others,
    }


def session() -> list[dict[str, Any]]:
    """A card, an answer that is no text, a body that was not kept, and what is no exchange."""
    text = json.dumps(CARD, ensure_ascii=False)
    sent = message({"text": text, "charset": "utf-8"}, "application/json", first_line="POST / HTTP/1.1")
    answered = message({"text": json.dumps(ANSWER)}, "application/json", first_line="HTTP/1.1 200")
    encoded = {"encoding": "base64", "encoded": base64.b64encode(BYTES).decode()}
    picture = message(encoded, "image/png", first_line="HTTP/1.1 200", size=256)
    empty = message(None, "", first_line="GET / HTTP/1.1")
    large = message(None, "application/json", first_line="HTTP/1.1 200", size=9_000_000)
    return [
        transaction("/api/v1/flow-card/add", sent, {**answered, "status": 200}),
        transaction("/picture", empty, {**picture, "status": 200}, method="GET", query="a=1", actualPort=8443),
        transaction("/large", empty, {**large, "status": 200}, method="GET"),
        transaction("", empty, {"status": 200}, method="CONNECT", tunnel=True),
        transaction("/lost", empty, None, method="GET", status="FAILED"),
    ]


def run(*arguments: object) -> Result:
    """A command line."""
    return CliRunner().invoke(main, [str(each) for each in arguments])


def test_session_of_charles_is_read_as_it_went_over_the_wire() -> None:
    """Texts, bytes, ports and queries are those that were sent; a tunnel and a broken request are left out."""
    found = read_document("shop.chlsj", session())
    card, picture, large = found.exchanges

    assert (card.url, card.status, json.loads(card.request.body or b"")) == (
        "https://x.test/api/v1/flow-card/add",
        200,
        CARD,
    )
    assert [name for name, _ in card.request.headers] == ["Content-Type"]
    assert (picture.url, picture.response.body) == ("https://x.test:8443/picture?a=1", BYTES)
    assert large.response.body is None
    assert found.left_out == (
        "1 tunnels, into which Charles did not look",
        "1 requests without an answer of their own (blocked, broken off, or from a cache)",
    )


def test_session_of_charles_becomes_a_case_and_is_sent_to_the_mock(tmp_path: Path) -> None:
    """Import and drift take a session as they take an archive, and no person of it is in the case."""
    file = tmp_path / "shop.chlsj"
    file.write_text(json.dumps(session()), encoding="utf-8")
    imported = run("import", "dots_eco", file, "--output", tmp_path / "cases", "--id", "shop")
    drift = run("drift", "dots_eco", "--recording", file, "--target", "mock", "--json")
    text = (tmp_path / "cases" / "shop.json").read_text(encoding="utf-8")

    assert (imported.exit_code, "ada@corp.test" in text) == (0, False), imported.output
    assert [each["operation"] for each in json.loads(drift.output)["outcomes"]] == ["createFlowCard", "GET /large"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"request": {"body": {"encoded": "?"}}}, "Transaction 1 of bad.chlsj cannot be read (ValueError)"),
        ({"method": None, "times": {"start": "yesterday"}}, "Transaction 1 of bad.chlsj cannot be read"),
        ({"status": "FAILED"}, "has no exchange that can be sent again"),
    ],
)
def test_bad_session_of_charles_is_refused_in_a_sentence(change: dict[str, Any], why: str, tmp_path: Path) -> None:
    """A session that cannot be read ends with exit code 2 and one line."""
    file = tmp_path / "bad.chlsj"
    file.write_text(json.dumps([{**session()[0], **change, "method": "POST"}]), encoding="utf-8")
    result = run("import", "dots_eco", file, "--output", tmp_path / "cases")

    assert (result.exit_code, why in result.output, result.output.count("\n")) == (2, True, 1), result.output


def test_json_that_charles_keeps_as_the_name_of_a_parameter_is_json() -> None:
    """Where a client calls JSON a form, Charles writes one parameter without a value: its name is the body."""
    text = json.dumps(CARD)
    form = {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": text, "value": ""}]}
    headers = {"content-type": form["mimeType"], "content-length": str(len(text))}
    made = entry("POST", "https://x.test/a", 200, headers=headers, posted=form)  # type: ignore[arg-type]  # (values of any kind)
    (exchange,) = read_document("c.har", archive(made, program="Charles Proxy")).exchanges

    assert json.loads(exchange.request.body or b"") == CARD
