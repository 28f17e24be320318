"""
A validated and stored order POST against a bare Flask echo on the same server: python -m benchmarks.throughput

The rounds are interleaved. Server and load generator share the machine's cores. Authentication, both contract checks,
rules, store, journal and the processing of each order on the clock are on.
"""

import asyncio
import json
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml

from flowproof.clients.oneflow import Signer

from .load import Measured, load

ROUNDS = 3
SECONDS = 4.0


def main() -> None:
    """Measure and print a table."""
    rounds: dict[str, list[Measured]] = {"bare echo": [], "order POST": [], "order validate": []}
    with echo_server() as echo_port, mock_server() as (mock_port, credentials):
        order = _order()
        for number in range(ROUNDS):
            for name, port, path, status in (
                ("bare echo", echo_port, "/api/order", 201),
                ("order POST", mock_port, "/oneflow/api/order", 201),
                ("order validate", mock_port, "/oneflow/api/order/validate", 200),
            ):
                make = _maker(path, order, credentials)
                first = number * 1_000_000 + (500_000_000 if name == "order validate" else 0)
                rounds[name].append(asyncio.run(load(port, make, seconds=SECONDS, expected=status, first=first)))
    _print(rounds)


def _print(rounds: dict[str, list[Measured]]) -> None:
    echo = statistics.median(each.per_s for each in rounds["bare echo"])
    print(f"{'what':<16}{'requests/s':>12}{'spread':>16}{'p50 ms':>9}{'p99 ms':>9}{'of echo':>9}{'failed':>8}")
    for name, measured in rounds.items():
        per_s = statistics.median(each.per_s for each in measured)
        spread = f"{min(each.per_s for each in measured):.0f}-{max(each.per_s for each in measured):.0f}"
        p50 = statistics.median(each.p50_ms for each in measured)
        p99 = statistics.median(each.p99_ms for each in measured)
        failed = sum(each.failed for each in measured)
        print(f"{name:<16}{per_s:>12.0f}{spread:>16}{p50:>9.1f}{p99:>9.1f}{per_s / echo:>9.2f}{failed:>8}")


def _order() -> dict[str, Any]:
    contract = Path(__file__).parent.parent / "contracts" / "oneflow" / "openapi.yaml"
    order: dict[str, Any] = yaml.safe_load(contract.read_text(encoding="utf-8"))["components"]["examples"]["fullOrder"][
        "value"
    ]
    return order


def _maker(path: str, order: dict[str, Any], credentials: dict[str, str]) -> Callable[[int], bytes]:
    """Requests with a ``sourceOrderId`` of their own; the body is not signed, so one signature serves all."""
    signed = Signer(credentials["key"], credentials["secret"], "sha1").headers(
        "POST", path.removeprefix("/oneflow"), "2026-01-01T12:00:00.000Z"
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    text = json.dumps({**order, "orderData": {**order["orderData"], "sourceOrderId": "NUMBER"}})
    before, after = (part.encode() for part in text.split("NUMBER"))

    def make(number: int) -> bytes:
        body = before + b"N%d" % number + after
        start = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Content-Type: application/json\r\n"
        return f"{start}Content-Length: {len(body)}\r\n\r\n".encode() + body

    return make


@contextmanager
def echo_server() -> Any:
    """The bare echo on a free port."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    with _process([sys.executable, "-m", "benchmarks.echo", str(port)]):
        _wait(lambda: requests.post(f"http://127.0.0.1:{port}/api/order", data=b"{}", timeout=1))
        yield port


@contextmanager
def mock_server() -> Any:
    """The mock server on a free port, with the development credentials."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "flowproof", "serve", "oneflow", "--port", "0", "--ready-file", str(ready)]
        with _process(command):
            _wait(lambda: json.loads(ready.read_text(encoding="utf-8")))
            url = json.loads(ready.read_text(encoding="utf-8"))["url"]
            workspace = requests.get(f"{url}/_flowproof/workspaces/default", timeout=5).json()
            yield int(url.rpartition(":")[2]), workspace["providers"]["oneflow"]["credentials"]["default"]


@contextmanager
def _process(command: list[str]) -> Any:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


def _wait(ready: Callable[[], object], *, timeout_s: float = 15) -> None:
    until = time.monotonic() + timeout_s
    while True:
        try:
            ready()
        except (OSError, ValueError):
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


if __name__ == "__main__":
    main()
