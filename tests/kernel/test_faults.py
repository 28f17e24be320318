"""Fault plans over real sockets: what requests sees, what was processed, and what the journal says of it."""

import socket
import threading
from collections.abc import Callable
from random import Random
from time import monotonic
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from flowproof.errors import ConfigurationError
from flowproof.kernel.faults.effects import Latency
from flowproof.kernel.faults.reading import plans_from_json
from flowproof.kernel.serving import Server
from tests.kernel.notes import provider
from tests.kernel.notes.desk import Desk, make_desk

pytestmark = pytest.mark.usefixtures("quiet")


def causes(error: BaseException) -> str:
    """The names of an error and of everything behind it."""
    seen: list[str] = []
    queue: list[Any] = [error]
    while queue:
        one = queue.pop()
        if isinstance(one, BaseException) and type(one).__name__ not in seen:
            seen.append(type(one).__name__)
            queue += [*one.args, one.__cause__, one.__context__, getattr(one, "reason", None)]
    return " ".join(seen)


def fails(call: Callable[[], Any]) -> tuple[type[BaseException], str]:
    """The error of a call with the names behind it."""
    with pytest.raises(requests.RequestException) as caught:
        call()
    return type(caught.value), causes(caught.value)


def fired(desk: Desk) -> list[list[str]]:
    """Which plans hit each exchange, by the journal."""
    return [[fault["fault"] for fault in entry["faults"]] for entry in desk.journal()]


def test_reset_before_leaves_the_request_unprocessed(desk: Desk) -> None:
    """
    A reset before processing is a ConnectionResetError inside requests' ConnectionError; nothing was kept.
    """
    desk.break_by({"fault": "reset", "moment": "before"})
    error, behind = fails(desk.write)

    assert (error, "ConnectionResetError" in behind) == (requests.ConnectionError, True)
    assert (desk.texts(), fired(desk)) == ([], [["reset"]])


def test_reset_after_has_processed_the_request(desk: Desk) -> None:
    """
    A reset after processing looks the same to the client, but the note was kept.
    """
    desk.break_by({"fault": "reset", "moment": "after"})
    error, behind = fails(desk.write)

    assert (error, "ConnectionResetError" in behind) == (requests.ConnectionError, True)
    assert (desk.texts(), fired(desk)) == (["hello"], [["reset"]])


@pytest.mark.parametrize(("moment", "kept"), [("before", []), ("after", ["hello"])])
def test_mere_close_is_a_disconnect_without_response(desk: Desk, moment: str, kept: list[str]) -> None:
    """
    A close without a reset is http.client's RemoteDisconnected.
    """
    desk.break_by({"fault": "reset", "moment": moment, "how": "fin"})
    error, behind = fails(desk.write)

    assert (error, "RemoteDisconnected" in behind, desk.texts()) == (requests.ConnectionError, True, kept)


@pytest.mark.parametrize("part", [0, 0.5, 1])
def test_truncated_body_is_an_incomplete_read(desk: Desk, part: float) -> None:
    """
    A truncated body ends before its Content-Length, even where the whole part was asked for.
    """
    desk.break_by({"fault": "truncated_body", "part": part})
    error, behind = fails(desk.write)

    assert (error, "IncompleteRead" in behind) == (requests.exceptions.ChunkedEncodingError, True)
    assert (desk.texts(), fired(desk)) == (["hello"], [["truncated_body"]])


def test_malformed_json_arrives_whole_and_cannot_be_read(desk: Desk) -> None:
    """
    A malformed text has its length and status; only reading it as JSON fails.
    """
    desk.break_by({"fault": "malformed_json"})
    answer = desk.write()

    assert (answer.status_code, len(answer.content)) == (201, int(answer.headers["content-length"]))
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_slow_body_trickles(desk: Desk) -> None:
    """
    A slow body arrives in pieces, whole in the end.
    """
    desk.break_by({"fault": "slow_body", "seconds": 0.2, "pieces": 5.0})
    started_s = monotonic()
    answer = desk.ask("POST", "/notes", json={"text": "x" * 200})

    assert (answer.status_code, len(answer.content)) == (201, int(answer.headers["content-length"]))
    assert monotonic() - started_s >= 0.2


def test_status_has_the_providers_own_body(desk: Desk) -> None:
    """
    A status is answered in the provider's words without processing, also one that its errors do not name.
    """
    desk.break_by({"fault": "status", "status": 503})
    answer = desk.write()

    assert (answer.status_code, answer.json(), desk.texts()) == (503, {"oops": "503"}, [])
    assert (fired(desk), desk.journal()[0]["findings"][0]["got"]) == ([["status"]], "fault plan fault-1")


@pytest.mark.parametrize("wait_s", [7, 7.0])
def test_too_many_requests_say_when_to_retry(desk: Desk, wait_s: float) -> None:
    """
    A 429 carries Retry-After as whole seconds.
    """
    desk.break_by({"fault": "status", "status": 429, "retry_after_s": wait_s})

    assert (desk.write().status_code, desk.write().headers["retry-after"]) == (429, "7")


def test_latency_delays_the_answer(desk: Desk) -> None:
    """
    A fixed latency is waited for; the answer is as ever.
    """
    desk.break_by({"fault": "latency", "seconds": 0.15})
    answer = desk.write()

    assert (answer.status_code, answer.elapsed.total_seconds() >= 0.15, fired(desk)) == (201, True, [["latency"]])


def test_waiting_fault_holds_up_nobody_else(server: Server, desk: Desk, other: Desk) -> None:
    """
    While one workspace waits for its latency, another's requests are answered, and its own on the same server.
    """
    desk.break_by({"fault": "latency", "seconds": 10, "operation": "createNote"})
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as waiting:
        waiting.sendall(
            f"POST /w/{desk.id}/notes/notes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode()
        )
        while not desk.control("GET", "/faults")["faults"][0]["calls"]:
            pass
        statuses = {other.write().status_code for _ in range(5)} | {desk.ask("GET", "/notes").status_code}
        waiting.setblocking(False)
        with pytest.raises(BlockingIOError):
            waiting.recv(1)

    assert statuses == {200, 201}


def test_client_that_gives_up_is_no_trouble(desk: Desk) -> None:
    """
    A client whose own timeout ends before the latency sees a ReadTimeout; the server goes on.
    """
    desk.break_by({"fault": "latency", "seconds": 0.3, "first": 1})
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{desk.url}/notes", headers={"x-key": desk.key}, timeout=0.05)

    assert desk.write().status_code == 201


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({"first": 2}, [503, 503, 201, 201, 201, 201]),
        ({"every": 3}, [201, 201, 503, 201, 201, 503]),
        ({"first": 3, "every": 2}, [201, 503, 201, 201, 201, 201]),
        ({"probability": 0}, [201] * 6),
        ({"probability": 1}, [503] * 6),
        ({"operation": "listNotes"}, [201] * 6),
        ({"provider": "other"}, [201] * 6),
        ({"provider": "notes", "operation": "createNote"}, [503] * 6),
    ],
)
def test_schedule_says_which_calls_are_hit(desk: Desk, schedule: dict[str, Any], expected: list[int]) -> None:
    """
    The first N calls, every Nth, by chance, of an operation or provider: exactly those are hit.
    """
    desk.break_by({"fault": "status", "status": 503, **schedule})

    assert [desk.write().status_code for _ in range(6)] == expected


def test_probability_is_repeatable_by_seed(server: Server) -> None:
    """
    The same seed gives the same hits, another seed others; about half of them at one half.
    """
    hits = []
    for seed in ("one", "one", "two"):
        desk = make_desk(server, seed=seed)
        desk.break_by({"fault": "status", "status": 503, "probability": 0.5})
        hits.append([desk.ask("GET", "/notes").status_code for _ in range(24)])

    assert hits[0] == hits[1] != hits[2]
    assert 4 <= hits[0].count(503) <= 20


@pytest.mark.parametrize(
    "plan",
    [
        {"fault": "truncated_body"},
        {"fault": "malformed_json"},
        {"fault": "slow_body", "seconds": 0.02, "pieces": 2},
        {"fault": "latency", "seconds": 0},
        {"fault": "reset"},
        {"fault": "reset", "moment": "after", "how": "fin"},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("HEAD", "/notes"), ("DELETE", "/notes/none")])
def test_faults_on_bodiless_answers_break_nothing(desk: Desk, plan: dict[str, Any], method: str, path: str) -> None:
    """
    Where HTTP has no body, by method or status, each fault does what it can and the server goes on.
    """
    desk.break_by({**plan, "first": 1})
    try:
        answer = desk.ask(method, path)
        assert (answer.status_code, answer.content) == ({"HEAD": 200, "DELETE": 204}[method], b"")
    except requests.ConnectionError:
        assert plan["fault"] in ("reset", "truncated_body")

    assert desk.ask(method, path).status_code == {"HEAD": 200, "DELETE": 204}[method]


def test_several_faults_hit_one_call(desk: Desk) -> None:
    """
    A call that several plans hit shows all of them.
    """
    desk.break_by({"fault": "latency", "seconds": 0}, {"fault": "malformed_json"}, {"fault": "truncated_body"})
    fails(desk.write)

    assert fired(desk) == [["latency", "malformed_json", "truncated_body"]]


def test_named_plan_is_what_its_provider_says(desk: Desk) -> None:
    """
    A named plan stands for the provider's plans, each with an id of its own.
    """
    desk.break_by({"named": "notes.mayhem"})

    assert [(plan["id"], plan["provider"]) for plan in desk.control("GET", "/faults")["faults"]] == [
        ("notes.mayhem-1", "notes"),
        ("notes.mayhem-2", "notes"),
    ]
    assert [desk.write().status_code for _ in range(2)] == [502, 201]


def test_server_stops_quietly_while_a_fault_waits(caplog: pytest.LogCaptureFixture) -> None:
    """
    A server that is stopped while a latency waits answers that client at once, and logs no traceback.
    """
    from flowproof.kernel.assembly import ServerSettings, build_gateway

    with Server(build_gateway([provider], ServerSettings(entropy=5))) as own:
        desk = make_desk(own)
        desk.break_by({"fault": "latency", "seconds": 60})
        seen: list[int] = []

        def write() -> None:
            seen.append(desk.write().status_code)

        waiting = threading.Thread(target=write)
        waiting.start()
        while not desk.control("GET", "/faults")["faults"][0]["calls"]:
            pass
    waiting.join(timeout=5)

    assert seen == [201]
    assert [record for record in caplog.records if record.exc_info] == []
    caplog.clear()


@given(st.sampled_from(["uniform", "exponential", "lognormal"]), st.floats(0, 10), st.integers())
def test_distributed_latency_is_a_wait_and_repeatable(distribution: Any, seconds: float, seed: int) -> None:
    """
    Every distribution draws a wait that is not negative, the same from the same chance.
    """
    latency = Latency(seconds, distribution)
    drawn = [latency.drawn_s(Random(seed)) for _ in range(2)]

    assert drawn[0] == drawn[1] >= 0


def test_distributions_have_the_spread_they_promise() -> None:
    """
    Uniform stays in its range, exponential has its mean, lognormal its median.
    """
    rng = Random(1)
    uniform = [Latency(2, "uniform", low_s=1).drawn_s(rng) for _ in range(2000)]
    exponential = [Latency(2, "exponential").drawn_s(rng) for _ in range(2000)]
    lognormal = sorted(Latency(2, "lognormal").drawn_s(rng) for _ in range(2000))

    assert (min(uniform) >= 1, max(uniform) <= 2, max(uniform) - min(uniform) > 0.9) == (True, True, True)
    assert 1.8 < sum(exponential) / 2000 < 2.2
    assert 1.85 < lognormal[1000] < 2.15


@pytest.mark.parametrize(
    "plan",
    [
        {},
        {"fault": "flood"},
        {"fault": []},
        {"fault": "status"},
        {"fault": "status", "status": 200},
        {"fault": "status", "status": 503.5},
        {"fault": "status", "status": "503"},
        {"fault": "latency", "seconds": -1},
        {"fault": "latency", "seconds": True},
        {"fault": "latency", "seconds": 1, "distribution": "normal"},
        {"fault": "reset", "moment": "during"},
        {"fault": "slow_body", "seconds": 1, "pieces": 0},
        {"fault": "reset", "first": 0},
        {"fault": "reset", "probability": 1.5},
        {"fault": "reset", "calls": "x"},
        {"fault": "reset", "often": 3},
    ],
)
def test_plan_that_makes_no_sense_is_refused(plan: dict[str, Any]) -> None:
    """
    A plan with an unknown fault or key, or a value out of range, is refused with a sentence.
    """
    with pytest.raises(ConfigurationError, match=r"^Fault plan 0 "):
        plans_from_json([plan])
