"""
What an open page costs a provider's client, as a ratio within one run: python -m benchmarks.page

What counts is the processor time that the server takes for an order, whoever else works on its cores: a browser does,
and so may other programs. It still changes with the speed of the machine. So rounds are short, the first is thrown
away, each turn has every way to look on once, forwards and backwards in turn, and is compared with its own round
without one.
The clock stands still, so that what becomes of an order later falls into no other round.
"""

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

from selenium import webdriver

from tests.interop.browser import chromium

from .loader import Load, Measured, start
from .orders import full_order, template
from .results import FIGURES, medians, spread, table, write
from .servers import Server, flowproof, processor_time

TURNS, SECONDS = 16, 2
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
Looks = Mapping[str, Callable[[], AbstractContextManager[object]]]


def main() -> None:
    """Measure, write and print."""
    with flowproof("oneflow") as server, ExitStack() as stack:
        freeze(server)
        profile = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = stack.enter_context(chromium(profile, size=(1280, 900)))
        looks: Looks = {
            ALONE: nullcontext,
            "a reader of the page's events": lambda: reader(server),
            "its exchanges in Chromium": lambda: page(browser, server, "exchanges"),
            "its state in Chromium": lambda: page(browser, server, "state"),
        }
        rounds, costs = measure(server, looks)
    speeds = table(("order POST, beside", *FIGURES), [medians(name, each) for name, each in rounds.items()])
    heads = ("beside", "the server's CPU ms an order", "ratio", "of the fastest rounds", "requests per second, ratio")
    text = f"{speeds}\n\n{table(heads, [compared(name, costs, rounds) for name in looks])}"
    figures = {name: [each.per_s for each in found] for name, found in rounds.items()}
    write("page", "What an open page costs", text, {"per_s": figures, "cpu_ms": costs})


def measure(server: Server, looks: Looks) -> tuple[dict[str, list[Measured]], dict[str, list[float]]]:
    """The rounds by name, and the processor time that the server took for an order in each, in milliseconds."""
    load = Load(server.port, server.path, server.headers, template(full_order()))
    start(load, SECONDS).measured()
    rounds: dict[str, list[Measured]] = {name: [] for name in looks}
    costs: dict[str, list[float]] = {name: [] for name in looks}
    for turn in range(TURNS):
        for name in list(looks)[:: -1 if turn % 2 else 1]:
            with looks[name](), processor_time(server.process) as took:
                measured = start(load, SECONDS).measured()
            rounds[name].append(measured)
            costs[name].append(1000 * took["s"] / measured.requests)
    return rounds, costs


def compared(name: str, costs: Mapping[str, list[float]], rounds: Mapping[str, list[Measured]]) -> tuple[object, ...]:
    """A row: the ratios are medians over the turns, each against its own round without a page."""
    ratio = statistics.median(beside / alone for beside, alone in zip(costs[name], costs[ALONE], strict=True))
    rates = [beside.per_s / alone.per_s for beside, alone in zip(rounds[name], rounds[ALONE], strict=True)]
    cost = f"{statistics.median(costs[name]):.3f} ({spread(costs[name], 3)})"
    fastest = min(costs[name]) / min(costs[ALONE])
    return name, cost, f"{ratio:.3f}", f"{fastest:.3f}", f"{statistics.median(rates):.2f}"


def freeze(server: Server) -> None:
    """Let the clock of the workspace stand still."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    body = json.dumps({"mode": "frozen", "now": "2026-01-01T12:00:00Z"})
    headers = {"Content-Type": "application/json"}
    connection.request("PUT", "/_flowproof/workspaces/default/clock", body, headers)
    if connection.getresponse().status != http.HTTPStatus.OK:
        raise SystemExit("the clock cannot be set")
    connection.close()


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
def page(browser: webdriver.Chrome, server: Server, view: str) -> Iterator[None]:
    """A view of the page in a browser, which shows nothing before and after."""
    browser.get(f"http://127.0.0.1:{server.port}/#/default/{view}")
    try:
        yield
    finally:
        browser.get("about:blank")


if __name__ == "__main__":
    main()
