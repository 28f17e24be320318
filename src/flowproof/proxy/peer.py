"""One side of a proxied connection: messages on a socket, parsed by h11, and written as they came."""

import select
import socket
import ssl
import struct
from collections.abc import Container, Iterable
from contextlib import suppress
from typing import Any

import h11

from flowproof.exchange import Headers

__all__ = ["ClientBroken", "Peer", "PeerBroken", "UpstreamBroken", "headers_of", "reason_of"]

CHUNK = 64 * 1024
LONGEST_HEAD = 256 * 1024
LINGER_S = 1.0
FRAMING = frozenset({"transfer-encoding", "content-length", "connection"})
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a TCP reset


class PeerBroken(Exception):
    """
    A side broke off, or sent what is not HTTP/1.1.

    Args:
        why: Begins with a verb.
        was_reset: Whether by a TCP reset, and not by a mere close.
    """

    def __init__(self, why: str, *, was_reset: bool = False) -> None:
        super().__init__(why)
        self.was_reset = was_reset


class ClientBroken(PeerBroken):
    """The client did."""


class UpstreamBroken(PeerBroken):
    """The upstream did."""


class Peer:
    """
    A side of a connection. What it raises is `ClientBroken` or `UpstreamBroken`, by its role.

    Args:
        connection: The socket; owned from now on.
        role: ``h11.SERVER`` towards a client, ``h11.CLIENT`` towards an upstream.
    """

    def __init__(self, connection: socket.socket, role: type[h11.CLIENT] | type[h11.SERVER]) -> None:
        self._socket = connection
        self._broken = ClientBroken if role is h11.SERVER else UpstreamBroken
        self.http = h11.Connection(our_role=role, max_incomplete_event_size=LONGEST_HEAD)

    def next_event(self) -> Any:
        """
        The next event of h11, waited for.

        Raises:
            PeerBroken: The side broke off, or sent what is not HTTP/1.
        """
        while True:
            try:
                event = self.http.next_event()
            except h11.RemoteProtocolError as error:
                raise self._broken(f"sent what is not HTTP/1.1, or not all of it: {error}") from error
            if event is not h11.NEED_DATA:
                return event
            self.http.receive_data(self._receive())

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(CHUNK)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> PeerBroken:
        return self._broken(f"broke off: {reason_of(error)}", was_reset=isinstance(error, ConnectionResetError))

    def has_data(self, *, within_s: float) -> bool:
        """Whether something can be read, or the side has closed."""
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return True
        readable, _, _ = select.select([self._socket], [], [], within_s)
        return bool(readable)

    def has_ended(self) -> bool:
        """Whether the message that is being read is whole; what is left of it is dropped. Nothing is waited for."""
        try:
            return isinstance(self.http.next_event(), h11.EndOfMessage)
        except h11.RemoteProtocolError:
            return False

    def is_left_by(self, other: "Peer") -> bool:
        """
        Whether the other side closes while this one is idle; waits for either to do something.

        Raises:
            PeerBroken: This side broke off.
        """
        if self.http.trailing_data[0] or self.has_data(within_s=0):
            return False
        readable, _, _ = select.select([self._socket, other._socket], [], [])
        return self._socket not in readable

    def send_head(
        self, event: h11.Request | h11.Response | h11.InformationalResponse, start: str, headers: Headers
    ) -> None:
        """
        Send the head of a message with its headers in their order and letter case.

        Args:
            event: The same head for h11, which decides how the body is framed on this side.
            start: The start line, without its end.
            headers: As they are to be sent; those of the framing are dropped or added as this side needs them.

        Raises:
            PeerBroken: It could not be sent.
        """
        lines = (self.http.send(event) or b"").split(b"\r\n")[1:]
        framed = {_name(line): line for line in lines if line}
        shown = [f"{name}: {value}".encode("latin-1") for name, value in headers if _is_sent(name.lower(), framed)]
        added = [line for name, line in framed.items() if name not in {each.lower() for each, _ in headers}]
        self.send_bytes(b"\r\n".join([start.encode("latin-1"), *shown, *added, b"", b""]))

    def send(self, event: Any) -> None:
        """
        Send a part of a body, or its end.

        Raises:
            PeerBroken: It could not be sent.
        """
        data = self.http.send(event)
        if data:
            self.send_bytes(data)

    def send_bytes(self, data: bytes) -> None:
        """
        Send bytes past h11.

        Raises:
            PeerBroken: They could not be sent.
        """
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise self._failed(error) from error

    def is_reusable(self) -> bool:
        """Whether both sides have finished a message and mean to go on; begins the next one."""
        if self.http.our_state is not h11.DONE or self.http.their_state is not h11.DONE:
            return False
        self.http.start_next_cycle()
        return True

    def reset(self, *, by_close: bool = False) -> None:
        """Close at once: with a TCP reset, as a peer that crashes does, or by a mere close."""
        if by_close:
            self.abandon()
            return
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.abandon()

    def close(self) -> None:
        """Close the connection; read what still comes for a moment, since a reset could lose our last words."""
        with suppress(OSError, ValueError):
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.settimeout(LINGER_S)
            while self._socket.recv(CHUNK):
                pass
        self.abandon()

    def abandon(self) -> None:
        """Close the connection at once."""
        with suppress(OSError):
            self._socket.close()

    def interrupt(self) -> None:
        """Let a thread that waits for this side go on, with an error."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


def headers_of(event: h11.Request | h11.Response | h11.InformationalResponse) -> Headers:
    """The headers of a message in their order and letter case."""
    raw: Iterable[tuple[bytes, bytes]] = event.headers.raw_items()
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)


def reason_of(error: OSError) -> str:
    """Why a socket failed, for a person."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: the certificate is not trusted: {error.verify_message}"
    return f"TLS: {error.reason or error}" if isinstance(error, ssl.SSLError) else str(error.strerror or error)


def _is_sent(name: str, framed: Container[str]) -> bool:
    return name not in FRAMING or name in framed


def _name(line: bytes) -> str:
    return line.partition(b":")[0].decode("latin-1").lower()
