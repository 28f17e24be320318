"""A mock that answers from a recording alone: what was recorded, and nothing else."""

import json
import socket
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

    assert known.json() == {"recorded": True}
    assert (unknown.status_code, unknown.headers["Flowproof-Replay"]) == (401, "fall-through")
    assert unknown.headers["Flowproof-Exchange"]


def test_server_behind_that_is_gone_is_said() -> None:
    """Where nothing answers behind it, the client gets 502 with a sentence."""
    replay = Replay([read_document("jobs.har", RECORDED)])
    with socket.socket() as unused:  # (bound, and nobody listens)
        unused.bind(("127.0.0.1", 0))
        behind = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with ReplayServer(replay, fall_through=behind) as server:
            answer = request(server, "GET", "/nothing")

    assert (answer.status_code, answer.headers["Flowproof-Replay"]) == (502, "error")


def test_body_of_no_stated_size_is_refused(server: ReplayServer, capfd: pytest.CaptureFixture[str]) -> None:
    """A body in chunks, and a size that is no number, are refused in a sentence, and nothing breaks."""
    url = f"{server.url}/v1/jobs"
    chunked = requests.post(url, data=iter([b"{}"]), timeout=30)
    strange = requests.get(url, headers={"Content-Length": "ten"}, timeout=30)

    assert [each.status_code for each in (chunked, strange)] == [413, 413]
    assert "".join(capfd.readouterr()) == ""


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
