"""The server as the proxy of clients with a hard-coded host: to the providers' hosts, and to no other."""

import json
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.tls.authority import Authority, open_authority
from flowproof.tls.places import CERTIFICATE
from tests.kernel.notes import provider

HOST = "api.notes.example"
TIMEOUT_S = 60
GET = b"GET /liar HTTP/1.1\r\nhost: api.notes.example\r\nconnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """By which the certificates in the tunnels are."""
    return open_authority(tmp_path_factory.mktemp("authority"), datetime.now(UTC))


@pytest.fixture(scope="module", params=["alone", "shared"])
def server(authority: Authority, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that is a proxy too, on loopback alone, or as one that other machines reach."""
    settings = ServerSettings(entropy=1, shared=request.param == "shared", token="t")
    gateway = build_gateway([provider], settings)
    tls = authority.server_context(gateway.mock.hosts, datetime.now(UTC))
    with Server(gateway, proxy_tls=tls) as running:
        yield running


def connected(server: Server) -> socket.socket:
    """A connection of its own."""
    return socket.create_connection(("127.0.0.1", server.port), TIMEOUT_S)


def read_all(raw: socket.socket) -> bytes:
    """What comes until the end of the connection."""
    pieces = []
    while piece := raw.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def ask(server: Server, request: bytes) -> bytes:
    """The answer to a request."""
    with connected(server) as raw:
        raw.sendall(request)
        return read_all(raw)


@pytest.mark.parametrize("port", ["", ":443", ":8443"])
def test_tunnel_leads_to_the_provider(server: Server, authority: Authority, port: str) -> None:
    """In a tunnel to a provider's own host the mock answers over TLS, under a certificate for that host."""
    with connected(server) as raw:
        raw.sendall(f"CONNECT {HOST}{port} HTTP/1.1\r\nhost: {HOST}{port}\r\n\r\n".encode())
        established = raw.recv(65536)
        context = ssl.create_default_context(cafile=str(authority.folder / CERTIFICATE))
        with context.wrap_socket(raw, server_hostname=HOST) as secured:
            secured.sendall(GET)
            answer = read_all(secured)

    assert established == b"HTTP/1.1 200 Connection established\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"flowproof-exchange: " in answer


def refusal(answer: bytes) -> tuple[int, str]:
    """Status and explanation of a problem document."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["detail"]


@pytest.mark.parametrize(
    "host", ["example.com:443", "api.notes.example.evil.test:443", "10.0.0.1:443", "[fd00::1]:443"]
)
def test_tunnel_to_another_host_is_refused(server: Server, host: str) -> None:
    """Another host is refused by name, and the refusal says what to do."""
    status, detail = refusal(ask(server, f"CONNECT {host} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode()))

    assert status == 403
    assert f"{host.rpartition(':')[0]} is none of them" in detail
    assert "NO_PROXY" in detail


def test_tunnel_to_this_machine_is_refused(server: Server) -> None:
    """Loopback is reached without a proxy, so that no tunnel leads to the control API."""
    status, detail = refusal(ask(server, b"CONNECT localhost:443 HTTP/1.1\r\nhost: localhost:443\r\n\r\n"))

    assert (status, "localhost is this machine" in detail) == (403, True)


def test_plain_request_through_the_proxy_is_placed(server: Server) -> None:
    """A plain-http client names the whole URL; a provider's host is served, another one is refused."""
    served = ask(server, f"GET http://{HOST}/liar HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n\r\n".encode())
    status, detail = refusal(ask(server, b"GET http://example.com/notes/notes HTTP/1.1\r\nhost: example.com\r\n\r\n"))

    assert served.startswith(b"HTTP/1.1 401 ")
    assert b"flowproof-exchange: " in served
    assert (status, "example.com is none of them" in detail) == (403, True)


def test_server_is_still_a_server(server: Server) -> None:
    """Who names a path alone is served as by a server that is no proxy."""
    answer = ask(server, b"GET /notes/notes HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 401 ")


def test_bytes_before_the_tunnel_are_refused(server: Server) -> None:
    """Bytes behind a CONNECT that has not been answered are no part of a tunnel."""
    answer = ask(server, f"CONNECT {HOST}:443 HTTP/1.1\r\nhost: {HOST}:443\r\n\r\n".encode() + GET)

    assert answer.startswith(b"HTTP/1.1 400 ")


def test_handshake_that_fails_ends_the_tunnel(server: Server) -> None:
    """A client that speaks no TLS in its tunnel is disconnected, and the server goes on."""
    with connected(server) as raw:
        raw.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nhost: {HOST}:443\r\n\r\n".encode())
        raw.recv(65536)
        raw.sendall(GET)
        try:
            rest = read_all(raw)
        except ConnectionResetError:
            rest = b""

    assert rest == b""
    assert ask(server, GET).startswith(b"HTTP/1.1 401 ")
