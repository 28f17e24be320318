"""Options that several commands share, and the options of ``serve`` as one value."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from flowproof.errors import ConfigurationError

__all__ = [
    "Command",
    "ServeOptions",
    "complete_provider",
    "duration_s",
    "option",
    "report_option",
    "server_options",
    "workspace_options",
]

UNITS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
DURATION = re.compile("".join(rf"(?:(\d+(?:\.\d+)?){unit})?" for unit, _ in UNITS), re.ASCII)

Command = TypeVar("Command", bound=Callable[..., Any])

# An option whose help names its environment variable.
option: Callable[..., Callable[[Command], Command]] = partial(click.option, show_envvar=True)


def report_option(text: str) -> Callable[[Command], Command]:
    """``--report``, as ``folder``: where a command writes its files; the text is its help."""
    folder = click.Path(file_okay=False, path_type=Path)
    return option("--report", "folder", type=folder, metavar="DIR", show_default=False, help=text)


def complete_provider(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The installed providers, for a shell that completes a command line."""
    from flowproof.providers import Kits  # noqa: PLC0415 (only a shell that completes needs them)

    given = context.params.get(parameter.name or "")
    taken = given if isinstance(given, tuple) else ()
    return [slug for slug in Kits().names if slug.startswith(incomplete) and slug not in taken]


def duration_s(text: str, *, what: str) -> float:
    """
    Seconds of a text such as ``1d12h``.

    Args:
        text: As a user writes it.
        what: What it stands for, in the error.

    Raises:
        ConfigurationError: It is none.
    """
    found = DURATION.fullmatch(text.strip().lower())
    if not text.strip() or found is None:
        raise ConfigurationError(f"{text!r} is no {what}.", "Write such as 90s, 15m, 2h, 1d or 1d12h.")
    return sum(float(number) * size for number, (_, size) in zip(found.groups("0"), UNITS, strict=True))


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """
    How a server runs; each field is an option of ``flowproof serve``.

    Args:
        providers: Slugs, or none for all.
        host: Name or address to listen on.
        port: 0 for any that is free.
        state: ``memory``, a file, or the URL of a PostgreSQL database.
        clock: ISO 8601, at which the default workspace's clock is frozen.
        token: Of the control API.
        journal: How many exchanges are kept of each workspace.
        max_body: In bytes.
        max_state: In MiB; not of a database.
        seed: What ids and credentials of new workspaces are drawn from.
        workers: Processes, where the state is in PostgreSQL.
        ready_file: Where to write that the server answers.
        log_format: ``text`` or ``json``.
        env: Where to write base URLs and credentials as variables of a shell.
        allow_host: Host names under which the server answers, beside loopback and the providers' own.
        listen_fd: Listening sockets that were inherited, each as its purpose, a colon and its number.
        metrics_folder: Where the workers of one server publish what they have counted.
        openapi: OpenAPI documents, each of which is served as a provider.
        no_page: Browsers get no page at the server's root.
        open: Open that page in a browser.
        tls: Speak TLS, under a certificate by an authority of the user's own.
        tls_cert: A certificate of the user's, in its place.
        tls_key: Its key; None where that is in the same file.
        tls_folder: Of that authority; None for the usual one.
        http_port: Where plain HTTP is spoken beside TLS or a Unix socket.
        as_proxy: Be the proxy of clients to the providers' hosts.
        cors: Origins whose pages may call the providers' operations, or ``*``.
        unix: File of a Unix socket to listen on, in place of host and port.
    """

    providers: tuple[str, ...]
    host: str
    port: int
    state: str = field(repr=False)  # (a URL may hold a password)
    clock: str | None
    token: str | None = field(repr=False)
    journal: int
    max_body: int
    max_state: int
    seed: int | None
    workers: int
    ready_file: Path | None
    log_format: str = "text"
    env: Path | None = None
    allow_host: tuple[str, ...] = ()
    listen_fd: tuple[str, ...] = ()
    metrics_folder: Path | None = None
    openapi: tuple[Path, ...] = ()
    no_page: bool = False
    open: bool = False
    tls: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_folder: Path | None = None
    http_port: int | None = None
    as_proxy: bool = False
    cors: tuple[str, ...] = ()
    unix: Path | None = None

    @property
    def has_tls(self) -> bool:
        """Whether TLS is spoken on the address that is announced."""
        return self.tls or self.tls_cert is not None

    @property
    def needs_authority(self) -> bool:
        """Whether certificates by an authority of the user's own are needed."""
        return (self.tls and self.tls_cert is None) or self.as_proxy

    def to_arguments(self) -> list[str]:
        """A command line for another process, without token and state, whose secrets others could see there."""
        values = {
            "--host": self.host,
            "--port": self.port,
            "--clock": self.clock,
            "--journal": self.journal,
            "--max-body": self.max_body,
            "--max-state": self.max_state,
            "--seed": self.seed,
            "--workers": self.workers,
            "--ready-file": self.ready_file,
            "--log-format": self.log_format,
            "--metrics-folder": self.metrics_folder,
            "--tls-cert": self.tls_cert,
            "--tls-key": self.tls_key,
            "--tls-folder": self.tls_folder,
            "--http-port": self.http_port,
            "--unix": self.unix,
        }
        repeated = {
            "--listen-fd": self.listen_fd,
            "--allow-host": self.allow_host,
            "--openapi": self.openapi,
            "--cors": self.cors,
        }
        flags = {"--no-page": self.no_page, "--tls": self.tls, "--as-proxy": self.as_proxy}
        named = [f"{name}={value}" for name, value in values.items() if value is not None]
        named += [f"{name}={each}" for name, given in repeated.items() for each in given]
        named += [name for name, is_given in flags.items() if is_given]
        return ["serve", *named, *(["--", *self.providers] if self.providers else [])]


def server_options(command: Command) -> Command:
    """``--server`` and ``--token``: which server a command talks to."""
    url = "http://127.0.0.1:4010"
    server = option("--server", default=url, envvar="FLOWPROOF_SERVER", metavar="URL", help="Which server.")
    help_text = "The control API's token, if the server has one."
    token = option("--token", envvar="FLOWPROOF_TOKEN", show_default=False, help=help_text)
    return server(token(command))


def workspace_options(command: Command) -> Command:
    """``--server``, ``--token`` and ``--workspace``: which workspace of which server a command talks to."""
    workspace = option(
        "--workspace", default="default", envvar="FLOWPROOF_WORKSPACE", metavar="ID", help="Which workspace."
    )
    return server_options(workspace(command))
