"""An upstream and a client that speak HTTP/1.1 by hand, so that no library hides what went over the wire."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Message:
    """
    A message as it came.

    Args:
        start: The start line.
        headers: Lines of the head, without the start line.
        body: Without the framing of chunks.
        is_whole: Whether the end of the body came.
    """

    start: str
    headers: tuple[str, ...]
    body: bytes
    is_whole: bool = True

    def header(self, name: str) -> str | None:
        """The value of a header."""
        found = (line.partition(":") for line in self.headers)
        return next((value.strip() for key, _, value in found if key.lower() == name.lower()), None)


class Reader:
    """Reads messages from a socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = b""

    def head(self) -> Message | None:
        """The head of the next message; None at the end."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        start, *lines = head.decode("latin-1").split("\r\n")
        return Message(start, tuple(lines), b"")

    def message(self, *, ends_at_close: bool = False, has_body: bool = True) -> Message | None:
        """The next message; None at the end."""
        head = self.head()
        if head is None or not has_body:
            return head
        try:
            body = self._body(head, ends_at_close=ends_at_close)
        except EOFError:
            return Message(head.start, head.headers, self._buffer, is_whole=False)
        return Message(head.start, head.headers, body)

    def _body(self, head: Message, *, ends_at_close: bool) -> bytes:
        if (head.header("transfer-encoding") or "").lower() == "chunked":
            return b"".join(self._chunks())
        length = head.header("content-length")
        if length is not None:
            return self._take(int(length))
        while ends_at_close and self._more():
            pass
        return self._take(len(self._buffer)) if ends_at_close else b""

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._line(), 16):
            yield self._take(size)
            self._take(2)
        while self._line():
            pass

    def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            if not self._more():
                raise EOFError
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            if not self._more():
                raise EOFError
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _more(self) -> bool:
        piece = self._socket.recv(65536)
        self._buffer += piece
        return bool(piece)


@dataclass
class Upstream:
    """
    A server that answers each request with what a function says.

    Args:
        tls: The context of a server that speaks TLS.
        answer: Gets the connection, a reader of it and a request's head; reads the body where it wants it, and answers.
        seen: The requests with their bodies, as far as `answer` has noted them.
    """

    answer: Callable[["Upstream", socket.socket, Reader], bool]
    tls: ssl.SSLContext | None = None
    seen: list[Message] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    @contextmanager
    def running(self) -> Iterator["Upstream"]:
        """Serve on a port of its own during the block."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            scheme = "http" if self.tls is None else "https"
            self.url = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
            thread = threading.Thread(target=self._accept, args=(listening,), daemon=True)
            thread.start()
            try:
                yield self
            finally:
                listening.shutdown(socket.SHUT_RDWR)
                thread.join(TIMEOUT_S)

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                with connection if self.tls is None else self.tls.wrap_socket(connection, server_side=True) as secured:
                    reader = Reader(secured)
                    while self.answer(self, secured, reader):
                        pass
            except OSError:
                pass


def answering(response: bytes, *, then_close: bool = False) -> Callable[[Upstream, socket.socket, Reader], bool]:
    """Read a request whole, note it, and send these bytes."""

    def answer(upstream: Upstream, connection: socket.socket, reader: Reader) -> bool:
        request = reader.message()
        if request is None:
            return False
        upstream.seen.append(request)
        connection.sendall(response)
        return not then_close

    return answer


@contextmanager
def connected(url: str) -> Iterator[tuple[socket.socket, Reader]]:
    """A connection to a server of this machine, and a reader of it."""
    port = int(url.removeprefix("http://127.0.0.1:").partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        yield connection, Reader(connection)
