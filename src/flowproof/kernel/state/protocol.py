"""
What the kernel needs of a store. ``kernel/assembly.py`` chooses the implementation; nothing else knows which it is.

Every implementation guarantees:

- **Isolation.** A call that names a workspace reads and changes nothing of another workspace.
- **Values.** Values are JSON and are copied on their way in and out: nobody shares an object with the store.
- **Atomicity.** All calls within a transaction are kept together or undone together, whichever part of the store they
  concern; :class:`Exchanges` names one limit. A call outside of a transaction is a transaction of its own.
- **One at a time.** A transaction claims each workspace that it reads or changes: until it ends, others that need the
  workspace wait. Transactions on different workspaces do not wait for each other. What concerns no workspace by name,
  such as :meth:`WorkspaceTable.ids`, claims none.
- **Order.** Records keep the order in which they were first put; tasks and deliveries come by due time, then by the
  order in which they were added; exchanges come by number.
- **Errors.** A method raises :class:`~flowproof.errors.StoreError` where the state cannot be read or written, and its
  kind :class:`~flowproof.errors.StoreUnavailable` where that may be otherwise later. No type and no error of a database
  driver leaves an implementation.

A store without :attr:`Store.sharing` belongs to one process and is used by one thread at a time; whoever shares it
between threads holds a lock. A store with it is used by any number of threads of any number of processes at a time, and
a transaction belongs to the thread that has begun it. Times are in microseconds since 1970 on the workspace's clock.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from .rows import CredentialRow, DeliveryRow, ExchangeDraft, ExchangeRow, TaskRow, WorkspaceRow

__all__ = [
    "CredentialTable",
    "DeliveryQueue",
    "Exchanges",
    "RecordTable",
    "Sharing",
    "Store",
    "TaskQueue",
    "WorkspaceTable",
]

Cached = TypeVar("Cached")


class WorkspaceTable(Protocol):
    """The workspaces themselves."""

    def add(self, row: WorkspaceRow) -> None:
        """
        Add a workspace.

        Raises:
            StoreConflict: There is one of that id.
        """

    def get(self, workspace: str) -> WorkspaceRow | None: ...

    def ids(self, *, limit: int, offset: int) -> list[str]:
        """Ids in alphabetical order."""

    def count(self) -> int: ...

    def update(self, row: WorkspaceRow) -> None:
        """Replace seed, clock and faults. The count of exchanges is no part of the row and stays."""

    def clear(self, workspace: str) -> None:
        """Delete the workspace's records, tasks and deliveries; its credentials and exchanges stay."""

    def delete(self, workspace: str) -> None:
        """Delete the workspace with everything in it."""


class CredentialTable(Protocol):
    """The credentials of all workspaces. A provider's key belongs to one workspace."""

    def add(self, row: CredentialRow) -> None:
        """
        Add a credential.

        Raises:
            StoreConflict: The provider has one of that key, in whichever workspace.
        """

    def get(self, workspace: str, provider: str, key: str) -> bytes | None:
        """The credential's JSON."""

    def of_workspace(self, workspace: str) -> Sequence[CredentialRow]:
        """A workspace's credentials, by provider and key."""

    def delete(self, workspace: str, provider: str, key: str) -> bool:
        """Delete a credential; False where the workspace has none of that key."""

    def owner(self, provider: str, key: str) -> str | None:
        """
        Id of the workspace that a provider's key belongs to.

        It may be out of date until a transaction has claimed that workspace; asked again after that, it is true.
        """

    def workspaces_without(self, provider: str) -> Sequence[str]:
        """Ids of the workspaces that have no credential of a provider."""


class RecordTable(Protocol):
    """What mocks keep. Records of one workspace, provider and kind are a collection; in it each has a key."""

    def get(self, workspace: str, provider: str, kind: str, key: str) -> Any:
        """The record's value; None where there is no record."""

    def has(self, workspace: str, provider: str, kind: str, key: str) -> bool: ...

    def put(self, workspace: str, provider: str, kind: str, key: str, value: Any) -> None:
        """Add a record, or replace its value; a replaced one keeps its place in the order."""

    def increment(self, workspace: str, provider: str, kind: str, key: str) -> int:
        """Add one to a record that is a whole number, or put 1 where there is none; returns the sum."""

    def delete(self, workspace: str, provider: str, kind: str, key: str) -> bool:
        """Delete a record; False where there is none."""

    def newest(self, workspace: str, provider: str, kind: str, *, limit: int, offset: int) -> Sequence[Any]:
        """Values of a collection, the newest first."""

    def count(self, workspace: str, provider: str, kind: str) -> int: ...

    def kinds(self, workspace: str) -> Sequence[tuple[str, str]]:
        """Provider and kind of each collection of a workspace that has records, in alphabetical order."""

    def of_workspace(self, workspace: str) -> Iterator[tuple[str, str, str, Any]]:
        """A workspace's records as provider, kind, key and value, the oldest first."""


class TaskQueue(Protocol):
    """What is to be done when a workspace's clock reaches a moment."""

    def add(self, workspace: str, provider: str, due_us: int, name: str, value: Any, *, rng_key: str) -> None: ...

    def due(self, workspace: str, until_us: int, providers: Collection[str], *, limit: int) -> Sequence[TaskRow]:
        """The first tasks of these providers that are due by that moment, in the order in which they are due."""

    def remove(self, rows: Sequence[TaskRow]) -> None:
        """Remove tasks of one workspace."""

    def of_workspace(self, workspace: str, *, limit: int | None = None) -> Sequence[TaskRow]:
        """A workspace's tasks in the order in which they are due; the first so many of them."""


class DeliveryQueue(Protocol):
    """
    The outboxes of all workspaces. A delivery is ``pending``, ``sending``, ``delivered`` or ``failed``.

    Its value has an ``id``; the store adds ``state`` when it gives the value out.
    """

    def add(self, workspace: str, delivery: str, due_us: int, value: Any, *, state: str = "pending") -> None:
        """
        Add a delivery.

        Raises:
            StoreConflict: The workspace has one of that id.
        """

    def take_due(self, workspace: str, until_us: int) -> DeliveryRow | None:
        """
        Mark the first pending delivery that is due by that moment as being sent, and return it.

        None while another of the workspace is being sent, by whichever server: that keeps them in order.
        """

    def is_sending(self, seq: int) -> bool:
        """Whether a delivery that this server has taken is still there and still marked as being sent by it."""

    def update(self, seq: int, state: str, due_us: int, value: Any) -> None:
        """Replace a delivery that was taken."""

    def give_up(self, seq: int) -> None:
        """Mark a delivery that was taken as failed, and change nothing else of it: its value may be damaged."""

    def put_back(self, seq: int) -> None:
        """Make a delivery pending that was taken and is still being sent."""

    def put_back_all(self) -> None:
        """Make every delivery pending that this server was sending, in all workspaces: it has stopped."""

    def reschedule(self, workspace: str, delivery: str, due_us: int, value: Any) -> bool:
        """Replace a delivery that is pending or has failed by one that is pending; False where there is no such."""

    def get(self, workspace: str, delivery: str) -> Any:
        """A delivery's value; None where there is none."""

    def last(self, workspace: str, *, limit: int | None = None) -> Sequence[Any]:
        """The values of a workspace's last deliveries, in the order in which they were added."""

    def trim(self, workspace: str, *, keep: int) -> None:
        """Delete what was delivered or has failed, but for the last ``keep`` deliveries."""

    def is_idle(self, workspace: str, at_us: int) -> bool:
        """Whether no delivery of a workspace is being sent, or pending and due by that moment."""


class Exchanges(Protocol):
    """
    The numbered exchanges of all workspaces, which are the journal.

    A transaction that is undone takes back the numbers that it drew and what it added under them, so that they are
    drawn again. Undoing a savepoint need not take them back, nor need undoing a transaction bring back what it replaced
    or cleared: a journal is bounded, and may forget more than it must.
    """

    def count(self, workspace: str) -> int:
        """How many a workspace has had, including those that are no longer kept."""

    def next_number(self, workspace: str) -> int:
        """Count an exchange and return its number, from 1 on."""

    def raise_count(self, workspace: str, count: int) -> None:
        """Count on from ``count``, unless the workspace has had more."""

    def add(self, draft: ExchangeDraft, *, keep: int) -> None:
        """Add an exchange, and delete those that are not among the last ``keep`` numbers of the workspace."""

    def replace(self, row: ExchangeRow) -> None:
        """Replace an exchange's JSON, and whether it was refused, if the exchange is still kept."""

    def find(self, workspace: str, number: int) -> ExchangeRow | None: ...

    def last(self, workspace: str, *, after: int, limit: int, refused_only: bool) -> list[ExchangeRow]:
        """The last exchanges whose number is greater than ``after``, in the order of their numbers."""

    def index(self, workspace: str, *, after: int) -> list[tuple[int, bool]]:
        """Numbers of the exchanges after ``after``, in order, each with whether it was refused; nothing is rendered."""

    def refused(self, workspace: str, *, after: int) -> list[int]:
        """Numbers of the exchanges after ``after`` that were refused, in order."""

    def peek(self, workspace: str, numbers: Sequence[int]) -> list[ExchangeDraft | ExchangeRow]:
        """Those of these exchanges that are kept, in the order of their numbers; a draft stays one."""

    def clear(self, workspace: str) -> None:
        """Delete a workspace's exchanges; the count stays."""


class Sharing(Protocol):
    """What only a store has that several servers share."""

    def due_workspaces(self, *, limit: int) -> Sequence[str]:
        """
        Ids of workspaces in which something is due by their clocks and nothing is being sent, the earliest first.

        One whose clock is damaged is among them, so that whoever looks after it meets the damage and names it.
        What has become due only just now may be left out, since whoever has set it off does it.
        """

    def put_back_abandoned(self) -> None:
        """Make every delivery pending that a server was sending which has ended meanwhile."""

    def taken(self) -> Sequence[tuple[str, int]]:
        """Workspace and number of each delivery that is marked as being sent by this server."""


class Store(Protocol):
    """The one owner of mutable state."""

    @property
    def sharing(self) -> Sharing | None:
        """None where the state belongs to one process."""

    @property
    def workspaces(self) -> WorkspaceTable: ...
    @property
    def credentials(self) -> CredentialTable: ...
    @property
    def records(self) -> RecordTable: ...
    @property
    def tasks(self) -> TaskQueue: ...
    @property
    def deliveries(self) -> DeliveryQueue: ...
    @property
    def exchanges(self) -> Exchanges: ...

    def transaction(self) -> AbstractContextManager[object]:
        """A block that is kept as a whole, or undone as a whole when it raises. A nested one joins the outer one."""

    def savepoint(self) -> AbstractContextManager[None]:
        """
        A block within a transaction that is undone by itself when it raises; what came before it stays.

        Savepoints nest. One that ends well is still undone with what is around it.
        """

    def claim(self, workspace: str) -> None:
        """
        Have a workspace for the open transaction alone until it ends, waiting for others that have it.

        Each call that names a workspace does so, too. After it, what is cached of the workspace is known to hold or is
        forgotten.
        """

    def try_claim(self, workspace: str) -> bool:
        """Do so without waiting; False where another transaction has the workspace."""

    def cached(self, workspace: str | None, key: tuple[str, ...], read: Callable[[], Cached]) -> Cached:
        """
        The value that ``read`` has returned for this key, as long as it still holds.

        It holds until anybody changes the workspace, one of its credentials or one of its records of the kind ``SEED``,
        in this process or another one. Changes that are undone count too. Unless the open transaction has claimed the
        workspace nothing is known to hold, and ``read`` is called. It may be forgotten at any time.

        Args:
            workspace: Which one it is of; None where it depends on nothing in the store.
            key: Tells the value from every other that is cached.
            read: Reads or computes the value from those rows alone; nobody may change the value.
        """

    def last_cached(self, workspace: str, key: tuple[str, ...]) -> Any:
        """What this process has cached last for a workspace and key, claimed or not; None where nothing is cached."""

    def next_due_us(self, workspace: str) -> int | None:
        """
        When the workspace's next task or delivery is due; None where there is none.

        While a delivery is being sent no other one counts: whoever sends it looks after the next.
        """

    def workspaces_with_work(self) -> Sequence[str]:
        """Ids of the workspaces that have a task or a pending delivery."""

    def take_dirty(self) -> Mapping[str, int]:
        """
        The workspaces whose clock, tasks or deliveries this process has changed since the last call.

        Returns:
            By id, the first moment at which something may be due because of that; 0 where it may be due now. A change
            that was undone may be among them.
        """

    def close(self) -> None:
        """Release the file or connection; the store must not be used after that."""
