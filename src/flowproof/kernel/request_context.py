"""The typed view of the current request that a provider's routes use: ``ctx.state``, ``ctx.json``, ``ctx.now`` …"""

from collections.abc import Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import parse_qsl

from flowproof.conformance import Operation
from flowproof.conformance.check import BOOLEANS

from .http.request import ProviderRequest
from .provider_context import ProviderContext, State

__all__ = ["Binding", "RequestContext", "ctx"]


@dataclass(slots=True)
class RequestContext:
    """
    What is known of the current request.

    Args:
        request: As its provider would have got it.
        context: The workspace at this moment, as its provider sees it.
        operation: The operation that was found.
        principal: Who asks, as the provider's authentication found out.
        json: The body's JSON value, of a form its names and values; None where the operation has no body.
    """

    request: ProviderRequest
    context: ProviderContext
    operation: Operation
    principal: Any = None
    json: Any = None


_current: ContextVar[RequestContext] = ContextVar("flowproof.request_context")


class Binding:
    """Binds `ctx` to a request's context for the length of a block. (A class: generators are slower.)"""

    __slots__ = ("_bound", "_token")

    def __init__(self, bound: RequestContext) -> None:
        self._bound = bound
        self._token: Token[RequestContext] | None = None

    def __enter__(self) -> None:
        self._token = _current.set(self._bound)

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _current.reset(self._token)


class CurrentRequest:
    """Reads the context that is bound for the current request."""

    @property
    def context(self) -> ProviderContext:
        """The workspace at this moment, as its provider sees it."""
        return _current.get().context

    @property
    def request(self) -> ProviderRequest:
        """The request, as its provider would have got it."""
        return _current.get().request

    @property
    def operation(self) -> Operation:
        """The operation of the contract."""
        return _current.get().operation

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the query; of several of one name, the first."""
        return dict(reversed(parse_qsl(self.request.wire.query, keep_blank_values=True)))

    def flag(self, name: str) -> bool:
        """A parameter of the query that is a boolean by the contract; False where it is missing."""
        return BOOLEANS[self.query.get(name, "false").lower()]

    @property
    def state(self) -> State:
        """The provider's records."""
        return _current.get().context.state

    @property
    def now(self) -> datetime:
        """The time of this request on the workspace's clock (aware, UTC)."""
        return _current.get().context.now

    @property
    def rng(self) -> Random:
        """Random numbers, seeded by workspace and exchange."""
        return _current.get().context.rng

    @property
    def seed(self) -> Mapping[str, Any]:
        """The account set-up."""
        return _current.get().context.seed

    @property
    def principal(self) -> Any:
        """Who asks, as the provider's authentication found out."""
        return _current.get().principal

    @property
    def json(self) -> Any:
        """The body's JSON value."""
        return _current.get().json


ctx = CurrentRequest()
