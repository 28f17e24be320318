"""A mock that answers from a recording alone: what was recorded, and nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from flowproof.cli import main
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.providers import find_providers
from flowproof.recording import read_document
from flowproof.replay import Replay, ReplayServer
from flowproof.target import ControlClient

from .archives import KEY, PLANTED, archive, entry, json_content, order_archive, posted

HOST = "https://api.example.test"
BODY = {"quantity": 1, "at": "2026-03-01T10:00:00Z", "apiKey": KEY}
RECORDED = archive(
    entry("GET", f"{HOST}/v1/jobs/7", 200, answered=json_content({"state": "queued"}), second=1),
    entry("GET", f"{HOST}/v1/jobs/7", 200, answered=json_content({"state": "done"}), second=2),
    entry("POST", f"{HOST}/v1/jobs?b=2&a=1", 201, posted=posted(BODY), answered=json_content({"id": 7}), second=3),
    entry(
        "GET",
        f"{HOST}/v1/picture",
        200,
        answered={"size": 4, "mimeType": "image/png", "text": "/9j/4A==", "encoding": "base64"},
        answer_headers={"content-type": "image/png", "content-encoding": "br", "x-cost": "3"},
        second=4,
    ),
)


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    """A strict server with a recording of four exchanges."""
    with ReplayServer(Replay([read_document("jobs.har", RECORDED)])) as running:
        yield running


def request(server: ReplayServer, method: str, target: str, body: Any = None) -> requests.Response:
    """A request to the server."""
    return requests.request(method, f"{server.url}{target}", json=body, timeout=30)


def test_repeated_request_has_its_answers_in_turn(server: ReplayServer) -> None:
    """What was polled is polled again with the same outcome; the last answer repeats."""
    states = [request(server, "GET", "/v1/jobs/7").json()["state"] for _ in range(3)]

    assert states == ["queued", "done", "done"]


def test_request_is_found_whatever_its_order_and_its_times(server: ReplayServer) -> None:
    """The order of parameters and members does not matter, nor do times and ids of the client's own."""
    body = dict(reversed({**BODY, "at": "2030-01-01T00:00:00Z"}.items()))
    answer = request(server, "POST", "/v1/jobs?a=1&b=2", body)

    assert (answer.status_code, answer.json()) == (201, {"id": 7})
    assert answer.headers["Flowproof-Replay"] == "exchange 3"


def test_bytes_and_headers_are_those_of_the_recording(server: ReplayServer) -> None:
    """An answer has the recorded bytes and headers, without those of the recorded connection."""
    answer = request(server, "GET", "/v1/picture")

    assert answer.content == b"\xff\xd8\xff\xe0"
    assert (answer.headers["x-cost"], answer.headers["content-type"]) == ("3", "image/png")
    assert "content-encoding" not in answer.headers


def test_miss_names_the_nearest_request_and_the_difference_without_values(server: ReplayServer) -> None:
    """What was not recorded is 404, with the nearest recorded request and where it differs; no value is shown."""
    answer = request(server, "POST", "/v1/jobs?a=1", {**BODY, "quantity": "1"})
    places = {(each["kind"], each["where"]) for each in answer.json()["nearest"]["differences"]}

    assert answer.status_code == 404
    assert places == {("missing", "query/b"), ("type", "body/quantity")}
    assert KEY not in answer.text
    assert request(server, "GET", "/v1/job/7").json()["nearest"]["path"] == "/v1/jobs/7"


def test_miss_falls_through_to_the_stateful_mock() -> None:
    """With a mock behind it, what was not recorded is answered by the mock, and what was recorded is not."""
    recorded = archive(entry("GET", f"{HOST}/api/order/1", 200, answered=json_content({"recorded": True})))
    gateway = build_gateway(find_providers(["oneflow"]), ServerSettings(entropy=0))
    replay = Replay([read_document("orders.har", recorded)])
    with Server(gateway) as mock, ReplayServer(replay, fall_through=f"{mock.url}/oneflow") as server:
        known, unknown = request(server, "GET", "/api/order/1"), request(server, "GET", "/api/order?page=2")
        entries = journal(server)

    assert known.json() == {"recorded": True}
    assert (unknown.status_code, "Flowproof-Replay" in unknown.headers) == (401, False)
    assert unknown.headers["Flowproof-Exchange"]
    assert entries[1]["explanation"].startswith("GET /api/order was not recorded: 127.0.0.1:")


def test_server_behind_that_is_gone_breaks_the_connection_and_the_journal_says_why() -> None:
    """Where nothing answers behind it, the client's connection breaks as it would there; the journal says why."""
    replay = Replay([read_document("jobs.har", RECORDED)])
    with ReplayServer(replay, fall_through="http://127.0.0.1:9") as server:
        with pytest.raises(requests.ConnectionError):
            request(server, "GET", "/nothing")
        (entry,) = journal(server)

    assert entry["explanation"].startswith(
        "GET /nothing was not recorded: 127.0.0.1:9 answered. The upstream cannot be"
    )


def test_body_in_chunks_is_found(server: ReplayServer) -> None:
    """However a body is framed, its request is the one that was recorded."""
    text = json.dumps(BODY).encode()
    headers = {"Content-Type": "application/json"}
    answer = requests.post(
        f"{server.url}/v1/jobs?a=1&b=2", data=iter([text[:5], text[5:]]), headers=headers, timeout=30
    )

    assert answer.status_code == 201


def journal(server: ReplayServer) -> list[Any]:
    """The exchanges that the control API shows, oldest first."""
    return list(ControlClient(server.control_url).workspace("default").journal.entries())


def test_journal_has_what_was_answered_and_why_something_was_not(server: ReplayServer) -> None:
    """The control API shows each exchange with its operation; a miss has the nearest and each difference, no value."""
    request(server, "GET", "/v1/jobs/7")
    request(server, "POST", "/v1/jobs?a=1", {**BODY, "quantity": "1"})
    answered, missed = journal(server)

    assert (answered["operation"], answered["response"]["status"], answered["findings"]) == ("GET /v1/jobs/7", 200, [])
    assert answered["explanation"] == "Answered as exchange 1 of the recording was."
    assert (missed["operation"], missed["response"]["status"]) == ("POST /v1/jobs", 404)
    assert missed["explanation"] == "POST /v1/jobs was not recorded. The nearest is exchange 3: POST /v1/jobs."
    assert [(each["where"], each["pointer"], each["keyword"]) for each in missed["findings"]] == [
        ("request.query", "/b", "missing"),
        ("request.body", "/quantity", "type"),
    ]
    assert KEY not in json.dumps([answered, missed])


def test_faults_are_laid_over_a_recording(server: ReplayServer) -> None:
    """Plans of an operation break an answer, cut it, and answer 503 in its place, each with the calls that it hits."""
    faults = ControlClient(server.control_url).workspace("default").faults
    plans: list[dict[str, Any]] = [
        {"fault": "status", "status": 503, "retry_after_s": 2, "first": 1},
        {"fault": "reset", "moment": "after", "every": 2},
        {"fault": "truncated_body", "every": 3},
    ]
    faults.set(*({**each, "operation": "GET /v1/jobs/7"} for each in plans))
    refused = request(server, "GET", "/v1/jobs/7")
    for _ in range(2):
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            request(server, "GET", "/v1/jobs/7")
    request(server, "GET", "/v1/picture")

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert refused.headers["Flowproof-Replay"] == "answered by a fault plan"
    assert [[each["fault"] for each in entry["faults"]] for entry in journal(server)] == [
        ["status"],
        ["reset"],
        ["truncated_body"],
        [],
    ]


def test_nothing_is_logged(server: ReplayServer, capfd: pytest.CaptureFixture[str]) -> None:
    """A request leaves no trace on the terminal, where its secrets would stay."""
    request(server, "GET", f"/v1/jobs/7?api_key={KEY}")

    assert "".join(capfd.readouterr()) == ""


def test_miss_shows_no_planted_secret() -> None:
    """However a request misses, no secret of the recording is in the answer."""
    with ReplayServer(Replay([read_document("shop.har", order_archive())])) as server:
        answers = [request(server, method, "/api/order", {"a": 1}).text for method in ("GET", "POST", "PUT")]

    assert [secret for secret in PLANTED for each in answers if secret in each] == []


def test_what_cannot_be_replayed_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """A file that is no recording, and an address that is none, end with exit code 2 and a sentence."""
    good, bad = tmp_path / "good.har", tmp_path / "bad.har"
    good.write_text(json.dumps(RECORDED), encoding="utf-8")
    bad.write_text("{}", encoding="utf-8")
    results = [
        CliRunner().invoke(main, ["replay", *arguments])
        for arguments in (
            [str(bad)],
            [str(tmp_path / "none.har")],
            [str(good), "--fall-through", "mock"],
            [str(good), "--host", "256.0.0.1"],
        )
    ]

    assert [(each.exit_code, each.output.count("\n")) for each in results] == [(2, 1)] * 4
