"""
The standing budgets, as ratios within one run: python -m benchmarks.budgets

Rounds of all servers are interleaved, so that a busy moment of the machine disturbs all alike; medians count.
"""

import http.client
import statistics
import time
from collections.abc import Callable

import requests

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.providers import find_providers

from .loader import Load, Measured, start
from .orders import full_order, signed, template
from .results import FIGURES, bars, median, medians, spread, table, write
from .servers import Server, echo, flowproof

ROUNDS, SECONDS = 5, 4.0
STARTS, FIRST_CALLS = 7, 1000
WORKSPACES = 2000

Rows = list[tuple[str, str, str, str]]


def main() -> None:
    """Measure everything, write and print."""
    rows: Rows = []
    throughput = _throughput()
    base = median(throughput["bare echo"], "per_s")
    for name in ("order POST", "order validate"):
        ratio = median(throughput[name], "per_s") / base
        rows.append(
            (f"{name}, of a bare Flask echo's requests per second", "at least 0.5", f"{ratio:.2f}", _met(ratio >= 0.5))
        )
    rows += _isolation()
    rows += _start_up()
    rows.append(_workspace_creation())
    measured = [medians(name, rounds) for name, rounds in throughput.items()]
    text = f"{table(('what', *FIGURES), measured)}\n\n{table(('budget', 'wanted', 'measured', 'met'), rows)}"
    figures = {name: [each.per_s for each in rounds] for name, rounds in throughput.items()}
    write("budgets", "The standing budgets", text, {"per_s": figures, "budgets": [list(each) for each in rows]})
    values = {name: median(rounds, "per_s") for name, rounds in throughput.items()}
    bars("budgets", "Requests per second, one process", values, "requests per second", list(values)[1:])


def _met(is_met: bool) -> str:
    return "yes" if is_met else "NO"


def _throughput() -> dict[str, list[Measured]]:
    """Echo, submission and validation, interleaved."""
    body = template(full_order())
    rounds: dict[str, list[Measured]] = {"bare echo": [], "order POST": [], "order validate": []}
    with echo() as plain, flowproof("oneflow") as mock, flowproof("oneflow", path="/api/order/validate") as judge:
        for _ in range(ROUNDS):
            for name, server in zip(rounds, (plain, mock, judge), strict=True):
                load = Load(server.port, server.path, server.headers, body)
                rounds[name].append(start(load, SECONDS).measured())
    return rounds


def _isolation() -> Rows:
    """The p99 of a workspace while each call of another one waits for two seconds."""
    body = template(full_order())
    alone: list[Measured] = []
    beside: list[Measured] = []
    with flowproof("oneflow") as server:
        base = f"http://127.0.0.1:{server.port}/_flowproof/workspaces"
        slow = requests.post(base, timeout=10).json()
        requests.put(
            f"{base}/{slow['id']}/faults", json=[{"fault": "latency", "seconds": 2}], timeout=10
        ).raise_for_status()
        keys = slow["providers"]["oneflow"]["credentials"]["default"]
        mine = Load(server.port, server.path, server.headers, body)
        theirs = Load(server.port, server.path, signed("/api/order", keys), body)
        for _ in range(ROUNDS):
            alone.append(start(mine, SECONDS, connections=4).measured())
            waiting = start(theirs, SECONDS, connections=12)
            beside.append(start(mine, SECONDS, connections=4).measured())
            waiting.measured()
    ratio = median(beside, "p99_ms") / median(alone, "p99_ms")
    text = f"{ratio:.2f} ({median(alone, 'p99_ms'):.1f} and {median(beside, 'p99_ms'):.1f} ms)"
    return [("p99 beside a workspace whose calls wait for 2 s, of that alone", "below 2", text, _met(ratio < 2))]


def _start_up() -> Rows:
    """All five providers, from exec to the first answer, and to the end of a thousand validated POSTs by one client."""
    ready: list[float] = []
    thousand: list[float] = []
    echoes: list[float] = []
    for _ in range(STARTS):
        with echo() as plain:
            echoes.append(_calls(plain, FIRST_CALLS))
        with flowproof(path="/api/order/validate") as server:
            ready.append(server.ready_s)
            thousand.append(server.ready_s + _calls(server, FIRST_CALLS))
    return [
        _seconds("flowproof serve, all five providers, to the first answer", ready, 0.6),
        _seconds(f"the same and {FIRST_CALLS} validated POSTs by one client", thousand, 1.2),
        (
            f"(for comparison: {FIRST_CALLS} POSTs by one client to a bare echo that is up)",
            "",
            f"{statistics.median(echoes):.2f} s ({spread(echoes, 2)})",
            "",
        ),
    ]


def _seconds(name: str, values: list[float], budget_s: float) -> tuple[str, str, str, str]:
    middle = statistics.median(values)
    return (name, f"under {budget_s:g} s", f"{middle:.2f} s ({spread(values, 2)})", _met(middle < budget_s))


def _calls(server: Server, times: int) -> float:
    """Seconds for so many calls, one after the other, on one connection."""
    before, after = template(full_order())
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    began = time.perf_counter()
    for number in range(times):
        connection.request("POST", server.path, f"{before}S{number}{after}", dict(server.headers))
        answer = connection.getresponse()
        answer.read()
        assert answer.status in {200, 201}, answer.status
    connection.close()
    return time.perf_counter() - began


def _workspace_creation() -> tuple[str, str, str, str]:
    """One workspace with the credentials and set-up of all five providers, in process."""
    mock = build_gateway(find_providers(), ServerSettings(entropy=1)).mock
    with mock.store.transaction():
        each_ms = [_timed(mock.workspaces.create) * 1000 for _ in range(WORKSPACES)]
    middle = statistics.median(each_ms)
    return ("creating a workspace, in process", "under 1 ms", f"{middle:.2f} ms", _met(middle < 1))


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
