"""
Serves OpenAPI documents by Flowproof and by Prism: share of operations with a valid answer, start, requests a second.

    python -m benchmarks.documents build/peers FILE...

Both get the same requests, drawn from the document, one for an operation, at most 40; the same contract judges all.
Where an operation is about a record, Flowproof's is created first, as a client would; Prism keeps none.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from flowproof.conformance import Contract, Operation, check
from flowproof.exchange import Exchange
from flowproof.openapi import read_contract
from flowproof.openapi.security import read_schemes
from flowproof.openapi_suite.plan import SuitePlan

START_S = 90.0
TIMEOUT_S = 5.0
MEASURED_S = 2.0
MOST_OPERATIONS = 40  # of a document, from all over it


@dataclass
class Served:
    """A server of one document: where it is, how long it took to answer, and the key that it lets in."""

    url: str
    start_s: float
    key: str = "anything"
    secret: str = "anything"


class Sender:
    """Sends requests with the credentials of every scheme of the document."""

    def __init__(self, served: Served, contract: Contract) -> None:
        self.session = requests.Session()
        self.served = served
        self.schemes = read_schemes(contract.document).values()
        self.last: requests.Response | None = None

    def send(
        self, method: str, path: str, *, query: Mapping[str, Any], headers: Mapping[str, str], body: bytes | None
    ) -> requests.Response:
        """One request."""
        sent, named = dict(headers), dict(query)
        auth = None
        for each in self.schemes:
            match each.kind:
                case "bearer":
                    sent["Authorization"] = f"Bearer {self.served.key}"
                case "basic":
                    auth = (self.served.key, self.served.secret)
                case "header":
                    sent[each.parameter] = self.served.key
                case "query":
                    named[each.parameter] = self.served.key
                case "cookie":
                    sent["Cookie"] = f"{each.parameter}={self.served.key}"
        if "Authorization" in sent:
            auth = None
        self.last = self.session.request(
            method,
            self.served.url + path,
            params=named,
            headers=sent,
            data=body,
            auth=auth,
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
        return self.last


def free_port() -> int:
    """A port of loopback that is free."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[bytes], started: float) -> float:
    """Seconds from the start until a request is answered."""
    while time.perf_counter() - started < START_S:
        if process.poll() is not None:
            raise RuntimeError(f"it ended with {process.returncode}")
        try:
            requests.get(f"http://127.0.0.1:{port}/", timeout=TIMEOUT_S)
            return time.perf_counter() - started
        except requests.ConnectionError:
            time.sleep(0.02)
    raise RuntimeError("it does not answer")


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[float]:
    """A server, until the block ends; gives the seconds until it answered."""
    with (folder / "log").open("wb") as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            yield wait_for(port, process, started)
        finally:
            with suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def flowproof(file: Path, folder: Path) -> Iterator[Served]:
    """Flowproof on a document."""
    port, ready = free_port(), folder / "ready.json"
    if file.parent.name == "specification":  # a document of several files
        shutil.copytree(file.parent, folder, dirs_exist_ok=True)
    copy = Path(shutil.copy(file, folder / f"served{file.suffix}"))
    program = str(Path(sys.executable).parent / "flowproof")
    command = [program, "serve", "--openapi", str(copy), "--port", str(port), "--ready-file", str(ready)]
    with running(command, port, folder) as start_s:
        while not ready.exists():
            time.sleep(0.02)
        shown = json.loads(ready.read_text(encoding="utf-8"))["providers"]["served"]["credentials"]["default"]
        yield Served(f"http://127.0.0.1:{port}/served", start_s, shown["key"], shown["secret"])


@contextmanager
def prism(file: Path, folder: Path, peers: Path) -> Iterator[Served]:
    """Prism on a document."""
    port = free_port()
    program = str(peers / "node_modules" / ".bin" / "prism")
    with running([program, "mock", "--port", str(port), str(file)], port, folder) as start_s:
        yield Served(f"http://127.0.0.1:{port}", start_s)


def judge(contract: Contract, served: Served) -> tuple[int, int]:
    """How many operations gave a success that the contract allows, and how many gave any answer that it allows."""
    plan, sender = SuitePlan(contract), Sender(served, contract)
    success = valid = 0
    for operation in sampled(contract):
        if served.url.endswith("/served"):  # each operation begins with an empty workspace
            root = served.url.removesuffix("/served")
            requests.post(f"{root}/_flowproof/workspaces/default/reset", timeout=TIMEOUT_S)
        try:
            answer = plan.exercise(sender, operation.id)
        except (AssertionError, ValueError, KeyError, TypeError, LookupError, requests.RequestException):
            answer = _alone(plan, sender, operation.id)
        if answer is not None and not findings(contract, served, answer):
            valid += 1
            success += answer.status_code < 400
    return success, valid


def sampled(contract: Contract) -> tuple[Operation, ...]:
    """Operations from all over a document, at most so many."""
    every = contract.operations.all
    return every[:: -(-len(every) // MOST_OPERATIONS)]


def _alone(plan: SuitePlan, sender: Sender, operation: str) -> requests.Response | None:
    """The answer without a record created before; None where there is no answer."""
    try:
        answer: requests.Response = plan.perform(sender, operation)
    except (ValueError, requests.RequestException):
        return None
    return answer


def findings(contract: Contract, served: Served, answer: requests.Response) -> bool:
    """Whether an answer differs from the contract."""
    prefix = "/served" if served.url.endswith("/served") else ""
    path, _, query = str(answer.request.path_url).removeprefix(prefix).partition("?")
    body = answer.request.body or b""
    exchange = Exchange(
        method=str(answer.request.method),
        path=path,
        query=query,
        request_headers=tuple(answer.request.headers.items()),
        request_body=body if isinstance(body, bytes) else body.encode(),
        status=answer.status_code,
        response_headers=tuple(answer.headers.items()),
        response_body=answer.content,
    )
    return bool([each for each in check(contract, exchange) if each.where.startswith("response")])


def rate(contract: Contract, served: Served) -> float:
    """Requests a second of one client with one connection, over the document's first readings."""
    plan, sender = SuitePlan(contract), Sender(served, contract)
    drawn = [plan.draw(each) for each in plan.operations() if each.method == "GET"][:20] or [
        plan.draw(each) for each in plan.operations()
    ][:20]
    count, until = 0, time.perf_counter() + MEASURED_S
    started = time.perf_counter()
    while time.perf_counter() < until:
        for each in drawn:
            try:
                sender.send(each.method, each.path, query=each.query, headers=each.headers, body=each.body)
            except requests.RequestException:
                continue
            count += 1
    return count / (time.perf_counter() - started)


def measure(contract: Contract, serving: Any) -> dict[str, Any]:
    """The figures of one server; the reason where it does not start."""
    try:
        with serving as served:
            success, valid = judge(contract, served)
            return {"start": served.start_s, "success": success, "valid": valid, "rate": rate(contract, served)}
    except (RuntimeError, OSError) as error:
        return {"failed": str(error)}


def main() -> None:
    """Print a table in Markdown."""
    peers, files = Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]]
    print("| document | operations | server | success | valid | start | requests a second |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for file in files:
        contract, _ = read_contract("served", file)
        total, chosen = len(contract.operations.all), len(sampled(contract))
        for name in ("Flowproof", "Prism"):
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch)
                serving = flowproof(file, folder) if name == "Flowproof" else prism(file, folder, peers)
                found = measure(contract, serving)
            if "failed" in found:
                print(f"| {file.name} | {total} | {name} | {found['failed']} | | | |", flush=True)
                continue
            shares = f"{found['success'] / chosen:.0%} | {found['valid'] / chosen:.0%}"
            print(
                f"| {file.name} | {total} | {name} | {shares} | {found['start']:.2f} s | {found['rate']:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
