"""A small load generator: so many keep-alive connections, each sending its next request when its answer is complete."""

import asyncio
import itertools
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Measured", "load"]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one round measured: requests a second, median and 99th percentile in milliseconds, how many failed."""

    per_s: float
    p50_ms: float
    p99_ms: float
    failed: int


class _Connection(asyncio.Protocol):
    """One client: sends, reads the whole answer by its Content-Length, sends again until the time is up."""

    def __init__(
        self, make: Callable[[int], bytes], numbers: "itertools.count[int]", until: float, expected: int
    ) -> None:
        self._make, self._numbers, self._until = make, numbers, until
        self._expected = b"HTTP/1.1 %d" % expected
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None
        self.times_s: list[float] = []
        self.failed = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self.times_s.append(time.perf_counter() - self._sent_at)
        self.failed += not head.startswith(self._expected)
        self._buffer = b""
        self._send()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        assert self._transport is not None
        self._sent_at = time.perf_counter()
        if self._sent_at >= self._until:
            self._transport.close()
            return
        self._transport.write(self._make(next(self._numbers)))


async def load(
    port: int,
    make: Callable[[int], bytes],
    *,
    seconds: float,
    connections: int = 16,
    expected: int = 200,
    first: int = 0,
) -> Measured:
    """
    Load a server on loopback.

    Args:
        port: Its port.
        make: The bytes of the request of that number.
        seconds: How long.
        connections: How many at once.
        expected: The status that every answer must have.
        first: The number of the first request.
    """
    numbers, until = itertools.count(first), time.perf_counter() + seconds
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    clients = [
        (await loop.create_connection(lambda: _Connection(make, numbers, until, expected), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for client in clients))
    times_s = sorted(itertools.chain.from_iterable(client.times_s for client in clients))
    return Measured(
        per_s=len(times_s) / (time.perf_counter() - started),
        p50_ms=statistics.median(times_s) * 1000,
        p99_ms=times_s[int(len(times_s) * 0.99)] * 1000,
        failed=sum(client.failed for client in clients),
    )
