"""The ways to a server beside plain HTTP on loopback: TLS, a proxy, socket files, both loopback addresses."""

import errno
import signal
import socket
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import trustme

from flowproof.kernel.serving.listening import listen, listen_on_file, remove_socket_file
from flowproof.tls.authority import open_authority
from flowproof.tls.places import BUNDLE, CERTIFICATE
from tests.cli.servers import TIMEOUT_S, awaited_text, flowproof, serving
from tests.postgres import shared_cluster

pytestmark = pytest.mark.usefixtures("quick_start")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an authority, which every server of these tests uses."""
    return open_authority(tmp_path_factory.mktemp("authority"), datetime.now(UTC)).folder


def health(url: str, folder: Path) -> int:
    """The status by which a server answers."""
    session = requests.Session()
    session.trust_env = False
    return session.get(f"{url}/_flowproof/health", verify=str(folder / CERTIFICATE), timeout=TIMEOUT_S).status_code


def test_everything_announced_follows_the_scheme(tmp_path: Path, folder: Path) -> None:
    """With --tls every URL that the server shows is https, and our own commands trust it without being told."""
    script = tmp_path / "flowproof.env"
    with serving(
        tmp_path, "oneflow", "--tls", "--http-port", "0", "--env", str(script), FLOWPROOF_TLS_FOLDER=str(folder)
    ) as served:
        shown = awaited_text(served, "out", "\nready ")
        answers = [health(each, folder) for each in (served.url, served.ready["http_url"])]
        waited = flowproof(tmp_path, "wait", served.url, FLOWPROOF_TLS_FOLDER=str(folder))
        env = flowproof(tmp_path, "env", "oneflow", "--server", served.url, FLOWPROOF_TLS_FOLDER=str(folder))

    assert (served.url[:8], served.oneflow["base_url"]) == ("https://", f"{served.url}/oneflow")
    assert (answers, served.ready["http_url"][:7]) == ([200, 200], "http://")
    assert (waited.stdout, shown.splitlines()[-1]) == (f"ready {served.url}\n", f"ready {served.url}")
    assert served.ready["certificate_authority"] == str(folder / CERTIFICATE)
    for text in (env.stdout, script.read_text()):
        assert f"export FLOWPROOF_ONEFLOW_URL={served.url}/oneflow\n" in text
        assert f"export REQUESTS_CA_BUNDLE={folder / BUNDLE}\n" in text


def test_first_screen_says_how_each_ecosystem_trusts_it(tmp_path: Path, folder: Path) -> None:
    """The first screen has what Python, OpenSSL, Node, curl and Java take, each to be copied, and the proxy."""
    with serving(tmp_path, "oneflow", "--tls", "--as-proxy", "--tls-folder", str(folder)) as served:
        shown = awaited_text(served, "out", "\nready ")

    assert [
        text
        for text in (
            f"export REQUESTS_CA_BUNDLE={folder / BUNDLE}",
            f"export SSL_CERT_FILE={folder / BUNDLE}",
            f"export NODE_EXTRA_CA_CERTS={folder / CERTIFICATE}",
            f"curl --cacert {folder / CERTIFICATE}",
            f"-Djavax.net.ssl.trustStore={folder / 'truststore.p12'}",
            f"export HTTPS_PROXY={served.url}",
        )
        if text not in shown
    ] == []
    assert served.ready["proxy"] == served.url


def test_command_that_does_not_trust_says_so(tmp_path: Path, folder: Path) -> None:
    """A command without the authority ends with one line that names the server and what to set."""
    with serving(tmp_path, "oneflow", "--tls", "--tls-folder", str(folder)) as served:
        ended = flowproof(tmp_path, "env", "--server", served.url, FLOWPROOF_TLS_FOLDER=str(tmp_path / "none"))
        told = flowproof(
            tmp_path,
            *("env", "--server", served.url, "oneflow"),
            FLOWPROOF_TLS_FOLDER=str(tmp_path / "none"),
            REQUESTS_CA_BUNDLE=str(folder / CERTIFICATE),
        )

    assert (ended.returncode, ended.stderr.count("\n"), told.returncode) == (2, 1, 0)
    assert f"The certificate of {served.url} is not trusted" in ended.stderr
    assert "REQUESTS_CA_BUNDLE" in ended.stderr


def test_own_certificate_is_served(tmp_path: Path) -> None:
    """With --tls-cert the server needs no authority of ours, and shows none."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / CERTIFICATE)
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
    with serving(tmp_path, "oneflow", "--tls-cert", "own.pem", FLOWPROOF_TLS_FOLDER=str(tmp_path / "none")) as served:
        status = health(served.url, tmp_path)

    assert (status, "certificate_authority" in served.ready, (tmp_path / "none").exists()) == (200, False, False)


def test_workers_speak_tls_and_http(tmp_path: Path, folder: Path) -> None:
    """Several processes share both ports; each has a certificate by the one authority."""
    state = ("--workers", "2", "--state", shared_cluster().emptied(), "--tls-folder", str(folder))
    with serving(tmp_path, "dots_eco", "--tls", "--http-port", "0", *state) as served:
        found = {health(url, folder) for url in (served.url, served.ready["http_url"]) for _ in range(6)}

        assert (found, served.url[:8], served.end()) == ({200}, "https://", 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tls-key", "a.key"], "--tls-key is the key of no certificate."),
        (["--tls-cert", "none.pem"], "none.pem cannot be read: No such file or directory."),
        (["--tls", "--unix", "a.sock"], "A Unix socket needs no TLS"),
        (["--http-port", "0"], "--http-port is for plain http beside https or a Unix socket."),
        (["--cors", "localhost"], "'localhost' is no origin."),
        (["--unix", "a-file"], "a-file is no socket of yours."),
        (["--unix", "none/a.sock"], "none/a.sock cannot be listened on: No such file or directory."),
        (["--unix", "a" * 200], "cannot be listened on: its path is too long for a socket."),
        (["--open", "--unix", "a.sock"], "No browser opens a Unix socket."),
        (["--tls", "--tls-folder", "a-file/tls"], "a-file/tls of the authority for TLS cannot be used"),
        (["--host", "no.such.name.invalid", "--token", "t"], "no.such.name.invalid:0 cannot be listened on"),
    ],
)
def test_reach_that_cannot_be_is_one_line(tmp_path: Path, options: list[str], message: str) -> None:
    """Whatever is set up wrong ends the start with exit code 2 and one line."""
    (tmp_path / "a-file").touch()
    ended = flowproof(tmp_path, "serve", "oneflow", "--port", "0", *options)

    assert (ended.returncode, ended.stderr.count("\n"), message in ended.stderr) == (2, 1, True), ended.stderr


def test_socket_file_is_reached_by_commands(tmp_path: Path) -> None:
    """On a socket file the server has no port; our commands take unix:FILE, and the file is gone afterwards."""
    file = tmp_path / "fp.sock"
    with serving(tmp_path, "oneflow", "--unix", "fp.sock") as served:
        mode = file.stat().st_mode
        waited = flowproof(tmp_path, "wait", "unix:fp.sock")
        env = flowproof(tmp_path, "env", "oneflow", "--server", f"unix:{file}")
        ended = served.end()

    assert (served.url, served.ready["unix"], served.oneflow["base_url"]) == (
        f"unix:{file}",
        str(file),
        "http://localhost/oneflow",
    )
    assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
    assert (waited.stdout, ended, file.exists()) == ("ready unix:fp.sock\n", 0, False)
    assert env.stdout.startswith("export FLOWPROOF_ONEFLOW_URL=http://localhost/oneflow\n")


def test_socket_file_of_a_killed_server_is_replaced(tmp_path: Path) -> None:
    """A socket file on which nobody listens is replaced; one with a server behind it is not."""
    with serving(tmp_path, "oneflow", "--unix", "fp.sock") as served:
        second = flowproof(tmp_path, "serve", "oneflow", "--unix", "fp.sock")
        served.end(signal.SIGKILL)
    with serving(tmp_path, "oneflow", "--unix", "fp.sock", "--http-port", "0") as again:
        reached = flowproof(tmp_path, "wait", "unix:fp.sock")

        assert again.url.startswith("http://127.0.0.1:")
    assert (second.returncode, reached.returncode) == (2, 0)
    assert "A server listens on fp.sock already." in second.stderr


def test_command_on_a_socket_file_without_a_server(tmp_path: Path) -> None:
    """A socket file that is not there is a server that does not answer."""
    ended = flowproof(tmp_path, "env", "--server", "unix:none.sock")

    assert ended.returncode == 2
    assert ended.stderr.startswith("flowproof: No server answers at unix:none.sock.")


def test_server_removes_its_own_socket_file_alone(tmp_path: Path) -> None:
    """A server that ends leaves the file of one that has taken its place."""
    file = tmp_path / "fp.sock"
    first = listen_on_file(file)
    file.unlink()
    second = listen_on_file(file)
    remove_socket_file(file, first)
    stays = file.exists()
    remove_socket_file(file, second)

    assert (stays, file.exists()) == (True, False)


def has_loopback_of_six() -> bool:
    """Whether the machine has the address ::1."""
    with socket.socket(socket.AF_INET6) as probe:
        return probe.connect_ex(("::1", 1)) == errno.ECONNREFUSED


def test_localhost_is_both_loopback_addresses() -> None:
    """Clients try 127.0.0.1 or ::1 for localhost; a server there has both, on one port."""
    found = listen("localhost", 0)
    ports = {each.getsockname()[1] for each in found}
    for each in found:
        each.close()

    assert len(ports) == 1
    assert [each.family for each in found] == [socket.AF_INET, *([socket.AF_INET6] if has_loopback_of_six() else [])]


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_address_of_version_six_is_shown_in_brackets(tmp_path: Path, host: str) -> None:
    """An IPv6 address may be written with brackets and without, and stands in them in every URL."""
    with serving(tmp_path, "oneflow", "--host", host) as served:
        waited = flowproof(tmp_path, "wait", served.url)

    assert served.url.startswith("http://[::1]:")
    assert (waited.returncode, served.oneflow["base_url"]) == (0, f"{served.url}/oneflow")
