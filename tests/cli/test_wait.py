"""Waiting for a server: it is ready, not yet, or no Flowproof server at all."""

import http.server
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from flowproof.cli import main
from tests.cli.servers import flowproof, serving


@contextmanager
def answering(*answers: tuple[int, bytes]) -> Iterator[tuple[str, Sequence[str]]]:
    """A server that gives these answers in turn, the last one for ever: its URL, and the paths that were asked for."""
    left, asked = list(answers), []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("token", ["", "secret"])
def test_server_that_is_ready_ends_the_waiting(tmp_path: Path, token: str) -> None:
    """A running server is ready, with a token and without one, and the output is its URL."""
    with serving(tmp_path, "oneflow", FLOWPROOF_TOKEN=token) as served:
        done = flowproof(tmp_path, "wait", served.url)

    assert (done.returncode, done.stdout, done.stderr) == (0, f"ready {served.url}\n", "")


def test_waits_while_the_server_is_not_ready() -> None:
    """An answer of 503, of the server or of a proxy before it, is asked for again until it is another."""
    page = (503, b"<html>no upstream</html>")
    with answering(page, (503, b'{"status": 503}'), (200, b'{"status": "ready"}')) as (url, asked):
        done = CliRunner().invoke(main, ["wait", url])

    assert (done.exit_code, done.stdout) == (0, f"ready {url}\n")
    assert asked == ["/_flowproof/ready"] * 3


def test_server_without_readiness_is_asked_for_its_health() -> None:
    """A server that does not know the question is ready when it is healthy."""
    with answering((404, b'{"status": 404}'), (200, b'{"status": "ok"}')) as (url, asked):
        done = CliRunner().invoke(main, ["wait", url, "--quiet"])

    assert (done.exit_code, done.output) == (0, "")
    assert asked == ["/_flowproof/ready", "/_flowproof/health"]


def test_server_that_never_answers_is_a_failure() -> None:
    """Where nobody listens the exit code is 1, and the message says where and how long."""
    done = CliRunner().invoke(main, ["wait", "http://127.0.0.1:1", "--timeout", "0"])

    assert done.exit_code == 1
    assert done.stderr.startswith("flowproof: No server answers at http://127.0.0.1:1.")
    assert "not ready within 0 s" in done.stderr


@pytest.mark.parametrize("answer", [(200, b"hello"), (200, b'{"status": "up"}'), (302, b""), (404, b"{}")])
def test_another_program_is_not_waited_for(answer: tuple[int, bytes]) -> None:
    """What is no Flowproof server ends the waiting at once, with exit code 2."""
    with answering(answer) as (url, _):
        done = CliRunner().invoke(main, ["wait", url])

    assert done.exit_code == 2
    assert f"What answers at {url} is no Flowproof server." in done.stderr


def test_url_without_a_scheme_is_refused() -> None:
    """What is no URL is refused with exit code 2 and an example."""
    done = CliRunner().invoke(main, ["wait", "localhost:4010"])

    assert done.exit_code == 2
    assert "http://HOST:PORT" in done.stderr
