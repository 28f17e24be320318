"""Runs a server in this process until a signal: builds it, announces that it is ready, cleans up."""

import gc
import json
import os
import re
import secrets
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import click

from flowproof.errors import ConfigurationError
from flowproof.kernel import Provider
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.control.signing import RequestToSign
from flowproof.kernel.metrics import MetricsFolder
from flowproof.kernel.serving import Gateway, Server
from flowproof.kernel.time.clock import Clock, instant_from_text
from flowproof.loopback import is_loopback
from flowproof.providers import find_providers

from .announcement import Announcement, ServedProvider, write_atomically
from .console import log_to_stderr
from .endpoints import Endpoints, open_endpoints
from .options import ServeOptions
from .terminal import discard_output

__all__ = [
    "announce",
    "end_by_signal",
    "make_announcement",
    "make_gateway",
    "open_in_browser",
    "ready_file",
    "run",
    "sign_with_kit",
    "verify_certificate",
]

READY_TIMEOUT_S = 30.0


def run(options: ServeOptions) -> None:
    """
    Serve until SIGINT or SIGTERM, then end with exit code 0.

    Raises:
        ConfigurationError: The run is set up wrong.
    """
    log_to_stderr(options.log_format)
    end_by_signal()
    with ExitStack() as stack:
        gateway = make_gateway(options)
        stack.callback(gateway.mock.store.close)
        if options.metrics_folder is not None:
            folder = stack.enter_context(MetricsFolder(options.metrics_folder, gateway.mock.metrics))
            gateway.share_metrics(folder.total)
        endpoints = stack.enter_context(open_endpoints(options, gateway.mock.hosts))
        server = Server(gateway, listeners=endpoints.listeners, proxy_tls=endpoints.proxy_tls)
        stack.callback(server.stop)
        announcement = make_announcement(gateway, endpoints, options)
        stack.enter_context(ready_file(options))
        if options.listen_fd:
            threading.Thread(target=_end_with_parent, daemon=True).start()
        threading.Thread(target=_announce_when_ready, args=(server, options, announcement), daemon=True).start()
        gc.freeze()  # what is loaded by now stays: no collection needs to look through it
        gc.enable()
        server.run()


def make_gateway(options: ServeOptions) -> Gateway:
    """The server without its socket, with the default workspace's clock as the options say."""
    documents = openapi_providers(options.openapi) if options.openapi else ()
    installed = find_providers(options.providers) if options.providers or not documents else ()
    if taken := {each.slug for each in installed} & {each.slug for each in documents}:
        raise ConfigurationError(f"Two providers are named {', '.join(taken)}.", "Rename the OpenAPI document.")
    providers = (*installed, *documents)
    settings = ServerSettings(
        entropy=secrets.randbits(64) if options.seed is None else options.seed,
        state=":memory:" if options.state == "memory" else options.state,
        token=options.token,
        largest_body=options.max_body,
        journal_keep=options.journal,
        max_state_mib=options.max_state,
        shared=not is_loopback(options.host),
        allowed_hosts=options.allow_host,
        page=not options.no_page,
        signer=sign_with_kit,
        verifier=verify_certificate,
        cors=options.cors,
    )
    instant = None if options.clock is None else instant_from_text(options.clock)
    gateway = build_gateway(providers, settings)
    if instant is not None:
        workspaces = gateway.mock.workspaces
        workspaces.set_clock(workspaces.ensure_default(), Clock.frozen(instant))
    return gateway


def openapi_providers(files: Sequence[Path]) -> tuple[Provider, ...]:
    """
    A provider for each OpenAPI document, named for its file.

    Raises:
        ConfigurationError: A document cannot be read, or two have one name.
    """
    from flowproof.openapi import read_contract  # noqa: PLC0415 (only where a document is served)
    from flowproof.openapi_mock import openapi_provider  # noqa: PLC0415

    found: dict[str, Provider] = {}
    for file in files:
        slug = re.sub(r"[^a-z0-9]+", "_", file.stem.lower()).strip("_") or "api"
        if slug in found:
            raise ConfigurationError(f"Two documents are named {slug}.", "Rename one of the files.")
        contract, notes = read_contract(slug, file)
        for each in notes:
            click.echo(f"{file.name}: {each}", err=True)
        found[slug] = openapi_provider(slug, contract)
    return tuple(found.values())


def make_announcement(gateway: Gateway, endpoints: Endpoints, options: ServeOptions) -> Announcement:
    """Where a server is, what it serves, and the default workspace's credentials."""
    workspaces = gateway.mock.workspaces
    default = workspaces.ensure_default()
    root = "http://localhost" if endpoints.url.startswith("unix:") else endpoints.url
    served = (
        ServedProvider(
            slug, f"{root}/{slug}", {each.role: each.shown() for each in workspaces.credentials(default, slug)}
        )
        for slug in gateway.mock.apps
    )
    authority = endpoints.authority
    return Announcement(
        endpoints.url,
        os.getpid(),
        tuple(served),
        protected=options.token is not None,
        plain_url=endpoints.plain_url,
        socket_file=endpoints.file,
        authority=None if authority is None else authority.folder,
        is_new_authority=authority is not None and authority.is_new,
        is_proxy=options.as_proxy,
    )


def announce(options: ServeOptions, announcement: Announcement) -> None:
    """Announce that a server answers: in the files that were asked for, on stdout, and in a browser."""
    if options.env is not None:
        from .variables import served_variables, shell_script  # noqa: PLC0415 (loads the kits, and requests)

        write_atomically(options.env, shell_script(served_variables(announcement)))
    if options.ready_file is not None:
        write_atomically(options.ready_file, json.dumps(announcement.to_json(), indent=2))
    try:
        click.echo(announcement.text())
    except BrokenPipeError:
        pass  # that nobody reads it is no failure
    except OSError as error:
        click.echo(f"flowproof: the console cannot be written: {error.strerror}.", err=True)
        discard_output(sys.stdout)
    if options.open:
        open_in_browser(f"{announcement.url}/")


def sign_with_kit(request: RequestToSign) -> Mapping[str, str]:
    """
    The headers by which a provider's kit authenticates a request.

    Raises:
        FlowproofError: The provider has no kit, or it cannot sign with these credentials.
    """
    from flowproof.cases import CaseRequest  # noqa: PLC0415 (no start needs it, and the kits load requests)
    from flowproof.providers import Kits  # noqa: PLC0415
    from flowproof.target import site_from_json  # noqa: PLC0415

    shown = {"base_url": request.base_url, "credentials": {"default": request.credentials or {}}}
    case = CaseRequest(request.method, request.path, request.query, request.headers, request.body, is_signed=True)
    return Kits().find(request.provider).headers(site_from_json(request.provider, shown), case)


def verify_certificate(data: bytes, keys: Sequence[str]) -> Mapping[str, Any]:
    """
    What `flowproof verify` says of a certificate, for the control API.

    Raises:
        FlowproofError: A key is none.
    """
    from .verification import verify_for_page  # noqa: PLC0415 (no start needs it, and it loads the reports)

    return verify_for_page(data, keys)


def open_in_browser(url: str) -> None:
    """Open the page in the browser of whoever sits here; where there is none, say so."""
    import webbrowser  # noqa: PLC0415 (only where it is asked for)

    with suppress(webbrowser.Error):
        if webbrowser.open(url):
            return
    click.echo(f"flowproof: there is no browser to open; the page is at {url}", err=True)


def end_by_signal() -> None:
    """End this process with exit code 0 by SIGINT and SIGTERM; while a server runs, it handles them itself."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _end)


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


@contextmanager
def ready_file(options: ServeOptions) -> Iterator[None]:
    """Remove a ready file of an earlier run before the block, and this run's own after it: neither would be true."""
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


def _announce_when_ready(server: Server, options: ServeOptions, announcement: Announcement) -> None:
    """Runs beside the server, which goes on serving when the ready file cannot be written."""
    if server.wait_until_ready(READY_TIMEOUT_S):
        try:
            announce(options, announcement)
        except ConfigurationError as error:
            click.echo(f"flowproof: {error}", err=True)


def _end_with_parent() -> None:
    """A worker's standard input ends when its parent does, however that came about."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
