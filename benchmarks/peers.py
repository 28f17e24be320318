"""
Other tools side by side on the same contract: python -m benchmarks.peers FOLDER

FOLDER is where `npm install @stoplight/prism-cli wiremock @mockoon/cli` was run. They validate the order (Prism,
WireMock, Mockoon) or answer at once (pytest-httpserver); none verifies a signature, keeps an order, or checks its own
answer against the contract.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .loader import Load, Measured, start
from .orders import full_order, template
from .results import FIGURES, bars, median, medians, table, write
from .servers import PEERS, Server, flowproof, peer

ROUNDS, SECONDS, WARM_UP_S = 5, 4.0, 2.0
OURS = ("flowproof",)


def main() -> None:
    """Measure everybody in turn, write and print."""
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "node_modules").is_dir():
        sys.exit(f"Name the folder with node_modules in it.\n{__doc__}")
    folder, body = Path(sys.argv[1]), template(full_order())
    rounds: dict[str, list[Measured]] = {name: [] for name in (*OURS, *PEERS)}
    ready: dict[str, float] = {}
    memory: dict[str, float] = {}
    for number in range(ROUNDS):
        for name, measured in rounds.items():
            with _server(name, folder) as server:
                load = Load(server.port, server.path, server.headers, body)
                start(load, WARM_UP_S).measured()
                measured.append(start(load, SECONDS).measured())
                ready[name], memory[name] = server.ready_s, server.memory_mib()
            print(f"round {number + 1} of {ROUNDS}: {name} {measured[-1].per_s:.0f}/s", file=sys.stderr)
    _tell(rounds, ready, memory)


@contextmanager
def _server(name: str, folder: Path) -> Iterator[Server]:
    with flowproof("oneflow") if name in OURS else peer(name, folder) as server:
        yield server


def _tell(rounds: dict[str, list[Measured]], ready: dict[str, float], memory: dict[str, float]) -> None:
    rows = [
        (*medians(name, measured), f"{ready[name]:.2f}", f"{memory[name]:.0f}") for name, measured in rounds.items()
    ]
    text = table(("server", *FIGURES, "start s", "memory MiB"), rows)
    figures = {name: [each.per_s for each in measured] for name, measured in rounds.items()}
    write("peers", "Side by side with other tools", text, {"per_s": figures, "ready_s": ready, "memory_mib": memory})
    values = {name: median(measured, "per_s") for name, measured in rounds.items()}
    bars("peers", "Validated order POSTs per second", values, "requests per second", OURS)


if __name__ == "__main__":
    main()
