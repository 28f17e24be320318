"""
How many weathers a client is run in per second: python -m benchmarks.weathers

A run is a fresh workspace, a scenario of the reference client in it under a drawn weather, its judgement by state,
contract and conduct. Measured are the search of `flowproof.testing` with a client in this process, and `flowproof
break` with a shell script that runs curl once, one at a time and two at a time.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

from flowproof.clients import ClientError
from flowproof.clients.dots_eco import DotsEco
from flowproof.clients.flow1st import Flow1st
from flowproof.clients.oneflow import OneFlow
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.providers import find_kit, find_providers
from flowproof.suites.oneflow.strategies import minimum_order
from flowproof.target import ControlClient, Workspace
from flowproof.testing import search, weathers

from .results import table, write

ROUNDS, RUNS = 3, 60
CURL = """curl -s -o /dev/null --max-time 10 -H "auth-token: $FLOWPROOF_DOTS_ECO_TOKEN" \\
  "$FLOWPROOF_DOTS_ECO_URL/api/v1/application-balance/1-f2b086b3"; exit 0
"""


def advance(workspace: Workspace) -> Callable[[float], None]:
    """Waits on the workspace's clock, which takes no time."""

    def wait(seconds: float) -> None:
        workspace.clock.advance(seconds)

    return wait


def buy(workspace: Workspace) -> None:
    """One purchase at Dots.eco."""
    site = workspace.site("dots_eco")
    with DotsEco(site.url, site.credentials().key, sleep=advance(workspace)) as client:
        client.create_card("1-f2b086b3", "123kdfgf")


def order(workspace: Workspace) -> None:
    """One order at OneFlow, and the list of all orders."""
    site = workspace.site("oneflow")
    keys = site.credentials()
    with OneFlow(site.url, keys.key, keys.secret, sleep=advance(workspace)) as client:
        client.submit(minimum_order("A7"))
        list(client.all_orders())


def sell(workspace: Workspace) -> None:
    """One signed order at Flow1st."""
    site = workspace.site("flow1st")
    keys = site.credentials()
    client = Flow1st(
        *(site.url, keys.key, keys.secret, keys.values["signing_key"]),
        sleep=advance(workspace),
        now=workspace.clock.now,
    )
    with client:
        client.complete_order("A7", sku="codm30cp", recipient="player-1", email="player@partner.example")


SCENARIOS: dict[str, Callable[[Workspace], None]] = {"dots_eco": buy, "flow1st": sell, "oneflow": order}


def main() -> None:
    """Measure, write and print."""
    figures = {f"search, {slug}": [in_process(slug) for _ in range(ROUNDS)] for slug in SCENARIOS}
    figures |= {f"break, curl, {jobs} at once": [by_command(jobs) for _ in range(ROUNDS)] for jobs in (1, 2)}
    rows = [
        (what, f"{median(rounds):.1f}", f"{min(rounds):.1f}", f"{max(rounds):.1f}") for what, rounds in figures.items()
    ]
    text = table(("what", "weathers/s", "least", "most"), rows)
    write("weathers", "Weathers a second", text, {what: {"per_s": median(each)} for what, each in figures.items()})


def in_process(slug: str) -> float:
    """Runs per second of a search that finds nothing, with a client in this process."""
    kit, done = find_kit(slug), [0]

    def count(*_: object) -> None:
        done[0] += 1

    server = Server(build_gateway(find_providers([slug]), ServerSettings(entropy=0)))
    with server, closing(ControlClient(server.url)) as control:
        began_s = time.perf_counter()
        search(
            SCENARIOS[slug],
            control.make_workspace,
            kit,
            strategy=weathers(slug),
            runs=RUNS,
            gives_up=(ClientError,),
            on_run=count,
        )
        return done[0] / (time.perf_counter() - began_s)


def by_command(jobs: int) -> float:
    """Runs per second of `flowproof break` with a script that reads once, without the time of its start."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "client.sh"
        script.write_text(CURL)
        times = [timed(jobs, runs, script) for runs in (1, RUNS)]
    return times[1][0] / (times[1][1] - times[0][1])


def timed(jobs: int, runs: int, script: Path) -> tuple[int, float]:
    """How many runs there were, and the seconds that they took."""
    command = [
        sys.executable,
        "-m",
        "flowproof",
        "break",
        "dots_eco",
        f"--runs={runs}",
        f"--jobs={jobs}",
        "--budget=10m",
    ]
    began_s = time.perf_counter()
    done = subprocess.run([*command, "--", "sh", str(script)], capture_output=True, text=True, check=False)
    return done.stderr.count("("), time.perf_counter() - began_s


if __name__ == "__main__":
    main()
