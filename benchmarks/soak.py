"""
A server under a steady load for a while: python -m benchmarks.soak [MINUTES], ten by default.

Several workspaces place orders at a fixed rate, each of which leads to two webhooks. At the end of each minute all
webhooks are awaited and counted, and the memory is read; the next one begins with workspaces that are reset, so the
memory has to stay where it was.
"""

import http.client
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import count

from flowproof.inbox import Inbox
from flowproof.target import ControlClient, Workspace

from .orders import full_order, signed, template
from .results import table, write
from .servers import flowproof

MINUTES, MINUTE_S = 10, 60.0
WORKSPACES, PER_S = 4, 40
IDLE_S = 120.0
EVENTS = ("orderReceived", "orderPrintReady")
POSTBACK = {"method": "POST", "contentType": "application/json", "template": None, "authorization": None}
HEAD = ("minute", "orders", "failed", "webhooks", "came twice", "memory MiB")


def main() -> None:
    """Measure, write and print."""
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    numbers, rows = count(), list[tuple[int, ...]]()
    with Inbox() as inbox, flowproof("oneflow") as server, closing(ControlClient(_url(server.port))) as control:
        made = [control.make_workspace() for _ in range(WORKSPACES)]
        headers = [signed("/api/order", _keys(each)) for each in made]
        for minute in range(1, minutes + 1):
            for each in made:
                each.reset()
                _prepare(each, inbox.url)
            orders, failed = _minute(server.port, server.path, headers, numbers)
            for each in made:
                each.webhooks.wait_until_idle(timeout_s=IDLE_S)
            bodies = [each.body for each in inbox.received]
            came = len(set(bodies))
            rows.append((minute, orders, failed, came, len(bodies) - came, round(server.memory_mib())))
            print(dict(zip(HEAD, rows[-1], strict=True)), file=sys.stderr)
            inbox.clear()
    text = table(HEAD, rows)
    write("soak", f"A steady load for {minutes} minutes", text, {"minutes": [list(row) for row in rows]})


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _prepare(workspace: Workspace, url: str) -> None:
    """Let the orders of a workspace be print ready soon, and be reported to a receiver."""
    seed = workspace.seed("oneflow")
    triggers = [{"event": event, "url": url, **POSTBACK} for event in EVENTS]
    settings = {**seed["settings"], "processing_s": 0.5, "print_ready_s": 0.5}
    workspace.replace_seed("oneflow", {**seed, "triggers": triggers, "settings": settings})


def _keys(workspace: Workspace) -> Mapping[str, str]:
    keys = workspace.credentials("oneflow")
    return {"key": keys.key, "secret": keys.secret}


def _minute(port: int, path: str, headers: list[dict[str, str]], numbers: Iterator[int]) -> tuple[int, int]:
    """Place orders for a minute; how many were placed, and how many of them were not accepted."""
    before, after = template(full_order())
    began, orders, failed = time.monotonic(), 0, 0
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        while (passed_s := time.monotonic() - began) < MINUTE_S:
            if orders > passed_s * PER_S:
                time.sleep(0.002)
                continue
            number = next(numbers)
            connection.request("POST", path, f"{before}N{number}{after}", headers[number % len(headers)])
            answer = connection.getresponse()
            answer.read()
            orders, failed = orders + 1, failed + (answer.status != 201)
    return orders, failed


if __name__ == "__main__":
    main()
