"""
Sends one webhook over a socket of its own, byte for byte as wanted, and reads the answer. Redirects are not followed.
One whose URL is ``smtp://…`` is a mail: its body is the message, and what the mail server replies is the answer.

Receivers are on loopback only, unless the workspace allows their host: a webhook's URL must not turn a shared server
into a way into somebody's network. The address that was checked is the one that is connected to.
"""

import asyncio
import ssl
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Literal
from urllib.parse import SplitResult, urlsplit

import httptools

from flowproof.exchange import Headers
from flowproof.kernel.loopback import is_loopback
from flowproof.kernel.webhooks import Sent, Webhook

from .mailing import mail

__all__ = ["NotAllowed", "send"]

SLOW_PIECES = 10
SLOW_S = 1.0
LARGEST_ANSWER = 1024 * 1024
PORTS: Mapping[str, int] = MappingProxyType({"http": 80, "https": 443, "smtp": 25})


class NotAllowed(Exception):
    """The URL leads where no webhook may go, or is none."""


async def send(
    webhook: Webhook,
    headers: Headers,
    *,
    connection: Literal["whole", "slow", "cut"],
    timeout_s: float,
    allowed_hosts: Collection[str],
) -> Sent:
    """
    Send a webhook once.

    Args:
        webhook: What to send.
        headers: All of its headers but Host, Content-Length and Connection.
        connection: How the bytes go out.
        timeout_s: How long all of it may take.
        allowed_hosts: Host names or addresses beside loopback that may be sent to.

    Raises:
        NotAllowed: The URL leads where no webhook may go.
    """
    url, address = await _checked(webhook.url, allowed_hosts)
    try:
        async with asyncio.timeout(timeout_s):
            if url.scheme == "smtp":
                return await mail(webhook.body, address, url.port or PORTS["smtp"])
            return await _exchanged(webhook, headers, url, address, connection)
    except TimeoutError:
        return Sent(error=f"no answer within {timeout_s:g} s")
    except (OSError, httptools.HttpParserError) as error:
        return Sent(error=str(error) or type(error).__name__)


async def _checked(text: str, allowed_hosts: Collection[str]) -> tuple[SplitResult, str]:
    try:
        url = urlsplit(text)
        port = url.port or PORTS.get(url.scheme)
    except ValueError as error:
        raise NotAllowed(f"{text} is no URL: {error}") from error
    if url.scheme not in PORTS or not url.hostname:
        raise NotAllowed(f"{text} is no http or https URL, nor that of a mail server")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.hostname, port, type=1)
    except OSError as error:
        raise NotAllowed(f"{url.hostname} has no address: {error}") from error
    addresses = [str(each[4][0]) for each in found]
    if url.hostname.lower() in allowed_hosts:
        return url, addresses[0]
    if not all(is_loopback(address) for address in addresses):
        raise NotAllowed(f"{url.hostname} is not on loopback and not among the workspace's allowed hosts")
    return url, addresses[0]


async def _exchanged(webhook: Webhook, headers: Headers, url: SplitResult, address: str, connection: str) -> Sent:
    secure = ssl.create_default_context() if url.scheme == "https" else None
    port = url.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(
        address, port, ssl=secure, server_hostname=url.hostname if secure else None
    )
    try:
        request = _request(webhook, headers, url)
        if connection == "cut":
            writer.write(request[: -max(1, len(webhook.body) // 2)])
            await writer.drain()
            return Sent(error="cut by the adversary")
        await _write(writer, request, slow=connection == "slow")
        return await _answer(reader)
    finally:
        writer.close()


async def _write(writer: asyncio.StreamWriter, request: bytes, *, slow: bool) -> None:
    size = -(-len(request) // SLOW_PIECES) if slow else len(request)
    for start in range(0, len(request), size):
        writer.write(request[start : start + size])
        await writer.drain()
        if slow:
            await asyncio.sleep(SLOW_S / SLOW_PIECES)


def _request(webhook: Webhook, headers: Headers, url: SplitResult) -> bytes:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    own = (("Host", url.netloc.rpartition("@")[2]), ("Connection", "close"), ("Content-Length", str(len(webhook.body))))
    lines = [f"{webhook.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in (*own, *headers))]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + webhook.body


class _Reader:
    """What httptools calls while it reads an answer."""

    def __init__(self) -> None:
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete = True


async def _answer(reader: asyncio.StreamReader) -> Sent:
    read = _Reader()
    parser = httptools.HttpResponseParser(read)
    while not read.complete and len(read.body) <= LARGEST_ANSWER:
        data = await reader.read(65536)
        if not data:
            break
        parser.feed_data(data)
    status = parser.get_status_code()
    if not status:
        return Sent(error="the receiver closed the connection without an answer")
    return Sent(status, tuple(read.headers), bytes(read.body))
