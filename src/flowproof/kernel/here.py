"""The typed view of the current request that a provider's routes use: ``here.state``, ``here.json``, ``here.now`` …"""

from collections.abc import Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import parse_qsl

from flowproof.conformance import Operation

from .request import ProviderRequest
from .world import State, World

__all__ = ["Scene", "Stage", "here"]


@dataclass(slots=True)
class Scene:
    """
    What is known of the current request.

    Args:
        request: As its provider would have got it.
        world: The workspace at this moment.
        operation: The operation that was found.
        principal: Who asks, as the provider's authentication said.
        json: The body's JSON value, of a form its names and values; None where the operation has no body.
    """

    request: ProviderRequest
    world: World
    operation: Operation
    principal: Any = None
    json: Any = None


_current: ContextVar[Scene] = ContextVar("flowproof.scene")


class Stage:
    """
    Inside the block, `here` shows that scene.

    Args:
        scene: Of the request that is handled.
    """

    __slots__ = ("_before", "_scene")

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._before: Token[Scene] | None = None

    def __enter__(self) -> None:
        self._before = _current.set(self._scene)

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            _current.reset(self._before)


class Here:
    """Reads the scene that the kernel has set for the current request."""

    @property
    def scene(self) -> Scene:
        """All of it."""
        return _current.get()

    @property
    def world(self) -> World:
        """The workspace at this moment."""
        return self.scene.world

    @property
    def request(self) -> ProviderRequest:
        """The request, as its provider would have got it."""
        return self.scene.request

    @property
    def operation(self) -> Operation:
        """The operation of the contract."""
        return self.scene.operation

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the query; of several of one name, the first."""
        return dict(reversed(parse_qsl(self.request.wire.query, keep_blank_values=True)))

    @property
    def state(self) -> State:
        """The provider's records."""
        return self.scene.world.state

    @property
    def now(self) -> datetime:
        """The moment of this request on the workspace's clock (aware, UTC)."""
        return self.scene.world.now

    @property
    def chance(self) -> Random:
        """The workspace's seeded chance."""
        return self.scene.world.chance

    @property
    def seed(self) -> Mapping[str, Any]:
        """The account set-up."""
        return self.scene.world.seed

    @property
    def principal(self) -> Any:
        """Who asks."""
        return self.scene.principal

    @property
    def json(self) -> Any:
        """The body's JSON value."""
        return self.scene.json


here = Here()
