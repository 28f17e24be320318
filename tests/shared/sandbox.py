"""A shared sandbox for tests: servers on one PostgreSQL, and clients that use whichever answers."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import requests

from flowproof.clients.oneflow import Signer
from flowproof.conformance.contract import read_yaml
from flowproof.inbox import Inbox
from flowproof.target import ControlClient
from tests import tree
from tests.cli.servers import Served, serving

__all__ = ["TIMEOUT_S", "Acknowledged", "Clients", "Sandbox", "sandbox"]

WHEN = "2026-01-01T12:00:00.000Z"
TIMEOUT_S = 300.0
STALLED_S = 300.0  # without any acknowledgement, which ends a run that would go on for ever
THREADS = 8
TRIGGER_EVERY = 5


@dataclass
class Sandbox:
    """
    Servers on one state.

    Args:
        folder: Where each has a folder of its own.
        state: The database's URL, for each server.
        options: Of each server.
    """

    folder: Path
    state: Sequence[str]
    options: Sequence[str]
    servers: list[Served] = field(default_factory=list)
    stack: ExitStack = field(default_factory=ExitStack)
    names: Iterator[int] = field(default_factory=count)

    @property
    def urls(self) -> list[str]:
        return [each.url for each in self.servers]

    def start(self, index: int) -> Served:
        """One more server."""
        folder = self.folder / f"server-{next(self.names)}"
        folder.mkdir()
        return self.stack.enter_context(serving(folder, "oneflow", *self.options, "--state", self.state[index]))

    def replace(self, index: int) -> None:
        """Kill a server that cannot notice it, and start another one."""
        self.servers[index].process.kill()
        self.servers[index].process.wait(TIMEOUT_S)
        self.servers[index] = self.start(index)

    def output(self) -> str:
        """What all servers have written."""
        return "".join(each.read_text() for each in self.folder.glob("server-*/*.txt"))


@contextmanager
def sandbox(folder: Path, state: Sequence[str], *options: str) -> Iterator[Sandbox]:
    """As many servers as there are URLs of the database, which is the same for all, or leads there by another way."""
    made = Sandbox(folder, state, options)
    with made.stack:
        made.servers += [made.start(index) for index in range(len(state))]
        yield made


@dataclass
class Acknowledged:
    """What the servers have answered: whatever is here must be kept, whatever happens to them."""

    orders: dict[str, tuple[str, str]] = field(default_factory=dict)  # exchange: workspace and order
    deliveries: list[tuple[str, str]] = field(default_factory=list)  # workspace and delivery
    refused: list[str] = field(default_factory=list)  # bodies of answers that were no acknowledgement

    def __len__(self) -> int:
        return len(self.orders) + len(self.deliveries)


class Clients:
    """
    Clients that place orders and trigger webhooks, in several workspaces, on whichever server answers.

    Args:
        target: The sandbox.
        inbox: Where webhooks go.
        workspaces: How many.
    """

    def __init__(self, target: Sandbox, inbox: Inbox, *, workspaces: int) -> None:
        self.acknowledged = Acknowledged()
        self._target = target
        self._inbox = inbox
        self._numbers = count()
        self._lock = threading.Lock()
        self._is_ended = threading.Event()
        self._acknowledged_at = monotonic()
        with closing(ControlClient(target.urls[0])) as control:
            made = [control.make_workspace(id=f"team-{number}") for number in range(workspaces)]
            self.workspaces = [each.id for each in made]
            self._credentials = {each.id: each.credentials("oneflow") for each in made}

    def run(self, wanted: int, disturb: Mapping[int, Callable[[], None]]) -> None:
        """
        Go on until so many writes are acknowledged.

        Args:
            wanted: How many.
            disturb: What happens, by the number of acknowledged writes after which it does.
        """
        self._is_ended.clear()
        self._acknowledged_at = monotonic()
        with ThreadPoolExecutor(THREADS) as pool:
            running = [pool.submit(self._work, wanted, number) for number in range(THREADS)]
            try:
                for after, happens in sorted(disturb.items()):
                    while len(self.acknowledged) < after and not all(each.done() for each in running):
                        sleep(0.01)
                    happens()
            except BaseException:
                self._is_ended.set()  # else the pool would wait for work that nobody will end
                raise
            for each in running:
                each.result()

    def _work(self, wanted: int, server: int) -> None:
        with requests.Session() as session:
            while len(self.acknowledged) < wanted and not self._is_ended.is_set():
                number = next(self._numbers)
                urls = self._target.urls
                try:
                    self._one(session, urls[server % len(urls)], number)
                except requests.RequestException:
                    server += 1  # that one is gone, or on its way
                    sleep(0.01)
                assert monotonic() < self._acknowledged_at + STALLED_S, f"nothing is acknowledged for {STALLED_S} s"

    def _one(self, session: requests.Session, url: str, number: int) -> None:
        workspace = self.workspaces[number % len(self.workspaces)]
        if number % TRIGGER_EVERY == 0:
            sent = {"provider": "oneflow", "event": "orderReceived", "url": self._inbox.url}
            path = f"{url}/_flowproof/workspaces/{workspace}/webhooks/trigger"
            answer = session.post(path, json=sent, timeout=TIMEOUT_S)
            if self._is_kept(answer, 202):
                made = [(workspace, each["id"]) for each in answer.json()["deliveries"]]
                with self._lock:
                    self.acknowledged.deliveries += made
            return
        answer = session.post(
            f"{url}/w/{workspace}/oneflow/api/order",
            json=order(number),
            headers=self._signed(workspace, "POST", "/api/order"),
            timeout=TIMEOUT_S,
        )
        if self._is_kept(answer, 201):
            with self._lock:
                exchange = answer.headers["Flowproof-Exchange"]
                assert exchange not in self.acknowledged.orders
                self.acknowledged.orders[exchange] = workspace, answer.json()["_id"]

    def _is_kept(self, answer: requests.Response, expected: int) -> bool:
        if answer.status_code != expected:
            self.acknowledged.refused.append(f"{answer.status_code} {answer.text}")
            return False
        self._acknowledged_at = monotonic()
        return True

    def wait_for_order(self, url: str, workspace: str, order_id: str) -> None:
        """Wait until an order has been processed, which happens a second after it was acknowledged."""
        path = f"/api/order/{order_id}"
        headers, deadline = self._signed(workspace, "GET", path), monotonic() + TIMEOUT_S
        while requests.get(f"{url}/w/{workspace}/oneflow{path}", headers=headers, timeout=TIMEOUT_S).status_code != 200:
            assert monotonic() < deadline, f"the order {order_id} of {workspace} is not processed"
            sleep(0.05)

    def _signed(self, workspace: str, method: str, path: str) -> dict[str, str]:
        keys = self._credentials[workspace]
        return dict(Signer(keys.key, keys.secret).headers(method, path, WHEN))


@cache
def _documented_order() -> dict[str, Any]:
    order: dict[str, Any] = read_yaml("oneflow", tree.ROOT / "contracts/oneflow/openapi.yaml")["components"][
        "examples"
    ]["fullOrder"]["value"]
    return order


def order(number: int) -> dict[str, Any]:
    """The order of the documents, with a number of its own."""
    documented = _documented_order()
    return {**documented, "orderData": {**documented["orderData"], "sourceOrderId": f"N{number}"}}
