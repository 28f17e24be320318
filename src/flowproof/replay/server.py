"""The server that answers from a recording, strictly or with another server behind it."""

import secrets
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.proxy import ProxyServer, Upstream

from .matching import Replay
from .observer import ReplayObserver
from .provider import SLUG, recorded_provider

__all__ = ["ReplayServer"]


class ReplayServer:
    """
    A server that answers recorded requests, while it is a context; its sockets are bound at once.

    Beside it is a mock server, whose control API and page show the exchanges and take fault plans.

    Args:
        replay: The answers.
        fall_through: Base URL of a server that answers what was not recorded, such as that of a mock; None for none.
        host: To listen on.
        port: 0 for any that is free.
        control_port: Of the control API beside it, on loopback.
        journal_keep: How many exchanges its journal keeps.

    Raises:
        ConfigurationError: An address cannot be listened on, or `fall_through` is no base URL.
    """

    def __init__(
        self,
        replay: Replay,
        *,
        fall_through: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int = 0,
        journal_keep: int = 10_000,
    ) -> None:
        upstream = Upstream.from_url(fall_through) if fall_through is not None else None
        settings = ServerSettings(entropy=secrets.randbits(64), journal_keep=journal_keep)
        gateway = build_gateway([recorded_provider(replay.requests)], settings)
        self._proxy = ProxyServer(upstream, ReplayObserver(replay, gateway, upstream), host=host, port=port)
        gateway.mock.addresses[SLUG] = self._proxy.origin
        self._control = Server(gateway, port=control_port)
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        return self._proxy.origin

    @property
    def control_url(self) -> str:
        """Of the mock server beside it, whose control API stands below."""
        return self._control.url

    def __enter__(self) -> Self:
        self._stack.enter_context(self._control)
        self._stack.enter_context(self._proxy)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
