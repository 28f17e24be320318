"""
Cost as work grows: python -m benchmarks.growth [--long]

Throughput and memory at more and more workspaces, journal entries, items of an order, and requests. Without --long the
journal ends at a hundred thousand entries and the requests at a hundred thousand; with it, both at a million.
"""

import sys
from collections.abc import Sequence

import requests

from .loader import Load, start
from .orders import full_order, signed, template
from .results import median, panels, table, write
from .servers import Server, flowproof

ROUNDS, SECONDS = 3, 3.0
CHUNK_S = 5.0
VALIDATE = "/api/order/validate"


def main() -> None:
    """Measure, write and print."""
    most = 1_000_000 if "--long" in sys.argv[1:] else 100_000
    figures = {
        "workspaces": _workspaces((10, 1000, 10_000)),
        "journal entries": _filled(most, ("--journal", str(most))),
        "requests": _filled(most, ()),
        "items of an order": _items((1, 10, 100, 1000)),
    }
    rows = [
        (what, f"{size:,}", f"{per_s:.0f}", f"{1e6 / per_s:.0f}", f"{memory:.0f}")
        for what, sizes in figures.items()
        for size, (per_s, memory) in sizes.items()
    ]
    text = table(("growing", "size", "requests/s", "µs each", "memory MiB"), rows)
    write(
        "growth", "Cost as work grows", text, {name: {str(k): v for k, v in at.items()} for name, at in figures.items()}
    )
    for what, sizes in figures.items():
        name = f"growth-{what.partition(' ')[0]}"
        costs = {"µs a request": {size: 1e6 / per_s for size, (per_s, _) in sizes.items()}}
        held = {"memory MiB": {size: memory for size, (_, memory) in sizes.items()}}
        scale = "linear" if what.startswith("items") else "log"
        panels(name, f"As {what} grow", what, costs | held, scale=scale)


def _measure(server: Server, load: Load) -> tuple[float, float]:
    rounds = [start(load, SECONDS).measured() for _ in range(ROUNDS)]
    return median(rounds, "per_s"), server.memory_mib()


def _workspaces(sizes: Sequence[int]) -> dict[int, tuple[float, float]]:
    """Requests of one workspace among so many, each with its credentials; they keep nothing that would grow too."""
    found = {}
    body = template(full_order())
    with flowproof("oneflow", path=VALIDATE) as server, requests.Session() as control:
        made = 1
        for size in sizes:
            url = f"http://127.0.0.1:{server.port}/_flowproof/workspaces"
            shown = [control.post(url, timeout=30).json() for _ in range(size - made)][-1]
            made = size
            headers = signed(VALIDATE, shown["providers"]["oneflow"]["credentials"]["default"])
            found[size] = _measure(server, Load(server.port, server.path, headers, body))
    return found


def _filled(most: int, options: Sequence[str]) -> dict[int, tuple[float, float]]:
    """After so many requests: with a journal that keeps them all, or the one that a server has by default."""
    found = {}
    body = template(full_order())
    sizes = [size for size in (10_000, 100_000, 1_000_000) if size <= most]
    with flowproof("oneflow", path=VALIDATE, options=options) as server:
        load = Load(server.port, server.path, server.headers, body)
        sent = 0
        for size in sizes:
            while sent < size:
                sent += start(load, CHUNK_S).measured().requests
            found[size] = _measure(server, load)
    return found


def _items(sizes: Sequence[int]) -> dict[int, tuple[float, float]]:
    """Orders with so many items."""
    found = {}
    for size in sizes:
        body = template(full_order(size))
        with flowproof("oneflow", path=VALIDATE) as server:
            load = Load(server.port, server.path, server.headers, body)
            found[size] = _measure(server, load)
    return found


if __name__ == "__main__":
    main()
