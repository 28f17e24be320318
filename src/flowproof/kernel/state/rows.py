"""What the store takes and gives: rows, whose JSON stays bytes where the store never reads it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

__all__ = ["KERNEL", "SEED", "CredentialRow", "DeliveryRow", "ExchangeDraft", "ExchangeRow", "TaskRow", "WorkspaceRow"]

KERNEL = "flowproof"  # stands in a provider's place, for records of the kernel itself
SEED = "seed"  # the kind of record that holds a workspace's own seed data: the only kind that may be cached


class WorkspaceRow(NamedTuple):
    """A workspace; ``clock`` and ``faults`` are JSON."""

    id: str
    seed: str
    clock: bytes
    faults: bytes
    created_at: str


class CredentialRow(NamedTuple):
    """A credential; ``body`` is JSON and holds the secrets."""

    provider: str
    key: str
    workspace: str
    body: bytes


class TaskRow(NamedTuple):
    """A task; ``due_us`` is a moment of the workspace's clock in microseconds since 1970, ``body`` is JSON."""

    seq: int
    workspace: str
    provider: str
    due_us: int
    name: str
    body: bytes
    rng_key: str


class DeliveryRow(NamedTuple):
    """A delivery that was taken to be sent; no other one ever has its ``seq``, whatever its id. ``body`` is JSON."""

    seq: int
    body: bytes


class ExchangeDraft(NamedTuple):
    """
    An exchange to be kept. Both functions return the same at each call, and may be called much later.

    ``render`` gives its JSON; ``brief``, where there is one, what a list shows of it, for a fraction of the time.
    """

    workspace: str
    number: int
    is_refused: bool
    render: Callable[[], bytes]
    brief: Callable[[], Mapping[str, Any]] | None = None


class ExchangeRow(NamedTuple):
    """An exchange that was kept; ``body`` is JSON."""

    workspace: str
    number: int
    is_refused: bool
    body: bytes
