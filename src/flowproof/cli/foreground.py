"""Runs a server in this process until a signal: builds it, says when it is ready, cleans up."""

import gc
import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType

import click

from flowproof.errors import ConfigurationError
from flowproof.kernel.assembly import Settings, build_gateway
from flowproof.kernel.serving import Gateway, Server
from flowproof.kernel.time.clock import Clock, instant_from_text
from flowproof.providers import find_providers

from .announcement import Announcement, ServedProvider, write_atomically
from .console import tell
from .options import ServeOptions
from .pidfile import PidFile

__all__ = ["announced", "announcement", "built", "end_by_signal", "reachable", "ready_file", "remembered", "run"]

READY_S = 30.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 (how such an address is reached from here)


def run(options: ServeOptions) -> None:
    """
    Serve until SIGINT or SIGTERM, then end with exit code 0.

    Raises:
        ConfigurationError: The run is set up wrong.
    """
    tell()
    end_by_signal()
    with ExitStack() as stack:
        pid_file = stack.enter_context(remembered(options))
        gateway = built(options)
        stack.callback(gateway.mock.store.close)
        server = _server(gateway, options)
        stack.callback(server.stop)
        news = announcement(gateway, reachable(options.host, server.port), options)
        speaker = threading.Thread(target=_when_ready, args=(server, options, news, pid_file), daemon=True)
        stack.enter_context(ready_file(options))
        if options.listen_fd is not None:
            threading.Thread(target=_end_with_parent, daemon=True).start()
        speaker.start()
        gc.freeze()  # all that is there by now stays: no need to look through it again and again
        gc.enable()
        server.run()


def built(options: ServeOptions) -> Gateway:
    """The server without its socket, with the default workspace's clock as the options say."""
    providers = find_providers(options.providers)
    settings = Settings(
        entropy=secrets.randbits(64) if options.seed is None else options.seed,
        state=":memory:" if options.state == "memory" else options.state,
        token=options.token,
        largest_body=options.max_body,
        journal_keep=options.journal,
    )
    instant = None if options.clock is None else instant_from_text(options.clock)
    gateway = build_gateway(providers, settings)
    if instant is not None:
        workspaces = gateway.mock.workspaces
        workspaces.set_clock(workspaces.ensure_default(), Clock.frozen(instant))
    return gateway


def announcement(gateway: Gateway, url: str, options: ServeOptions) -> Announcement:
    """What there is to say of a server."""
    workspaces = gateway.mock.workspaces
    default = workspaces.ensure_default()
    served = (
        ServedProvider(
            slug,
            app.provider.title,
            f"{url}/{slug}",
            {
                each.role: {"key": each.key, **each.public, **each.secrets}
                for each in workspaces.credentials(default, slug)
            },
        )
        for slug, app in gateway.mock.apps.items()
    )
    return Announcement(url, os.getpid(), tuple(served), protected=options.token is not None)


def announced(options: ServeOptions, news: Announcement, pid_file: PidFile | None) -> None:
    """Say that a server answers: to files first, last on stdout."""
    if options.ready_file is not None:
        write_atomically(options.ready_file, news.to_json())
    with suppress(BrokenPipeError):  # that nobody reads it is no failure
        click.echo(news.text())
    if pid_file is not None:
        pid_file.tell({"url": news.url})


def reachable(host: str, port: int) -> str:
    """The URL under which this machine reaches a server."""
    named = EVERYWHERE.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{named}:{port}"


@contextmanager
def remembered(options: ServeOptions) -> Iterator[PidFile | None]:
    """The server's pid file, for as long as the server lives."""
    if options.pid_file is None:
        yield None
        return
    pid_file = PidFile(options.pid_file)
    pid_file.hold()
    try:
        yield pid_file
    finally:
        pid_file.let_go()


def end_by_signal() -> None:
    """End this process with exit code 0 by SIGINT and SIGTERM; uvicorn, too, hands them on when it has shut down."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _end)


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _server(gateway: Gateway, options: ServeOptions) -> Server:
    if options.listen_fd is not None:
        return Server(gateway, host=options.host, listening=socket.socket(fileno=options.listen_fd))
    return Server(gateway, host=options.host, port=options.port)


@contextmanager
def ready_file(options: ServeOptions) -> Iterator[None]:
    """The file says that a server answers: neither one of an earlier run nor one that is left behind is true."""
    if options.ready_file is not None:
        if not os.access(options.ready_file.absolute().parent, os.W_OK):
            raise ConfigurationError(
                f"{options.ready_file} cannot be written.", "Name a --ready-file in a directory that you may write to."
            )
        options.ready_file.unlink(missing_ok=True)
    try:
        yield
    finally:
        if options.ready_file is not None:
            options.ready_file.unlink(missing_ok=True)


def _when_ready(server: Server, options: ServeOptions, news: Announcement, pid_file: PidFile | None) -> None:
    """Runs beside the server, which goes on serving when nobody can be told."""
    if server.wait_until_ready(READY_S):
        try:
            announced(options, news, pid_file)
        except ConfigurationError as error:
            click.echo(f"flowproof: {error}", err=True)


def _end_with_parent() -> None:
    """A worker's standard input ends when its parent does, however that came about."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
