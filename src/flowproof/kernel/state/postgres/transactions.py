"""The blocks of a transaction and of a savepoint, and which transaction a thread is in."""

import threading
from types import TracebackType

from .cache import Cache
from .connection import Row
from .gates import Gates
from .pool import Pool
from .session import Session
from .statements import Statement, Value

__all__ = ["SavepointBlock", "TransactionBlock", "Transactions"]


class Transactions:
    """
    The transactions of all threads.

    Args:
        pool: Where their connections come from.
    """

    def __init__(self, pool: Pool) -> None:
        self.cache = Cache()
        self.server = 0  # its number, once it has one
        self._pool = pool
        self._gates = Gates()
        self._local = threading.local()
        self._dirty: dict[str, int] = {}
        self._dirty_lock = threading.Lock()

    @property
    def current(self) -> Session | None:
        """This thread's transaction."""
        found: Session | None = getattr(self._local, "session", None)
        return found

    def begin(self) -> Session:
        session = self._local.session = Session(self._pool, self.cache, self._gates, self.server)
        return session

    def end(self, *, commits: bool) -> None:
        """End this thread's transaction."""
        session: Session = self._local.session
        self._local.session = None
        try:
            if commits:
                session.commit()
            else:
                session.rollback()
        finally:
            self._mark(session.dirty)

    def _mark(self, dirty: dict[str, int]) -> None:
        if dirty:
            with self._dirty_lock:
                for workspace, due_us in dirty.items():
                    self._dirty[workspace] = min(due_us, self._dirty.get(workspace, due_us))

    def take_dirty(self) -> dict[str, int]:
        """What the transactions that have ended have changed, and the one that this thread is in."""
        session = self.current
        if session is not None and session.dirty:
            self._mark(session.dirty)
            session.dirty = {}
        if not self._dirty:
            return {}
        with self._dirty_lock:
            taken, self._dirty = self._dirty, {}
        return taken

    # Statements, as part of this thread's transaction or as one of their own

    def read(self, workspace: str | None, statement: Statement, *values: Value) -> list[Row]:
        """
        Run a statement and return its rows.

        Args:
            workspace: Which one it is about, so that a transaction claims it; None where it is about none or several.
            statement: Which one.
            values: Of its parameters.
        """
        if self.current is None and not statement.writes:
            return Session(self._pool, self.cache, self._gates, self.server).read_alone(statement, *values)
        with TransactionBlock(self) as session:
            if workspace is not None:
                session.claim(workspace)
            return session.read(statement, *values)

    def write(self, workspace: str, statement: Statement, *values: Value) -> None:
        """Run a statement whose result nobody needs."""
        with TransactionBlock(self) as session:
            session.claim(workspace)
            session.write(statement, *values)

    def change(self, workspace: str, *, notify: bool = False) -> None:
        """Within a transaction: what is cached of the workspace goes stale."""
        with TransactionBlock(self) as session:
            session.change(workspace, notify=notify)

    def mark(self, workspace: str, due_us: int = 0) -> None:
        """Within a transaction: something of the workspace may be due at that moment; 0 is now."""
        with TransactionBlock(self) as session:
            session.dirty[workspace] = min(due_us, session.dirty.get(workspace, due_us))


class TransactionBlock:
    """The block of a transaction; inside another one it joins that."""

    __slots__ = ("_is_outermost", "_transactions")

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._is_outermost = False

    def __enter__(self) -> Session:
        session = self._transactions.current
        if session is None:
            self._is_outermost, session = True, self._transactions.begin()
        return session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_outermost:
            self._transactions.end(commits=kind is None)


class SavepointBlock:
    """The block of a savepoint within a transaction."""

    __slots__ = ("_session",)

    def __init__(self, transactions: Transactions) -> None:
        session = transactions.current
        if session is None:
            raise ValueError("a savepoint needs a transaction around it")
        self._session = session

    def __enter__(self) -> None:
        self._session.begin_savepoint()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._session.release_savepoint()
        else:
            self._session.rollback_savepoint()
