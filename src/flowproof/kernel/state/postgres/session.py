"""
A transaction: the workspaces that it has claimed, the statements that it has not sent yet, its savepoints.

Statements whose result nobody needs are sent with the next one whose result is needed, or with the commit. So a request
takes a round trip for its claim, one for each value that it reads, and one for all that it writes and the commit.
"""

from dataclasses import dataclass
from itertools import islice

from flowproof.errors import StoreError

from .cache import Cache, CachedWorkspace
from .connection import Connection, DatabaseAway, DatabaseSilent, Row
from .gates import Gates
from .pool import Pool
from .statements import Encoded, Statement, Value, encoded

__all__ = ["Claim", "Session"]

BEGIN, COMMIT, ROLLBACK = Statement("BEGIN"), Statement("COMMIT"), Statement("ROLLBACK")
CLAIM = Statement("SELECT exchanges, revision FROM flowproof.turn WHERE workspace = $1 FOR UPDATE")
# One row whose last column tells a workspace that somebody else has from one that is not there.
TRY_CLAIM = Statement(
    "SELECT mine.exchanges, mine.revision, EXISTS (SELECT 1 FROM flowproof.turn WHERE workspace = $1)"
    " FROM (VALUES (1)) AS one LEFT JOIN LATERAL"
    " (SELECT exchanges, revision FROM flowproof.turn WHERE workspace = $1 FOR UPDATE SKIP LOCKED) AS mine ON true"
)
END_TURN = Statement("UPDATE flowproof.turn SET exchanges = $2, revision = $3 WHERE workspace = $1")
# The workspace is released before the disk has what was done, so that transactions on one workspace share a wait for
# the disk. The transaction after it, which writes nothing but a message into the log, ends when the disk has all that
# came before it. (One without a message would not wait: RecordTransactionCommit in PostgreSQL's xact.c.)
EARLY = Statement("SET LOCAL synchronous_commit TO off")
ON_DISK = Statement("SELECT pg_logical_emit_message(true, 'flowproof', '')")
NOTIFY = Statement("SELECT pg_notify('flowproof', $1)")
RETRIES = 20  # of a first statement on connections that turn out to be lost


@dataclass(slots=True)
class Claim:
    """
    A workspace that the transaction has for itself.

    Args:
        exchanges: How many it has had.
        revision: Counts the changes by which cached values go stale; None where there is no such workspace.
        cached: What is cached of it; None where nothing may be.
        is_counted: ``exchanges`` has changed.
        is_changed: Cached values have gone stale.
        is_notified: Other servers are to drop what they have cached.
        is_new: The transaction itself has made or deleted the workspace.
    """

    exchanges: int = 0
    revision: int | None = None
    cached: CachedWorkspace | None = None
    is_counted: bool = False
    is_changed: bool = False
    is_notified: bool = False
    is_new: bool = False


@dataclass(slots=True)
class Savepoint:
    """
    Args:
        name: Of the savepoint.
        start: How many statements were pending when it began.
        claims: How many workspaces were claimed when it began; the locks of later ones are lost when it is undone.
        is_sent: PostgreSQL knows of it.
    """

    name: str
    start: int
    claims: int
    is_sent: bool = False


class Session:
    """
    One transaction of one thread.

    Args:
        pool: Where its connection comes from, with the first statement.
        cache: Of the process.
        gates: Of the process.
        server: The server's number.
    """

    def __init__(self, pool: Pool, cache: Cache, gates: Gates, server: int) -> None:
        self._server = server
        self.dirty: dict[str, int] = {}
        self._pool = pool
        self._cache = cache
        self._gates = gates
        self._entered: set[str] = set()  # workspaces whose gates it has entered
        self._connection: Connection | None = None
        self._claims: dict[str, Claim] = {}
        self._pending: list[tuple[Statement, Encoded]] = []
        self._savepoints: list[Savepoint] = []

    # Claims

    def claim(self, workspace: str) -> Claim:
        """Have a workspace for this transaction alone until it ends, whoever has it now."""
        found = self._claims.get(workspace)
        if found is None:
            if workspace not in self._entered and self._gates.enter(workspace):
                self._entered.add(workspace)
            rows = self.read(CLAIM, workspace)
            found = self._claimed(workspace, rows[0] if rows else None)
        return found

    def try_claim(self, workspace: str) -> bool:
        """Do so unless somebody else has it now; False where that is so."""
        if workspace not in self._claims:
            exchanges, revision, is_there = self.read(TRY_CLAIM, workspace)[0]
            if revision is None and is_there:
                return False
            self._claimed(workspace, None if revision is None else (exchanges, revision))
        return True

    def claimed(self, workspace: str) -> Claim | None:
        return self._claims.get(workspace)

    def made(self, workspace: str, revision: int) -> None:
        """The transaction has made the workspace, which others do not see yet."""
        self._claims[workspace] = Claim(0, revision, is_new=True)

    def deleted(self, workspace: str) -> None:
        """The transaction has deleted the workspace."""
        self._claims[workspace] = Claim(is_new=True, is_changed=True, is_notified=True)

    def _claimed(self, workspace: str, row: Row | None) -> Claim:
        claim = Claim() if row is None else Claim(row[0], row[1], self._cache.at(workspace, row[1]))
        self._claims[workspace] = claim
        return claim

    def change(self, workspace: str, *, notify: bool = False) -> None:
        """What is cached of a workspace goes stale."""
        claim = self.claim(workspace)
        claim.is_changed = True
        claim.is_notified = claim.is_notified or notify
        if claim.revision is not None:
            claim.cached = CachedWorkspace(claim.revision + 1)

    # Statements

    def read(self, statement: Statement, *values: Value) -> list[Row]:
        """Run a statement and all that are pending, in one round trip; returns the statement's rows."""
        step = (statement, encoded(values))
        if self._connection is None:
            return self._begin(step)
        return self._flush(step)

    def read_alone(self, statement: Statement, *values: Value) -> list[Row]:
        """Run one statement that changes nothing, without a transaction around it."""
        try:
            return self._begin((statement, encoded(values)), begins=False)
        finally:
            self._give_back()

    def write(self, statement: Statement, *values: Value) -> None:
        """Run a statement with the next round trip, after a first statement that was read."""
        self._pending.append((statement, encoded(values)))

    def _begin(self, step: tuple[Statement, Encoded], *, begins: bool = True) -> list[Row]:
        """Nothing has happened yet, so a connection that is found to be lost is replaced by another one."""
        for _ in range(RETRIES):
            self._connection = self._pool.take()
            try:
                return self._flush(step, begins=begins)
            except DatabaseSilent:
                raise
            except DatabaseAway:
                self._give_back()
        raise DatabaseAway("the database cannot be reached")

    def _flush(self, *last: tuple[Statement, Encoded], begins: bool = False) -> list[Row]:
        if self._connection is None:
            raise DatabaseAway("the database cannot be reached")
        steps = [(BEGIN, encoded(()))] if begins else []
        done = 0
        for savepoint in self._savepoints:
            if not savepoint.is_sent and (savepoint.start < len(self._pending) or last[0][0].writes):
                steps += self._pending[done : savepoint.start]
                done = savepoint.start
                steps.append((Statement(f"SAVEPOINT {savepoint.name}"), encoded(())))
                savepoint.is_sent = True
        steps += [*self._pending[done:], *last]
        self._pending.clear()
        for savepoint in self._savepoints:
            savepoint.start = 0
        return self._connection.run(steps)

    # Savepoints

    def begin_savepoint(self) -> None:
        name = f"part_{len(self._savepoints)}"
        self._savepoints.append(Savepoint(name, len(self._pending), len(self._claims)))

    def release_savepoint(self) -> None:
        savepoint = self._savepoints.pop()
        if savepoint.is_sent:
            self.write(Statement(f"RELEASE {savepoint.name}"))

    def rollback_savepoint(self) -> None:
        savepoint = self._savepoints.pop()
        del self._pending[savepoint.start :]
        if savepoint.is_sent:
            self.write(Statement(f"ROLLBACK TO {savepoint.name}"))
            self.write(Statement(f"RELEASE {savepoint.name}"))
        self._forget()
        if savepoint.is_sent:
            before = dict(islice(self._claims.items(), savepoint.claims))
            self._claims = {workspace: claim for workspace, claim in before.items() if not claim.is_new}

    def _forget(self) -> None:
        """What was read since a change may be what was undone."""
        for claim in self._claims.values():
            if claim.cached is not None and claim.is_changed:
                claim.cached = CachedWorkspace(claim.cached.revision)

    # The end

    def commit(self) -> None:
        """
        Keep everything.

        Raises:
            StoreError: Nothing, or it is not known whether anything, was kept.
        """
        if self._connection is None:
            self._leave_gates()
            return
        try:
            self._end_turns()
            self._leave_gates()  # the next one waits for the commit in the database, and not for the disk
            self._flush((COMMIT, encoded(())), (ON_DISK, encoded(())))
        except BaseException:
            self.rollback()
            raise
        for workspace, claim in self._claims.items():
            if claim.is_changed:
                self._cache.put(workspace, claim.cached)
        self._give_back()

    def _end_turns(self) -> None:
        self.write(EARLY)
        for workspace, claim in self._claims.items():
            if claim.revision is not None and (claim.is_counted or claim.is_changed):
                self.write(END_TURN, workspace, claim.exchanges, claim.revision + claim.is_changed)
            if claim.is_notified:
                self.write(NOTIFY, f"{self._server} {workspace}")

    def rollback(self) -> None:
        """Undo everything."""
        self._leave_gates()
        self._pending.clear()
        self._savepoints.clear()
        self._forget()
        if self._connection is not None and not self._connection.closed:
            try:
                self._connection.run([(ROLLBACK, encoded(()))])
            except StoreError:
                self._connection.close()
        self._give_back()

    def _leave_gates(self) -> None:
        while self._entered:
            self._gates.leave(self._entered.pop())

    def _give_back(self) -> None:
        if self._connection is not None:
            self._pool.give_back(self._connection)
            self._connection = None
