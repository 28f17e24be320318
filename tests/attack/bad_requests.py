"""
Generated bad requests to a server of our own: every provider, the control API, and bytes that are no HTTP.

A request is a failure where it is answered with a 5xx or not at all, where the server spends more than a second on it,
or where the server's log has a traceback.
"""

import base64
import hmac
import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any
from urllib.parse import quote

from flowproof.conformance import Operation, load_contract
from flowproof.kernel.control.app import control_contract
from tests.attack.served import Served
from tests.attack.signed_requests import SignedRequests

__all__ = ["Result", "attack"]

BATCH = 20  # requests that are sent before their answers are read
SLOWEST_S = 1.0  # of the server's own processor time, for a batch
TIMEOUT_S = 120.0
RIGHT = 0.75
SIGNED = 0.1  # of all requests are documented ones with a few changes, which are signed
WORDS = (
    "",
    "x",
    "0",
    "-1",
    "9" * 30,
    "null",
    "true",
    "ä€😀",
    "a" * 300,
    "../..",
    "%00",
    "' OR 1=1",
    "{{#each a}}",
    "\u202e",
)
NUMBERS = (0, -1, 1, 2**31, 2**53, 2**63, 1e308, 1.5, -0.0, 10**25)
TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/json; charset=utf-16",
    "",
    "multipart/form-data; boundary=x",
)
HEADERS = (
    ("Origin", ("http://[", "null", "https://evil.example", "http://localhost:1")),
    ("Authorization", ("Bearer", "Bearer x", "Basic Og==", "Basic ////", "Digest a=b", "x" * 2000, "Basic \xff")),
    (
        "Host",
        ("localhost", "127.0.0.1:1", "[::1]", "notes.localhost", "evil.example", "[", "localhost:99999999", "\xff"),
    ),
    ("Accept", ("text/html", "*/*", "application/json;q=x", ",,,")),
    ("Cookie", ("a=b; c", "otter_consent=" + "x" * 43, "=;=;", "\x80")),
    ("Expect", ("100-continue", "x")),
    ("Transfer-Encoding", ("identity",)),
    ("X-OneFlow-Date", ("9" * 40, "Sun, 06 Nov 1994 08:49:37 GMT", "2024-02-30", "")),
    ("X-OneFlow-Authorization", ("a:b", ":", "a", "é:b")),
    ("X-OneFlow-Algorithm", ("SHA256", "MD5")),
    ("auth-token", ("", "x", "é")),
    ("AccessToken", ("Bearer x", "x")),
    ("X-Signature", ("x", "é")),
    ("X-Timestamp", ("9999-99-99T00:00:00Z", "2024-01-01T00:00:00.123456789Z", "x")),
    ("X-Forwarded-For", ("1.2.3.4, x",)),
    ("Flowproof-Delivery", ("default/dlv-1",)),
)
GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
    b"GET /oneflow/api/order HTTP/1.1\r\nbroken\r\n\r\n",
    b"POST /otter/v1/auth/token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"GET /flow1st HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /flow1st\r\n",
    b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n",
    b"GET http://[::1 HTTP/1.1\r\n\r\n",
    b"G" * 5000,
    b"\r\n" * 2000,
    b"\x00" * 100,
)


@dataclass
class Result:
    """What came of an attack: answers by status, accepted signed requests by provider, and what failed."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request: its bytes, whether its answer has a body, and its provider where it is signed."""

    data: bytes
    has_body: bool = True
    signed_for: str = ""


def attack(server: Served, *, seconds: float, requests: int, seed: int) -> Result:
    """
    Send bad requests for so long, or so many.

    Args:
        server: Of our own.
        seconds: Budget.
        requests: Budget; 0 for none.
        seed: What the requests are drawn from.
    """
    rng, result, deadline = Random(seed), Result(), monotonic() + seconds
    operations = [each for made in (_operations(slug) for slug in server.providers) for each in made]
    operations += [("/_flowproof", each) for each in control_contract().operations.all if each.id != "deleteWorkspace"]
    signed = SignedRequests(server.url, server.providers, lambda chance: _value(chance, 2))
    while monotonic() < deadline and (not requests or result.statuses.total() < requests):
        if rng.random() < 0.02:
            _send_garbage(server, rng, result)
        _send_batch(server, [_next(rng, server, operations, signed) for _ in range(BATCH)], result)
    result.failures += [f"log: {line}" for line in server.tracebacks()]
    return result


def _operations(slug: str) -> Iterator[tuple[str, Operation]]:
    return ((f"/{slug}", each) for each in load_contract(slug, None).operations.all)


def _next(rng: Random, server: Served, operations: Sequence[tuple[str, Operation]], signed: SignedRequests) -> Sent:
    if rng.random() < SIGNED:
        slug, data = signed.next(rng)
        return Sent(data, signed_for=slug)
    return _request(rng, server, *rng.choice(operations))


def _request(rng: Random, server: Served, prefix: str, operation: Operation) -> Sent:
    """A request that was put together at random. Three in four have credentials that are right."""
    method = (
        operation.method if rng.random() < 0.85 else rng.choice(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
    )
    path = operation.path
    for name in {each.name for each in operation.parameters if each.place == "path"}:
        usual = {"workspace": "default", "provider": "oneflow"}.get(name, "1")
        path = path.replace(f"{{{name}}}", quote(usual if rng.random() < 0.5 else rng.choice(WORDS), safe="") or "x")
    names = [each.name for each in operation.parameters if each.place == "query"] + ["x", "client_id"]
    query = "&".join(f"{quote(rng.choice(names))}={quote(rng.choice(WORDS))}" for _ in range(rng.randrange(4)))
    body, content_type = _body(rng) if method not in ("GET", "HEAD") or rng.random() < 0.1 else (b"", "")
    chosen: dict[str, str] = {"Host": "localhost"}
    if prefix[1:] in server.providers and rng.random() < RIGHT:
        chosen |= _credentials(server.providers[prefix[1:]]["credentials"]["default"], prefix[1:], method, path)
    for name, values in rng.sample(HEADERS, rng.randrange(3)):
        chosen[name] = rng.choice(values)
    if "Expect" in chosen and not body:
        del chosen["Expect"]
    if content_type:
        chosen["Content-Type"] = content_type
    lines = [f"{method} {prefix}{path}{'?' + query if query else ''} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in chosen.items() if name != "Transfer-Encoding"]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
    return Sent(head.encode("latin-1", "replace") + body, has_body=method != "HEAD")


def _credentials(own: Mapping[str, Any], slug: str, method: str, path: str) -> Mapping[str, str]:
    """What authenticates a request with the default credential. Flow1st's needs a token first: Basic gets that far."""
    match slug:
        case "oneflow":
            signature = hmac.new(own["secret"].encode(), f"{method} {path} 1".encode(), "sha1").hexdigest()
            return {"x-oneflow-authorization": f"{own['key']}:{signature}", "x-oneflow-date": "1"}
        case "dots_eco":
            return {"auth-token": own["key"]}
        case "integrations":
            return {"Authorization": f"Bearer {own['key']}"}
        case _:
            pair = base64.b64encode(f"{own['key']}:{own.get('secret', '')}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}


def _body(rng: Random) -> tuple[bytes, str]:
    makers: Sequence[Callable[[Random], bytes]] = (_json, _json, _form, _broken, _large)
    body = rng.choice(makers)(rng)
    return body, rng.choice(TYPES[:2]) if rng.random() < 0.8 else rng.choice(TYPES)


def _json(rng: Random) -> bytes:
    return json.dumps(_value(rng, 4), ensure_ascii=rng.random() < 0.5).encode("utf-8", "replace")


def _value(rng: Random, depth: int) -> Any:
    kind = rng.randrange(7 if depth else 4)
    match kind:
        case 0:
            return rng.choice(WORDS)
        case 1:
            return rng.choice(NUMBERS)
        case 2 | 3:
            return rng.choice([None, True, False])
        case 4:
            return [_value(rng, depth - 1) for _ in range(rng.randrange(4))]
        case _:
            return {rng.choice(NAMES): _value(rng, depth - 1) for _ in range(rng.randrange(5))}


NAMES = (
    *(
        "destination",
        "orderData",
        "items",
        "shipments",
        "sourceOrderId",
        "name",
        "app_token",
        "sku",
        "storeId",
        "seconds",
    ),
    *(
        "mode",
        "now",
        "step_s",
        "offset_s",
        "fault",
        "status",
        "id",
        "seed",
        "clock",
        "provider",
        "event",
        "url",
        "consent",
    ),
    *(
        "user",
        "records",
        "tasks",
        "flowproof",
        "exchanges",
        "entityType",
        "code",
        "entity",
        "credentials",
        "settings",
        "",
    ),
    *("balances", "accounts", "triggers", "template", "amount_minor", "currency", "adversary", "copies", "providerId"),
)


def _form(rng: Random) -> bytes:
    names = ("client_id", "client_secret", "grant_type", "code", "scope", "redirect_uri", "ticket", "decision", "user")
    pairs = (f"{rng.choice(names)}={quote(rng.choice(WORDS))}" for _ in range(rng.randrange(1, 8)))
    return "&".join(pairs).encode()


def _broken(rng: Random) -> bytes:
    whole = _json(rng)
    return whole[: rng.randrange(len(whole) + 1)] + rng.randbytes(rng.randrange(4))


def _large(rng: Random) -> bytes:
    size = rng.choice([100, 10_000, 70_000])
    return rng.choice([b"[" * size, b'{"a":1,' * (size // 7), b"a=b&" * (size // 4), b'"' + b"x" * size + b'"'])


def _send_batch(server: Served, batch: Sequence[Sent], result: Result) -> None:
    before_s = server.cpu_s()
    try:
        with socket.create_connection(server.address, timeout=TIMEOUT_S) as raw, raw.makefile("rb") as stream:
            for request in batch:
                raw.sendall(request.data)
                head = _head(stream)
                if not head:
                    break  # the server has closed the connection after an answer, as it may
                status = int(head["status"])
                result.statuses[status] += 1
                if status >= 500:
                    result.failures.append(f"{status}: {request.data[:300]!r}")
                if request.signed_for and status < 300:
                    result.accepted[request.signed_for] += 1
                if request.has_body and "content-length" in head:
                    stream.read(int(head["content-length"]))
                if head.get("connection") == "close":
                    break
    except OSError as error:
        result.failures.append(f"{type(error).__name__}: {[request.data[:200] for request in batch]!r}")
    spent_s = server.cpu_s() - before_s
    if spent_s > SLOWEST_S:
        result.failures.append(f"{spent_s:.1f} s: {[request.data[:200] for request in batch]!r}")


def _head(stream: Any) -> Mapping[str, str]:
    """The status and the headers of an answer; nothing where there is none. Interim answers are passed over."""
    while line := stream.readline():
        head = {"status": line.split()[1].decode()}
        while (line := stream.readline().strip()) and b":" in line:
            name, _, value = line.partition(b":")
            head[name.decode("latin-1").lower()] = value.strip().decode("latin-1")
        if head["status"] != "100":
            return head
    return {}


def _send_garbage(server: Served, rng: Random, result: Result) -> None:
    garbage = rng.choice(GARBAGE) + (rng.randbytes(rng.randrange(50)) if rng.random() < 0.5 else b"")
    try:
        with socket.create_connection(server.address, timeout=TIMEOUT_S) as raw:
            raw.sendall(garbage)
            raw.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: raw.recv(65536), b""))
    except ConnectionError:
        return  # (the server may end what is no HTTP as it likes)
    except OSError as error:
        result.failures.append(f"{type(error).__name__}: {garbage[:100]!r}")
        return
    if answer:
        status = int(answer.split()[1])
        result.statuses[status] += 1
        if status >= 500:
            result.failures.append(f"{status}: {garbage[:100]!r}")
