"""
Sends one webhook over a socket of its own, byte for byte as given, and reads the response. Redirects are not followed.
A webhook with a URL such as ``smtp://…`` is a mail: its body is the message, the mail server's reply is the response.

Receivers are on loopback only, unless the workspace allows their host: a webhook's URL must not turn a server into a
way into somebody's network. A server that other machines reach sends to allowed hosts only: its loopback is not theirs.
The connection goes to the address that was checked.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal
from urllib.parse import quote, urlsplit

import httptools

from flowproof.exchange import Headers
from flowproof.kernel.webhooks.model import DeliveryResult, Webhook
from flowproof.loopback import is_loopback

from .mailing import mail

__all__ = ["NotAllowed", "send"]

SLOW_PIECES = 10
SLOW_S = 1.0
LARGEST_RESPONSE = 1024 * 1024
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
LINE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
METHODS_WITHOUT_BODY = frozenset({"GET", "HEAD"})
UNQUOTED = "%/:@!$&'()*+,;=~?-._"
PORTS: Mapping[str, int] = MappingProxyType({"http": 80, "https": 443, "smtp": 25})


class NotAllowed(Exception):
    """The webhook can go nowhere, now or later: its URL leads where none may go, or it makes no HTTP request."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a webhook goes: what its URL says, and the addresses that were checked."""

    host: str
    port: int
    secure: bool
    target: str
    host_header: str
    addresses: Sequence[str]


async def send(
    webhook: Webhook,
    headers: Headers,
    *,
    connection: Literal["whole", "slow", "cut"],
    timeout_s: float,
    allowed_hosts: Collection[str],
    home_ports: Collection[int] = (),
    reaches_loopback: bool = True,
) -> DeliveryResult:
    """
    Send a webhook once.

    Args:
        webhook: What to send.
        headers: All of its headers but Host, Content-Length and Connection.
        connection: How the bytes go out.
        timeout_s: How long all of it may take.
        allowed_hosts: Host names or addresses beside loopback that may be sent to.
        reaches_loopback: Whether loopback may be sent to although it is not among the allowed hosts.
        home_ports: Where this server itself answers on loopback: no webhook may steer it.

    Raises:
        NotAllowed: The URL leads where no webhook may go, or the webhook makes no HTTP request.
    """
    try:
        async with asyncio.timeout(timeout_s):
            destination = await _destination(webhook.url, allowed_hosts, home_ports, reaches_loopback=reaches_loopback)
            if urlsplit(webhook.url).scheme == "smtp":
                return await mail(webhook.body, destination.addresses[0], destination.port)
            request = _request(webhook, headers, destination)
            return await _exchange(request, len(webhook.body), destination, connection)
    except TimeoutError:
        return DeliveryResult(error=f"no answer within {timeout_s:g} s")
    except (OSError, httptools.HttpParserError) as error:
        return DeliveryResult(error=str(error) or type(error).__name__)


async def _destination(
    text: str, allowed_hosts: Collection[str], home_ports: Collection[int], *, reaches_loopback: bool
) -> Destination:
    """
    Where a URL leads.

    Raises:
        NotAllowed: Where no webhook may go.
        OSError: The host has no address now.
    """
    try:
        url = urlsplit(text)
        host = _ascii(url.hostname or "")
        port = url.port or PORTS.get(url.scheme, 0)
    except ValueError as error:
        raise NotAllowed(f"this is no URL: {error}") from error
    if url.scheme not in PORTS or not host:
        raise NotAllowed("this is no http or https URL")
    if "@" in url.netloc:
        raise NotAllowed("a URL with a user name or password is not delivered to")
    addresses = await _addresses(host, port)
    if host not in allowed_hosts and not reaches_loopback:
        raise NotAllowed(f"{host} is not among the workspace's allowed hosts")
    if host not in allowed_hosts and not all(map(is_loopback, addresses)):
        raise NotAllowed(f"{host} is not on loopback and not among the workspace's allowed hosts")
    if port in home_ports and any(map(is_loopback, addresses)):
        raise NotAllowed("a webhook cannot be delivered to the mock server itself")
    target = quote(f"{url.path or '/'}{'?' + url.query if url.query else ''}", safe=UNQUOTED)
    shown = f"[{host}]" if ":" in host else host
    host_header = shown if url.port is None else f"{shown}:{url.port}"
    return Destination(host, port, url.scheme == "https", target, host_header, addresses)


def _ascii(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode()


async def _addresses(host: str, port: int) -> Sequence[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # an empty or overlong label
        raise NotAllowed(f"{host} is no host name") from error
    except OSError as error:
        raise OSError(f"{host} has no address: {error}") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _request(webhook: Webhook, headers: Headers, destination: Destination) -> bytes:
    """
    The bytes of the request.

    Raises:
        NotAllowed: The method or a header would break it.
    """
    own = [("Host", destination.host_header), ("Connection", "close")]
    if webhook.body or webhook.method not in METHODS_WITHOUT_BODY:
        own.append(("Content-Length", str(len(webhook.body))))
    else:
        headers = tuple(pair for pair in headers if pair[0].lower() != "content-type")
    for name, value in (("method", webhook.method), *headers):
        if not TOKEN.fullmatch(value if name == "method" else name) or not LINE.fullmatch(value):
            raise NotAllowed(f"the {name} of the webhook has characters that HTTP does not allow")
    lines = [
        f"{webhook.method} {destination.target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in (*own, *headers)),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + webhook.body


async def _exchange(request: bytes, body_size: int, destination: Destination, connection: str) -> DeliveryResult:
    reader, writer = await _connect(destination)
    try:
        if connection == "cut":
            writer.write(request[: -max(1, body_size // 2)])
            await writer.drain()
            writer.close()
            return DeliveryResult(error="cut by the adversary")
        try:
            await _write(writer, request, slow=connection == "slow")
        except ConnectionError:  # it does not want to read on, and may have said so
            result = await _read_response(reader)
            if not result.status:
                raise
        else:
            result = await _read_response(reader)
        writer.close()
        return result
    except BaseException:
        writer.transport.abort()
        raise


async def _connect(destination: Destination) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first of the checked addresses that takes one."""
    secure = _tls() if destination.secure else None
    failed: OSError | None = None
    for address in destination.addresses:
        try:
            return await asyncio.open_connection(
                address, destination.port, ssl=secure, server_hostname=destination.host if secure else None
            )
        except OSError as error:
            failed = failed or error
    raise failed or OSError(f"{destination.host} has no address")


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


async def _write(writer: asyncio.StreamWriter, request: bytes, *, slow: bool) -> None:
    size = -(-len(request) // SLOW_PIECES) if slow else len(request)
    for start in range(0, len(request), size):
        writer.write(request[start : start + size])
        await writer.drain()
        if slow:
            await asyncio.sleep(SLOW_S / SLOW_PIECES)


class _Response:
    """
    A response while httptools parses it; interim responses (1xx) are passed over.

    A receiver may end its lines with a line feed alone (RFC 9112, 2.2), and be as careless as other clients allow.
    """

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_chunked_length=True,
            lenient_optional_lf_after_cr=True,
            lenient_optional_cr_before_lf=True,
            lenient_optional_crlf_after_chunk=True,
            lenient_spaces_after_chunk_size=True,
        )
        self._chunk_is_empty = False
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.status = 0
        self.complete = False

    def on_message_begin(self) -> None:
        self.headers.clear()
        self.status = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        self.status = 0 if 100 <= status < 200 and status != 101 else status

    def on_chunk_header(self) -> None:
        self._chunk_is_empty = True

    def on_body(self, body: bytes) -> None:
        self._chunk_is_empty = False
        self.body += body

    def on_message_complete(self) -> None:
        self.complete = self.status != 0

    def feed(self, data: bytes) -> None:
        """Parse a piece; the parser itself does not see the end of chunks without carriage returns."""
        self.parser.feed_data(data)
        self.complete = self.complete or (self._chunk_is_empty and data.endswith(b"\n\n"))


async def _read_response(reader: asyncio.StreamReader) -> DeliveryResult:
    """
    The final response; of a body that does not end or is too large, the beginning.

    Raises:
        HttpParserError: It is no HTTP.
        OSError: There is none.
    """
    response, size = _Response(), 0
    while not response.complete and size <= LARGEST_RESPONSE:
        data = await reader.read(65536)
        size += len(data)
        if not data:
            break
        try:
            response.feed(data)
        except httptools.HttpParserUpgrade:
            break
        except httptools.HttpParserError:
            if not response.status:
                raise
            break
    if not response.status:
        return DeliveryResult(error="the receiver closed the connection without an answer")
    return DeliveryResult(response.status, tuple(response.headers), bytes(response.body))
