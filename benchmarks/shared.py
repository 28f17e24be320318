"""
A sandbox on PostgreSQL that several servers share: python -m benchmarks.shared

Throughput with 1, 2 and 4 workers and 1, 10 and 1,000 workspaces, and the processor time that an order takes of the
servers and of the database: on few cores, which the load generator shares, that says more than the throughput. It is
counted until the two tasks that follow from each order at once have run, too, since more workers run more of them
while the load still lasts. Each worker has as many connections: a process that has less to do at a time wakes more
often for each request. The database is a private cluster on this machine, whose commits reach the disk.
"""

import http.client
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import psutil
import psycopg

from tests.postgres import Cluster, binaries

from .loader import Load, Measured, start
from .orders import full_order, signed, template
from .results import table, write
from .servers import Server, flowproof, processor_time

ROUNDS, SECONDS, WARM_UP_S = 3, 4.0, 2.0
WORKERS, WORKSPACES = (1, 2, 4), (1, 10, 1000)
CONNECTIONS = 16  # of each worker
DRAINED_S, POLL_S = 120.0, 0.5
HEAD = ("workers", "workspaces", "requests/s", "p50 ms", "p99 ms", "server µs", "database µs", "memory MiB", "failed")
WAITING = (  # an order is shipped a day later
    "SELECT count(*) FROM flowproof.task WHERE due_us < 1000000 * extract(epoch FROM now() + interval '1 hour')"
)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round measured, with the processor time of an order in microseconds, and the memory in MiB."""

    load: Measured
    server_us: float
    database_us: float
    memory_mib: float


def main() -> None:
    """Measure everything, write and print."""
    programs = binaries()
    if programs is None:
        sys.exit("PostgreSQL is missing: install it first, on Debian with apt-get install postgresql.")
    rounds: dict[tuple[int, int], list[Round]] = {(n, m): [] for n in WORKERS for m in WORKSPACES}
    cluster = Cluster(programs, ("fsync=on",))
    try:
        for number in range(ROUNDS):
            for (workers, workspaces), measured in rounds.items():
                measured.append(_round(cluster, workers, workspaces))
                shown = f"{workers} workers, {workspaces} workspaces {measured[-1].load.per_s:.0f}/s"
                print(f"round {number + 1} of {ROUNDS}: {shown}", file=sys.stderr)
    finally:
        cluster.remove()
    text = table(HEAD, [_row(*key, measured) for key, measured in rounds.items()])
    figures = {f"{n} workers, {m} workspaces": [each.load.per_s for each in rounds[n, m]] for n, m in rounds}
    times = {f"{n} workers, {m} workspaces": [round(each.server_us) for each in rounds[n, m]] for n, m in rounds}
    write("shared", "Several servers on one PostgreSQL", text, {"per_s": figures, "server_us": times})


def _round(cluster: Cluster, workers: int, workspaces: int) -> Round:
    options = ("--workers", str(workers), "--state", cluster.emptied())
    with flowproof("oneflow", options=options) as server:
        others = [_made(server, f"w{number}") for number in range(workspaces - 1)]
        load = Load(server.port, server.path, server.headers, template(full_order()), others)
        connections = CONNECTIONS * workers
        start(load, WARM_UP_S, connections=connections).measured()
        _drain(cluster)
        with processor_time(server.process) as of_server, processor_time(psutil.Process(cluster.pid)) as of_database:
            measured = start(load, SECONDS, connections=connections).measured()
            _drain(cluster)
        each_us = 1e6 / measured.requests
        return Round(measured, of_server["s"] * each_us, of_database["s"] * each_us, server.memory_mib())


def _drain(cluster: Cluster) -> None:
    """Wait until no task is left that is due soon."""
    deadline = time.monotonic() + DRAINED_S
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        while connection.execute(WAITING).fetchone() != (0,):
            if time.monotonic() > deadline:
                sys.exit(f"the tasks of the orders have not run within {DRAINED_S:g} s")
            time.sleep(POLL_S)


def _made(server: Server, workspace: str) -> Mapping[str, str]:
    """The headers of an order in a new workspace."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    body, headers = json.dumps({"id": workspace}), {"Content-Type": "application/json"}
    connection.request("POST", "/_flowproof/workspaces", body, headers)
    made = json.loads(connection.getresponse().read())
    connection.close()
    return signed("/api/order", made["providers"]["oneflow"]["credentials"]["default"])


def _row(workers: int, workspaces: int, rounds: list[Round]) -> tuple[str, ...]:
    loads = [each.load for each in rounds]
    figures = [
        median(each.per_s for each in loads),
        median(each.p50_ms for each in loads),
        median(each.p99_ms for each in loads),
        median(each.server_us for each in rounds),
        median(each.database_us for each in rounds),
        median(each.memory_mib for each in rounds),
    ]
    return (
        str(workers),
        str(workspaces),
        *(f"{each:.0f}" for each in figures),
        str(sum(each.failed for each in loads)),
    )


if __name__ == "__main__":
    main()
