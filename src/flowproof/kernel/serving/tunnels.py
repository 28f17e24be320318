"""
Tunnels to the providers' hosts: a client that uses this server as its proxy asks for one with CONNECT.

The other end of a tunnel is this server itself, which speaks TLS in it with a certificate for the host. So nothing
leaves the machine, and a host of nobody's here is refused.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import cast

from flowproof.kernel.http.host_names import PORT, HostNames

from .listening import TLS_SHUTDOWN_S

__all__ = ["Tunnels"]

logger = logging.getLogger("flowproof.mock")

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Tunnels:
    """
    Opens tunnels.

    Args:
        tls: What TLS is spoken with at their end.
        hosts: The names under which the server answers.
        tasks: Of the server, which ends them when it stops.
    """

    def __init__(self, tls: ssl.SSLContext, hosts: HostNames, tasks: set[asyncio.Task[None]]) -> None:
        self._tls = tls
        self._hosts = hosts
        self._tasks = tasks

    def refusal(self, host: str, *, tunnel: bool) -> str | None:
        """
        Why a request to a host does not go through this proxy; None where it does.

        Args:
            host: Name or address, perhaps with a port.
            tunnel: It is a CONNECT. Loopback needs none.
        """
        if self._hosts.is_provider(host) or (not tunnel and self._hosts.is_own(host)):
            return None
        name = PORT.sub("", host)
        if self._hosts.is_own(host):
            return f"{name} is this machine: have the client reach it without a proxy, such as by NO_PROXY={name}."
        return (
            f"This proxy leads to the hosts of the providers that it serves, and {name} is none of them:"
            " have the client reach it without this proxy, such as by NO_PROXY."
        )

    def open(self, transport: asyncio.Transport, make_protocol: Callable[[], asyncio.Protocol]) -> None:
        """
        Open a tunnel on a connection whose CONNECT has been read, and let a new protocol serve what comes through it.

        Args:
            transport: Of the connection. From now on it is the tunnel's.
            make_protocol: Makes that protocol.
        """
        opening = asyncio.get_running_loop().create_task(self._open(transport, make_protocol))
        self._tasks.add(opening)
        opening.add_done_callback(self._tasks.discard)

    async def _open(self, transport: asyncio.Transport, make_protocol: Callable[[], asyncio.Protocol]) -> None:
        transport.write(ESTABLISHED)
        waiting = _Waiting()
        try:
            inner = await asyncio.get_running_loop().start_tls(
                transport, waiting, self._tls, server_side=True, ssl_shutdown_timeout=TLS_SHUTDOWN_S
            )
        except OSError:  # the handshake has failed; what was wrong with it is logged where it was seen
            transport.abort()
            return
        waiting.hand_over(cast("asyncio.Transport", inner), make_protocol())


class _Waiting(asyncio.Protocol):
    """Keeps what comes through a tunnel until the protocol is there that serves it: start_tls makes no connection."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._has_ended = False

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)

    def eof_received(self) -> None:
        self._has_ended = True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's signature)
        self._has_ended = True

    def hand_over(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        """Let a protocol serve the connection from now on."""
        if self._has_ended:
            transport.close()
            return
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        for each in self._pieces:
            protocol.data_received(each)
