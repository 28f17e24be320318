"""
A real HTTP receiver on loopback for tests of webhooks: it keeps what came, answers as set, and can be waited on.

It knows no server and no provider. What it shows of a request in a message leaves out every header that may be secret.
"""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import CLOCK_MONOTONIC, clock_gettime
from types import TracebackType
from typing import Any, Self

from flowproof.errors import ConfigurationError, FlowproofError
from flowproof.exchange import Headers, header
from flowproof.plurals import counted

__all__ = ["Inbox", "InboxResponse", "InboxResponses", "NothingCame", "Received"]

TIMEOUT_S = 10.0
IDLE_S = 30.0
SHOWN = 500  # characters of a body
SECRET = ("auth", "cookie", "key", "secret", "signature", "token")


@dataclass(frozen=True, slots=True)
class Received:
    """
    A request that came whole.

    Args:
        number: Counted from 1, in the order in which they had been read.
        method: As sent.
        path: As sent, percent-encoded, with the query.
        headers: Names and values, in the order sent.
        body: Bytes as sent.
        at: When it had been read (aware, UTC).
        verified: The verdict of the inbox's verifier; None where it has none.
        status: What the inbox answered; None while it has not, and where it closed without an answer.
    """

    number: int
    method: str
    path: str
    headers: Headers = field(repr=False)
    body: bytes
    at: datetime
    verified: bool | None = None
    status: int | None = None

    def header(self, name: str) -> str | None:
        """Value of the first header of that name, whatever its case, or None."""
        return header(self.headers, name)

    @property
    def json(self) -> Any:
        """
        The body's JSON value.

        Raises:
            ValueError: It is no JSON.
        """
        return json.loads(self.body)

    def __str__(self) -> str:
        facts = [f"{self.method} {self.path} answered {self.status or 'nothing'}"]
        if self.verified is not None:
            facts.append("verified" if self.verified else "NOT verified")
        shown = [f"  {name}: {'[hidden]' if _is_secret(name) else value}" for name, value in self.headers]
        text = self.body[: SHOWN * 4].decode(errors="backslashreplace")
        body = f"  {counted(len(self.body), 'byte')}: {text[:SHOWN]}{'…' if len(text) > SHOWN else ''}"
        return "\n".join([f"{self.number}. {', '.join(facts)}", *shown, body])


@dataclass(frozen=True, slots=True)
class InboxResponse:
    """
    What the inbox answers to a request.

    Args:
        status: Status code; None to close the connection without an answer.
        headers: Further headers.
        body: Its bytes.
        delay_s: How long it waits before that.
    """

    status: int | None = 200
    headers: Headers = ()
    body: bytes = b""
    delay_s: float = 0


OneResponse = int | InboxResponse | None
InboxResponses = OneResponse | Sequence[OneResponse] | Callable[[Received], OneResponse]


@dataclass(eq=False)
class NothingCame(FlowproofError):
    """
    What was waited for did not come in time.

    Args:
        wanted: How many requests.
        matched: How many came that were meant.
        timeout_s: How long was waited.
        received: Everything that came.
        broken: How many requests broke off before they were whole.
    """

    wanted: int
    matched: int
    timeout_s: float
    received: Sequence[Received]
    broken: int

    def __str__(self) -> str:
        came = "\n".join(map(str, self.received)) or "nothing came at all"
        broken = f"\n{self.broken} broke off before they were whole" if self.broken else ""
        return (
            f"within {self.timeout_s:g} s {self.matched} of {counted(self.wanted, 'wanted request')} came; "
            f"everything that came:\n{came}{broken}"
        )


class Inbox:
    """
    A receiver. As a context manager it closes at the end.

    Args:
        answers: What it answers: a status, an :class:`InboxResponse`, None to close without one, a sequence of these of
            which the last one holds on, or a function of the request. Can be set anew at any time.
        verify: Says whether a request is proved to come from whom it should; what raises is not.
        refuse: What is answered to a request that is not verified; None for the answer as usual.
        path: Of its URL.
        port: To listen on, of loopback; 0 for any that is free.

    Raises:
        OSError: The port is taken.
    """

    def __init__(
        self,
        answers: InboxResponses = 200,
        *,
        verify: Callable[[Received], bool] | None = None,
        refuse: int | None = None,
        path: str = "/webhooks",
        port: int = 0,
    ) -> None:
        self._changed = threading.Condition()
        self._received: list[Received] = []
        self._unanswered: set[tuple[int, datetime]] = set()
        self._broken = 0
        self._closing = threading.Event()
        self._verify = verify
        self._refuse = refuse
        self.answers = answers
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.inbox = self
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}{path}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name=f"inbox-{self.port}", daemon=True
        )
        self._thread.start()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r}, {len(self._received)} received)"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Answer nobody any more and let go of the port."""
        if not self._closing.is_set():
            self._closing.set()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    @property
    def answers(self) -> InboxResponses:
        return self._answers

    @answers.setter
    def answers(self, answers: InboxResponses) -> None:
        with self._changed:
            if isinstance(answers, Sequence) and not answers:
                raise ConfigurationError("An inbox has no answers.", "Give at least one.")
            self._answers = answers
            self._next = 0

    @property
    def received(self) -> tuple[Received, ...]:
        """Every request that came whole, in the order in which it had been read."""
        with self._changed:
            return tuple(self._received)

    @property
    def broken(self) -> int:
        """How many requests broke off before they were whole."""
        with self._changed:
            return self._broken

    def clear(self) -> None:
        with self._changed:
            self._received.clear()
            self._broken = 0

    def wait(
        self,
        n: int = 1,
        *,
        timeout_s: float = TIMEOUT_S,
        where: Callable[[Received], bool] | None = None,
        answered: bool = True,
    ) -> tuple[Received, ...]:
        """
        Wait until so many requests have come and been answered; those that came before count.

        Args:
            n: How many.
            timeout_s: How long to wait at most.
            where: Which requests are meant; all by default.
            answered: Whether they must have been answered; else it is enough that they have come.

        Returns:
            The first so many that are meant.

        Raises:
            NothingCame: Fewer came in that time; it shows everything that did.
        """
        deadline = clock_gettime(CLOCK_MONOTONIC) + timeout_s  # (monotonic() stands still where a test freezes time)
        with self._changed:
            while len(found := self._meant(where, answered=answered)) < n:
                left_s = deadline - clock_gettime(CLOCK_MONOTONIC)
                if left_s <= 0:
                    raise NothingCame(n, len(found), timeout_s, tuple(self._received), self._broken)
                self._changed.wait(left_s)
            return tuple(found[:n])

    def _meant(self, where: Callable[[Received], bool] | None, *, answered: bool) -> list[Received]:
        done = (each for each in self._received if not (answered and (each.number, each.at) in self._unanswered))
        return [each for each in done if where is None or where(each)]

    def _take(self, handler: "_Handler", body: bytes) -> None:
        with self._changed:
            number = len(self._received) + 1
            received = Received(
                number, handler.command, handler.path, tuple(handler.headers.items()), body, datetime.now(UTC)
            )
            self._received.append(received)
            self._unanswered.add((number, received.at))
            self._changed.notify_all()
        verified = replace(received, verified=self._verdict(received))
        answer = self._answer(verified)
        try:
            if answer.delay_s:
                self._closing.wait(answer.delay_s)
            self._replace(received, replace(verified, status=answer.status))
            handler.answer(answer)
        finally:
            with self._changed:
                self._unanswered.discard((number, received.at))
                self._changed.notify_all()

    def _replace(self, before: Received, after: Received) -> None:
        with self._changed:
            self._received = [after if each is before else each for each in self._received]

    def _verdict(self, received: Received) -> bool | None:
        if self._verify is None:
            return None
        try:
            return bool(self._verify(received))
        except Exception:  # noqa: BLE001 (whatever a verifier meets in a request, it does not prove it)
            return False

    def _answer(self, received: Received) -> InboxResponse:
        if received.verified is False and self._refuse is not None:
            return InboxResponse(self._refuse)
        with self._changed:
            answers = self._answers
            if isinstance(answers, Sequence):
                chosen: Any = answers[min(self._next, len(answers) - 1)]
                self._next += 1
            else:
                chosen = answers
        try:
            chosen = chosen(received) if callable(chosen) else chosen
        except Exception as error:  # noqa: BLE001 (a receiver that fails answers 500, as any would)
            return InboxResponse(500, body=f"{type(error).__name__}: {error}".encode())
        return chosen if isinstance(chosen, InboxResponse) else InboxResponse(chosen)

    def _broke_off(self) -> None:
        with self._changed:
            self._broken += 1
            self._changed.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    inbox: Inbox

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is its own affair; nothing is written to stderr."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # (else a body may wait for the acknowledgement of its head)
    timeout = IDLE_S
    server: _Server

    def _take(self) -> None:
        inbox = self.server.inbox
        try:
            body = self._read_chunks() if "Transfer-Encoding" in self.headers else self._read_length()
        except (EOFError, OSError, ValueError):
            self.close_connection = True
            inbox._broke_off()
            return
        inbox._take(self, body)

    def _read_length(self) -> bytes:
        return self._read_whole(int(self.headers.get("Content-Length") or 0))

    def _read_chunks(self) -> bytes:
        """Read the chunks of RFC 9112, 7.1, without trailers; no other transfer coding is known."""
        pieces = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            pieces.append(self._read_whole(size))
            self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b"\n", b""):
            pass
        return b"".join(pieces)

    def _read_whole(self, size: int) -> bytes:
        body = self.rfile.read(size) if size > 0 else b""
        if len(body) < size:
            raise EOFError
        return body

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _take  # noqa: N815 (http.server's names)

    def answer(self, answer: InboxResponse) -> None:
        if answer.status is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (http.server's signature)
        """Nothing: a URL may be secret."""


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in SECRET)
