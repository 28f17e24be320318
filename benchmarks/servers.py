"""The servers that are measured, each started from nothing on a free port and stopped by its process id."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from .orders import CONTRACT, ROOT, signed

__all__ = ["PEERS", "PROXIES", "Server", "echo", "flowproof", "peer", "processor_time", "proxy", "sandbox"]

TIMEOUT_S = 60.0
OURS = frozenset({"$id", "$schema", "$defs", "x-requirement"})
PROXIES = ("flowproof proxy", "mitmproxy", "prism proxy")
PROFILE = """
name = "receipts"
[oneflow]
url = "http://127.0.0.1:{port}"
credentials.default = {{ key = "$SANDBOX_TOKEN", secret = "$SANDBOX_SECRET" }}
permits = {{ operations = {{ submitOrder = true }} }}
"""
PEERS = ("prism", "mockoon", "wiremock", "wiremock, no journal", "pytest-httpserver")


@dataclass(frozen=True, slots=True)
class Server:
    """
    A server at work.

    Args:
        port: Its port on loopback.
        path: Where it takes orders.
        headers: What an order is sent with.
        process: Its first process.
        ready_s: From its start to its first answer.
    """

    port: int
    path: str
    headers: Mapping[str, str]
    process: psutil.Process
    ready_s: float

    def memory_mib(self) -> float:
        """Proportional set size of all its processes."""
        family = [self.process, *self.process.children(recursive=True)]
        return float(sum(each.memory_full_info().pss for each in family)) / 2**20


@contextmanager
def processor_time(process: psutil.Process) -> Iterator[dict[str, float]]:
    """What a process and its children take during the block, in seconds, as ``s`` after it."""
    took, before = dict[str, float](), _seconds(process)
    yield took
    took["s"] = _seconds(process) - before


def _seconds(process: psutil.Process) -> float:
    times = 0.0
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # such as a worker of the database that has just ended
            spent = each.cpu_times()
            times += spent.user + spent.system
    return times


@contextmanager
def echo() -> Iterator[Server]:
    """The bare Flask view that echoes JSON, on the same server as our mocks."""
    port = _free()
    with _started([sys.executable, "-m", "benchmarks.echo", str(port)]) as (process, began):
        yield _ready(process, began, port, "/api/order", {"Content-Type": "application/json"})


@contextmanager
def flowproof(*providers: str, options: Sequence[str] = (), path: str = "/api/order") -> Iterator[Server]:
    """`flowproof serve` with the development credentials of its default workspace."""
    port = _free()
    with _started([_flowproof(), "serve", *providers, "--port", str(port), *options]) as (process, began):
        ready_s = _answers(process, began, port, "/_flowproof/health")
        shown = _get(port, "/_flowproof/workspaces/default")["providers"]["oneflow"]["credentials"]["default"]
        yield Server(port, f"/oneflow{path}", signed(path, shown), psutil.Process(process.pid), ready_s)


@contextmanager
def sandbox() -> Iterator[Server]:
    """What stands behind the proxies: a sandbox that answers at once."""
    port = _free()
    with _started([sys.executable, "-m", "benchmarks.receipts", str(port)]) as (process, began):
        headers = signed("/api/order", {"key": "token", "secret": "secret"})
        yield _ready(process, began, port, "/api/order", headers)


@contextmanager
def proxy(name: str, folder: Path, upstream: Server) -> Iterator[Server]:
    """
    A proxy in front of a server.

    Args:
        name: One of `PROXIES`.
        folder: Where ``npm install`` has put Prism, and a virtual environment `venv` with mitmproxy is.
        upstream: The server behind it.
    """
    port = _free()
    with tempfile.TemporaryDirectory() as scratch:
        command = _proxy_command(name, folder, Path(scratch), port, upstream.port)
        with _started(command) as (process, began):
            yield _ready(process, began, port, upstream.path, upstream.headers)


def _proxy_command(name: str, folder: Path, scratch: Path, port: int, behind: int) -> list[str]:
    url = f"http://127.0.0.1:{behind}"
    match name:
        case "flowproof proxy":
            profile = scratch / "sandbox.toml"
            profile.write_text(PROFILE.format(port=behind), encoding="utf-8")
            ports = ("--port", str(port), "--control-port", "0")
            return [_flowproof(), "proxy", "oneflow", "--target", str(profile), *ports]
        case "mitmproxy":
            mitmdump = str(folder / "venv" / "bin" / "mitmdump")
            return [mitmdump, "--quiet", "--mode", f"reverse:{url}", "--listen-host", "127.0.0.1", "-p", str(port)]
        case "prism proxy":
            prism = str(folder / "node_modules" / ".bin" / "prism")
            return [prism, "proxy", "-p", str(port), "-v", "error", str(CONTRACT), url]
    raise ValueError(name)


@contextmanager
def peer(name: str, folder: Path) -> Iterator[Server]:
    """
    Another tool that serves the same contract, as far as it can; none of them verifies a signature or keeps an order.

    Args:
        name: One of `PEERS`.
        folder: Where ``npm install`` has put Prism, Mockoon and WireMock.
    """
    port = _free()
    with tempfile.TemporaryDirectory() as scratch, _started(_command(name, folder, Path(scratch), port)) as started:
        process, began = started
        headers = signed("/api/order", {"key": "token", "secret": "secret"})
        yield _ready(process, began, port, "/api/order", headers)


def _command(name: str, folder: Path, scratch: Path, port: int) -> list[str]:
    bin_ = folder / "node_modules" / ".bin"
    match name:
        case "prism":
            return [str(bin_ / "prism"), "mock", "-p", str(port), "-v", "error", str(CONTRACT)]
        case "mockoon":
            file = scratch / "environment.json"
            file.write_text(json.dumps(_mockoon(port)), encoding="utf-8")
            return [str(bin_ / "mockoon-cli"), "start", "--data", str(file), "--disable-log-to-file"]
        case "wiremock" | "wiremock, no journal":
            mappings = scratch / "mappings"
            mappings.mkdir()
            (mappings / "order.json").write_text(json.dumps(_wiremock()), encoding="utf-8")
            command = [str(bin_ / "wiremock"), "--port", str(port), "--root-dir", str(scratch)]
            return [*command, *(["--no-request-journal"] if "," in name else [])]
        case "pytest-httpserver":
            return [sys.executable, "-m", "benchmarks.httpserver", str(port)]
    raise ValueError(name)


def _mockoon(port: int) -> dict[str, Any]:
    schema = {"id": "schema", "uuid": "schema", "name": "schema", "value": json.dumps(_schema())}
    rule = {"target": "body", "modifier": "", "value": "schema", "invert": False, "operator": "valid_json_schema"}
    answers = [
        _mockoon_answer("no", 400, '{"error":"invalid"}', []),  # (the first answers where no rule fits)
        _mockoon_answer("yes", 201, '{"_id":"5910757faab8ec6f60127999"}', [rule]),
    ]
    route = {"uuid": "order", "type": "http", "method": "post", "endpoint": "api/order", "responses": answers}
    return {
        "uuid": "orders",
        "lastMigration": 33,
        "name": "orders",
        "port": port,
        "hostname": "127.0.0.1",
        "routes": [route],
        "rootChildren": [{"type": "route", "uuid": "order"}],
        "data": [schema],
        "headers": [{"key": "Content-Type", "value": "application/json"}],
    }


def _mockoon_answer(name: str, status: int, body: str, rules: list[Any]) -> dict[str, Any]:
    return {
        "uuid": name,
        "statusCode": status,
        "body": body,
        "rules": rules,
        "rulesOperator": "AND",
        "bodyType": "INLINE",
    }


def _wiremock() -> dict[str, Any]:
    pattern = {"matchesJsonSchema": json.dumps(_schema()), "schemaVersion": "V202012"}
    return {
        "request": {"method": "POST", "urlPath": "/api/order", "bodyPatterns": [pattern]},
        "response": {"status": 201, "jsonBody": {"_id": "5910757faab8ec6f60127999"}},
    }


def _schema() -> Any:
    """The order's schema as one document, for tools that take no references between files."""
    return _whole("order.schema.json", _read("order.schema.json"))


def _read(name: str) -> Any:
    return json.loads((CONTRACT.parent / "schemas" / name).read_text(encoding="utf-8"))


def _whole(file: str, node: Any) -> Any:
    """A part of a file with what its references lead to in their place."""
    if isinstance(node, list):
        return [_whole(file, each) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name, _, pointer = node["$ref"].partition("#")
        found = _read(name or file)
        for step in pointer.split("/")[1:]:
            found = found[step]
        return _whole(name or file, found)
    return {name: _whole(file, each) for name, each in node.items() if name not in OURS}


def _flowproof() -> str:
    beside = Path(sys.executable).with_name("flowproof")
    return str(beside) if beside.exists() else shutil.which("flowproof") or "flowproof"


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def _started(command: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """A process with everything that it starts, gone after the block."""
    began = time.perf_counter()
    # A user's Python keeps its bytecode; where it is told not to, every start would measure the compiler.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"SANDBOX_TOKEN": "token", "SANDBOX_SECRET": "secret"}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process, began
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _ready(process: subprocess.Popen[bytes], began: float, port: int, path: str, headers: Mapping[str, str]) -> Server:
    ready_s = _answers(process, began, port, path)
    return Server(port, path, headers, psutil.Process(process.pid), ready_s)


def _answers(process: subprocess.Popen[bytes], began: float, port: int, path: str) -> float:
    """Seconds from a process's start to its first answer, whatever that is."""
    while time.perf_counter() - began < TIMEOUT_S:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            if process.poll() not in {None, 0}:
                break
            time.sleep(0.002)
        else:
            return time.perf_counter() - began
        finally:
            connection.close()
    sys.exit(f"the server of process {process.pid} did not answer; exit code {process.poll()}")


def _get(port: int, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()
