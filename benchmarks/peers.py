"""
Other tools side by side on the same contract: python -m benchmarks.peers FOLDER

FOLDER is where `npm install @stoplight/prism-cli wiremock @mockoon/cli` was run. They validate the order (Prism,
WireMock, Mockoon) or answer at once (pytest-httpserver); none verifies a signature, keeps an order, or checks its own
answer against the contract. The bare Flask view of `benchmarks.echo` is measured beside them, and what a request takes
of each server's processor time: on a busy machine that says more than the rate.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median as middle

from .loader import Load, Measured, start
from .orders import full_order, template
from .results import FIGURES, bars, median, medians, table, write
from .servers import PEERS, Server, echo, flowproof, peer, processor_time

ROUNDS, SECONDS, WARM_UP_S = 5, 4.0, 2.0
OURS = ("flowproof",)
ECHO = "bare echo"


def main() -> None:
    """Measure everybody in turn, write and print."""
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "node_modules").is_dir():
        sys.exit(f"Name the folder with node_modules in it.\n{__doc__}")
    folder, body = Path(sys.argv[1]), template(full_order())
    rounds: dict[str, list[Measured]] = {name: [] for name in (*OURS, ECHO, *PEERS)}
    cpu_us: dict[str, list[float]] = {name: [] for name in rounds}
    ready: dict[str, float] = {}
    memory: dict[str, float] = {}
    for number in range(ROUNDS):
        for name, measured in rounds.items():
            with _server(name, folder) as server:
                load = Load(server.port, server.path, server.headers, body)
                start(load, WARM_UP_S).measured()
                with processor_time(server.process) as taken:
                    measured.append(start(load, SECONDS).measured())
                cpu_us[name].append(taken["s"] * 1e6 / max(1, measured[-1].requests))
                ready[name], memory[name] = server.ready_s, server.memory_mib()
            print(f"round {number + 1} of {ROUNDS}: {name} {measured[-1].per_s:.0f}/s", file=sys.stderr)
    _tell(rounds, cpu_us, ready, memory)


@contextmanager
def _server(name: str, folder: Path) -> Iterator[Server]:
    with flowproof("oneflow") if name in OURS else echo() if name == ECHO else peer(name, folder) as server:
        yield server


def _tell(
    rounds: dict[str, list[Measured]], cpu_us: dict[str, list[float]], ready: dict[str, float], memory: dict[str, float]
) -> None:
    rows = [
        (*medians(name, measured), f"{middle(cpu_us[name]):.0f}", f"{ready[name]:.2f}", f"{memory[name]:.0f}")
        for name, measured in rounds.items()
    ]
    text = table(("server", *FIGURES, "CPU µs", "start s", "memory MiB"), rows)
    figures = {name: [each.per_s for each in measured] for name, measured in rounds.items()}
    measured_too = {"cpu_us": cpu_us, "ready_s": ready, "memory_mib": memory}
    write("peers", "Side by side with other tools", text, {"per_s": figures, **measured_too})
    values = {name: median(measured, "per_s") for name, measured in rounds.items()}
    bars("peers", "Validated order POSTs per second", values, "requests per second", OURS)


if __name__ == "__main__":
    main()
