"""
What an open page costs a provider's client, as a ratio within one run: python -m benchmarks.page

Rounds without a page, with a program that reads the page's events, and with the page in a headless Chromium that
follows its list are interleaved on one server. The browser works on the same two cores as the server, so the throughput
beside it is that of two programs. What an order costs the server itself is its CPU time, whoever else works there.
"""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from tests.interop.browser import chromium

from .loader import Load, Measured, start
from .orders import full_order, template
from .results import FIGURES, median, medians, spread, table, write
from .servers import Server, flowproof

ROUNDS, SECONDS = 5, 4.0
READER = """
import sys, http.client
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
connection.request("GET", "/_flowproof/workspaces/default/events")
answer = connection.getresponse()
print(answer.status, flush=True)
while answer.read1(65536):
    pass
"""
ALONE = "no page"


def main() -> None:
    """Measure, write and print."""
    body = template(full_order())
    rounds: dict[str, list[Measured]] = {}
    costs: dict[str, list[float]] = {}
    with flowproof("oneflow") as server:
        load = Load(server.port, server.path, server.headers, body)
        opened: Mapping[str, Callable[[], AbstractContextManager[object]]] = {
            ALONE: nullcontext,
            "a reader of the page's events": lambda: reader(server),
            "the page in Chromium": lambda: page(server),
        }
        for _ in range(ROUNDS):
            for name, watching in opened.items():
                with watching():
                    began_s = cpu_s(server)
                    measured = start(load, SECONDS).measured()
                rounds.setdefault(name, []).append(measured)
                costs.setdefault(name, []).append(1000 * (cpu_s(server) - began_s) / measured.requests)
    base, cost = median(rounds[ALONE], "per_s"), statistics.median(costs[ALONE])
    ratios = [
        (
            name,
            f"{median(each, 'per_s') / base:.2f}",
            f"{statistics.median(costs[name]):.3f} ({spread(costs[name], 3)})",
            f"{statistics.median(costs[name]) / cost:.2f}",
        )
        for name, each in rounds.items()
    ]
    speeds = table(("order POST, beside", *FIGURES), [medians(name, each) for name, each in rounds.items()])
    heads = ("beside", "requests per second, ratio", "the server's CPU ms an order", "ratio")
    text = f"{speeds}\n\n{table(heads, ratios)}"
    figures = {name: [each.per_s for each in found] for name, found in rounds.items()}
    write("page", "What an open page costs", text, {"per_s": figures, "cpu_ms": costs})


def cpu_s(server: Server) -> float:
    """The CPU time that the server has taken, in seconds."""
    times = server.process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def reader(server: Server) -> Iterator[None]:
    """A program that reads the events as a page does, and shows nothing."""
    command = [sys.executable, "-c", READER, str(server.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or process.stdout.readline() != "200\n":
            raise SystemExit("the events cannot be read")
        try:
            yield
        finally:
            process.kill()


@contextmanager
def page(server: Server) -> Iterator[None]:
    """The list of exchanges in a browser."""
    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile), size=(1280, 900)) as browser:
        browser.get(f"http://127.0.0.1:{server.port}/#/default/exchanges")
        yield


if __name__ == "__main__":
    main()
