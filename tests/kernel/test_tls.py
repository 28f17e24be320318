"""The server on TLS: which versions, the same answers and faults as without, and what the log says of a failure."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.kernel.serving.listening import Listener, listen
from flowproof.target import ControlClient, Workspace
from flowproof.tls.authority import Authority, open_authority
from flowproof.tls.places import CERTIFICATE
from tests.kernel.notes import provider

NAMES = ("localhost", "127.0.0.1", "::1")
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority, which this process's own clients trust."""
    folder = tmp_path_factory.mktemp("authority")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLOWPROOF_TLS_FOLDER", str(folder))
        yield open_authority(folder, datetime.now(UTC))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[Server]:
    """A server with TLS on its first port and plain HTTP on its second."""
    tls = authority.server_context(NAMES, datetime.now(UTC))
    (first,), (second,) = listen("127.0.0.1", 0), listen("127.0.0.1", 0)
    gateway = build_gateway([provider], ServerSettings(entropy=1))
    with Server(gateway, listeners=[Listener(first, tls), Listener(second)]) as running:
        yield running


@pytest.fixture
def workspace(server: Server) -> Iterator[Workspace]:
    """A new workspace, reached over TLS."""
    with closing(ControlClient(server.url)) as control, control.make_workspace() as made:
        yield made


def client(authority: Authority) -> ssl.SSLContext:
    """What a client speaks that trusts the authority."""
    return ssl.create_default_context(cafile=str(authority.folder / CERTIFICATE))


def write(workspace: Workspace, authority: Authority) -> requests.Response:
    """Keep a note."""
    site = workspace.site("notes")
    return requests.post(
        f"{site.url}/notes",
        json={"text": "hello"},
        headers={"x-key": site.credentials().key},
        verify=str(authority.folder / CERTIFICATE),
        timeout=TIMEOUT_S,
    )


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_client_of_each_version_is_served(server: Server, authority: Authority, version: ssl.TLSVersion) -> None:
    """TLS 1.2 and 1.3 are spoken, and the certificate is right for the address."""
    context = client(authority)
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", server.port), TIMEOUT_S) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as secured,
    ):
        secured.sendall(b"GET /_flowproof/health HTTP/1.0\r\nhost: localhost\r\n\r\n")
        head = secured.recv(65536)

        assert (secured.version(), head[:15]) == (version.name.replace("v1_", "v1."), b"HTTP/1.1 200 OK")


def test_older_versions_are_not_spoken(authority: Authority) -> None:
    """Nothing below TLS 1.2 is offered, and nothing newer is left out."""
    context = authority.server_context(NAMES, datetime.now(UTC))

    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.maximum_version in {ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.MAXIMUM_SUPPORTED}


def test_addresses_follow_the_scheme(server: Server, workspace: Workspace, authority: Authority) -> None:
    """The control API names base URLs as it was asked: https over TLS, http on the plain port beside it."""
    plain = f"http://127.0.0.1:{server._listeners[1].port}"
    with closing(ControlClient(plain)) as control:
        beside = control.workspace(workspace.id).url("notes")
    answer = write(workspace, authority)
    (entry,) = workspace.journal.entries()

    assert (server.url[:8], answer.status_code) == ("https://", 201)
    assert workspace.url("notes") == f"{server.url}/w/{workspace.id}/notes"
    assert beside == f"{plain}/w/{workspace.id}/notes"
    assert entry["request"]["url"].startswith("https://127.0.0.1:")


@pytest.mark.parametrize(
    "plan",
    [
        {"fault": "reset"},
        {"fault": "reset", "how": "fin"},
        {"fault": "truncated_body", "part": 0.5},
    ],
)
def test_broken_connection_is_broken_over_tls(workspace: Workspace, authority: Authority, plan: dict[str, Any]) -> None:
    """What breaks a connection breaks it over TLS too; the next request is served."""
    workspace.faults.set({**plan, "first": 1})
    with pytest.raises(requests.RequestException):
        write(workspace, authority).json()

    assert write(workspace, authority).status_code == 201


def test_slow_body_comes_whole_over_tls(workspace: Workspace, authority: Authority) -> None:
    """A body that is sent in pieces arrives whole."""
    workspace.faults.set({"fault": "slow_body", "seconds": 0.01, "pieces": 3, "first": 1})

    assert write(workspace, authority).json()["text"] == "hello"


def test_webhook_cannot_steer_either_port(server: Server) -> None:
    """Neither of the server's own ports is a place for webhooks."""
    ports = {each.port for each in server._listeners}

    assert server._courier.home_ports == ports


def test_log_says_why_a_handshake_failed(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """A client that does not trust the authority, and one that speaks plain HTTP, are each explained in the log."""
    with pytest.raises(ssl.SSLError), socket.create_connection(("127.0.0.1", server.port), TIMEOUT_S) as raw:
        ssl.create_default_context().wrap_socket(raw, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", server.port), TIMEOUT_S) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        while raw.recv(65536):
            pass

    found = caplog.text
    assert "a client does not trust the certificate's authority" in found
    assert "a client speaks plain HTTP to the port for TLS" in found
