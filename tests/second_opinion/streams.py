"""HTTP/1.1 on asyncio's streams, with h11 for its grammar: a server and a POST. Knows no provider."""

import asyncio
import gzip
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from threading import Thread
from urllib.parse import urlsplit

import h11

PIECE = 900  # bytes of a chunk


@dataclass(frozen=True)
class Request:
    """One request; names of headers are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    raw: bytes


@dataclass(frozen=True)
class Answer:
    """One answer."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@contextmanager
def serving(answer: Callable[[Request], Answer]) -> Iterator[str]:
    """A server on loopback, on an event loop in a thread of its own: its URL."""
    loop = asyncio.new_event_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):  # at the end; asyncio would log a connection that is cancelled
            await _serve(reader, writer, answer)

    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """
    The status that a POST without TLS is answered with.

    Raises:
        OSError: Nobody answers.
        ValueError: The URL cannot be used.
        h11.ProtocolError: The answer is not HTTP.
    """
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port or 80)
    try:
        connection = h11.Connection(h11.CLIENT)
        target = f"{place.path or '/'}{'?' + place.query if place.query else ''}"
        framing = {"host": place.netloc, "transfer-encoding": "chunked", "connection": "close"}
        head = h11.Request(method="POST", target=target, headers=list({**framing, **headers}.items()))
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(connection.send(event) or b"")
        while not isinstance(answer := connection.next_event(), h11.Response):
            connection.receive_data(await reader.read(65536))
        return answer.status_code
    finally:
        writer.close()


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Callable[[Request], Answer]
) -> None:
    """Answer one connection's requests until it ends."""
    connection = h11.Connection(h11.SERVER)
    with suppress(ConnectionError, h11.RemoteProtocolError):
        while (request := await _next_request(connection, reader, writer)) is not None:
            await _respond(connection, writer, request, answer(request))
            if connection.our_state is h11.MUST_CLOSE:
                break
            connection.start_next_cycle()
    writer.close()


async def _next_request(
    connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Request | None:
    """The next request of a connection, whole; None where there is none."""
    head, pieces = None, []
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                writer.write(connection.send(h11.InformationalResponse(status_code=100, headers=[])))
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            pieces.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            path, _, query = head.target.decode("latin-1").partition("?")
            headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
            return Request(head.method.decode(), path, query, headers, b"".join(pieces))
        else:
            return None


async def _respond(connection: h11.Connection, writer: asyncio.StreamWriter, request: Request, answer: Answer) -> None:
    """Answer in chunks, compressed where the client can read that."""
    framing = {"date": formatdate(usegmt=True), "transfer-encoding": "chunked", "vary": "accept-encoding"}
    data, headers = answer.body, {**framing, **answer.headers}
    if "gzip" in request.headers.get("accept-encoding", ""):
        data, headers["content-encoding"] = gzip.compress(data), "gzip"
    reason = HTTPStatus(answer.status).phrase.lower()
    events: list[h11.Event] = [h11.Response(status_code=answer.status, headers=list(headers.items()), reason=reason)]
    if request.method != "HEAD":
        events += [h11.Data(data=data[start : start + PIECE]) for start in range(0, len(data), PIECE)]
    for event in (*events, h11.EndOfMessage()):
        writer.write(connection.send(event) or b"")
    await writer.drain()


async def _cancel_all() -> None:
    """End all that runs on this loop."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
