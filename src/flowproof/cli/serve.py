"""``flowproof serve``: reads the options, refuses what would be unsafe, and runs one process or several."""

import gc
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from flowproof.errors import ConfigurationError
from flowproof.loopback import is_loopback

from .announcement import check_env_file
from .options import ServeOptions, complete_provider, option

__all__ = ["serve"]


@click.command()
@click.argument("providers", nargs=-1, shell_complete=complete_provider, metavar="[PROVIDER]...")
@option("--host", default="127.0.0.1", help="Name or address to listen on; other than loopback needs a token.")
@option("--port", default=4010, type=click.IntRange(0, 65535), help="0 takes any that is free.")
@option(
    "--state",
    default="memory",
    metavar="memory|FILE|URL",
    help="Where state lives; a file keeps it over a restart, postgresql://USER@HOST/DATABASE is for several servers."
    " Prefer the environment for a URL with a password: a command line can be seen by others.",
)
@option("--clock", metavar="ISO-8601", help="Freeze the default workspace's clock at this time.")
@option(
    "--token",
    envvar="FLOWPROOF_TOKEN",
    help="What the control API asks for. Prefer the environment: a command line can be seen by others.",
)
@option("--journal", default=500, type=click.IntRange(1), metavar="N", help="Exchanges kept of each workspace.")
@option(
    "--max-body", default=1024 * 1024, type=click.IntRange(1), metavar="BYTES", help="What a request may have at most."
)
@option(
    "--max-state",
    default=4096,
    type=click.IntRange(1),
    metavar="MIB",
    help="How large state in memory or in a file may get; what would need more is answered with 503.",
)
@option("--seed", type=int, help="Draw ids and credentials of new workspaces from this.  [default: chance]")
@option(
    "--workers", default=1, type=click.IntRange(1, 64), metavar="N", help="Processes; more than one need PostgreSQL."
)
@option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write URL, process, base URLs and credentials here when ready.",
)
@option(
    "--log-format",
    default="text",
    type=click.Choice(["text", "json"]),
    help="How stderr is written: for people or programs.",
)
@option(
    "--env",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write base URLs and credentials here as variables, for a shell: . FILE",
)
@option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="Answer under this host name too, beside loopback and the providers' own hosts. May be given again.",
)
@click.option(
    "--openapi",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Serve this OpenAPI document (3.0 or 3.1), too; may be repeated. Without providers, nothing else.",
)
@click.option("--no-page", is_flag=True, help="Serve no page to browsers at the server's root.")
@click.option("--open", is_flag=True, help="Open that page in a browser.")
@option("--tls", is_flag=True, show_default=False, help="Speak https, under a certificate by an authority of your own.")
@option(
    "--tls-cert",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Speak https under this certificate (PEM) instead, with those of the authorities behind it.",
)
@option(
    "--tls-key",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Its key (PEM), where it is not in the same file.",
)
@option(
    "--tls-folder",
    envvar="FLOWPROOF_TLS_FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where that authority is kept.  [default: ~/.config/flowproof/tls]",
)
@option(
    "--http-port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Speak plain http on this port, beside https or a Unix socket.",
)
@option(
    "--as-proxy",
    is_flag=True,
    show_default=False,
    help="Be the proxy (HTTPS_PROXY, HTTP_PROXY) of clients to the providers' own hosts, and to no other.",
)
@option(
    "--cors",
    multiple=True,
    metavar="ORIGIN",
    help="Let pages of this origin, or * for any, call the providers' operations. May be given again.",
)
@option(
    "--unix",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Listen on this Unix socket in place of --host and --port.",
)
@click.option("--listen-fd", multiple=True, hidden=True)
@click.option("--metrics-folder", type=click.Path(path_type=Path), hidden=True)
def serve(**values: Any) -> None:
    """
    Serve the mocks of these providers, or of all that are installed.

    When the server answers, its last line on stdout is "ready URL", such as "ready http://127.0.0.1:4010".
    """
    options = _checked(ServeOptions(**values))
    if options.workers > 1:
        from .workers import supervise  # noqa: PLC0415 (loads Flask, which --help needs not)

        supervise(options)
    else:
        gc.disable()  # nothing of what is loaded now is garbage; run enables it when all is there
        try:
            from .foreground import run  # noqa: PLC0415 (loads uvicorn and Flask)

            run(options)
        finally:
            gc.enable()


def _checked(options: ServeOptions) -> ServeOptions:
    options = replace(options, host=options.host.strip("[]"), token=options.token or None)
    if options.token is not None and not (
        options.token.isascii() and options.token.isprintable() and " " not in options.token
    ):
        raise ConfigurationError(
            "The token has blanks or other characters that no header can carry.", "Choose ASCII letters and digits."
        )
    if options.token is None and not is_loopback(options.host):
        raise ConfigurationError(
            f"Without a token the control API of a server on {options.host} would be open to everybody who reaches it.",
            "Set FLOWPROOF_TOKEN, or listen on 127.0.0.1.",
        )
    if options.open and options.no_page:
        raise ConfigurationError("--open and --no-page contradict each other.", "Leave one of them out.")
    is_shared = options.state.startswith(("postgresql://", "postgres://"))
    if not options.state or ("://" in options.state and not is_shared):
        scheme = options.state.partition("://")[0]  # (not the rest: it may hold a password)
        raise ConfigurationError(
            f"State cannot live in {scheme!r}.", "Choose memory, a file, or postgresql://USER@HOST/DATABASE."
        )
    _check_reach(options)
    if options.env is not None:
        check_env_file(options.env)
    if options.workers > 1 and not is_shared:
        raise ConfigurationError(
            f"{options.workers} workers cannot share a state in {'memory' if options.state == 'memory' else 'a file'}.",
            "Name a database, --state postgresql://USER@HOST/DATABASE, or use one worker.",
        )
    return options


def _check_reach(options: ServeOptions) -> None:
    """How the server is reached."""
    if options.tls_key is not None and options.tls_cert is None:
        raise ConfigurationError("--tls-key is the key of no certificate.", "Name the certificate with --tls-cert.")
    if options.unix is not None and options.has_tls:
        raise ConfigurationError(
            "A Unix socket needs no TLS: nobody can listen in.", "Leave --tls out, or listen on a port."
        )
    if options.http_port is not None and not (options.has_tls or options.unix is not None):
        raise ConfigurationError(
            "--http-port is for plain http beside https or a Unix socket.", "Use --port, or add --tls."
        )
    if options.open and options.unix is not None and options.http_port is None:
        raise ConfigurationError("No browser opens a Unix socket.", "Add --http-port, or leave --open out.")
