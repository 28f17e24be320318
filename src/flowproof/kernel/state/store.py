"""
Where every workspace's state lives: one SQLite database, in memory or a file, one transaction a request.

Nothing outside this module and that of the exchanges writes SQL, and nothing keeps a reference into the state: values
go in and come out as JSON. The interface is small so that another database can take its place.
"""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from flowproof.errors import StoreError

from .database import IN_MEMORY, Database
from .exchanges import Exchanges, exchanges_of

__all__ = ["SEED", "CredentialRow", "DeliveryRow", "Store", "TaskRow", "WorkspaceRow"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS workspace (
    id TEXT PRIMARY KEY, seed TEXT NOT NULL, clock BLOB NOT NULL, faults BLOB NOT NULL, exchanges INTEGER NOT NULL,
    created_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS credential (
    provider TEXT NOT NULL, key TEXT NOT NULL, workspace TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (provider, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS credential_workspace ON credential (workspace);
CREATE TABLE IF NOT EXISTS shelf (
    id INTEGER PRIMARY KEY, workspace TEXT NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL,
    UNIQUE (workspace, provider, kind)
);
CREATE TABLE IF NOT EXISTS record (
    seq INTEGER PRIMARY KEY, shelf INTEGER NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (shelf, id)
);
CREATE INDEX IF NOT EXISTS record_newest ON record (shelf);
CREATE TABLE IF NOT EXISTS task (
    seq INTEGER PRIMARY KEY, workspace TEXT NOT NULL, provider TEXT NOT NULL, due_us INTEGER NOT NULL,
    name TEXT NOT NULL, body BLOB NOT NULL, moment TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS task_due ON task (workspace, due_us, seq);
CREATE TABLE IF NOT EXISTS delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, workspace TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL,
    due_us INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (workspace, id)
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (workspace, state, due_us, seq);
CREATE INDEX IF NOT EXISTS delivery_newest ON delivery (workspace, seq);
CREATE TABLE IF NOT EXISTS exchange (
    workspace TEXT NOT NULL, number INTEGER NOT NULL, refused INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (workspace, number)
) WITHOUT ROWID;
"""
SEED = "seed"  # the kind of record that holds a workspace's own seed data
NOTHING: Mapping[str, int] = MappingProxyType({})


class WorkspaceRow(NamedTuple):
    """A workspace as the store keeps it; ``clock`` and ``faults`` are JSON."""

    id: str
    seed: str
    clock: bytes
    faults: bytes
    created_at: str


class CredentialRow(NamedTuple):
    """A credential as the store keeps it; ``body`` is JSON and holds the secret."""

    provider: str
    key: str
    workspace: str
    body: bytes


class TaskRow(NamedTuple):
    """Something that is due at a moment of the workspace's clock; ``moment`` is what its chance is drawn from."""

    seq: int
    workspace: str
    provider: str
    due_us: int
    name: str
    body: bytes
    rng_key: str


class DeliveryRow(NamedTuple):
    """A delivery that was taken out to be sent; no other ever has the same ``seq``, whatever its id."""

    seq: int
    value: Any


class Store(Database):
    """
    The one owner of mutable state.

    Args:
        location: ``:memory:``, or the path of a SQLite file that is made when it is missing.

    Raises:
        StoreError: The file cannot be opened, or is no database of ours.
    """

    def __init__(self, location: str = IN_MEMORY) -> None:
        super().__init__(location, SCHEMA)
        self.exchanges: Exchanges = exchanges_of(self)
        self._touched: dict[str, int] = {}

    def undone(self) -> None:
        """Take back the numbers of exchanges that were counted in a transaction which is undone."""
        self.exchanges.undo()

    def begun(self) -> None:
        """Let the numbers of exchanges stand that were counted before."""
        self.exchanges.settle()

    def take_touched(self) -> Mapping[str, int]:
        """
        The workspaces whose clock, tasks or deliveries have changed since this was asked last.

        Returns:
            For each the first moment at which something may be due by that, in microseconds since 1970; 0 is now.
        """
        if not self._touched:
            return NOTHING
        touched, self._touched = self._touched, {}
        return touched

    def _touch(self, workspace: str, due_us: int = 0) -> None:
        self._touched[workspace] = min(due_us, self._touched.get(workspace, due_us))

    # Workspaces

    def add_workspace(self, row: WorkspaceRow) -> None:
        """
        Keep a new workspace.

        Raises:
            StoreError: One with that id is there already.
        """
        try:
            with self.changing():
                self.write("INSERT INTO workspace VALUES (?, ?, ?, ?, 0, ?)", row)
        except sqlite3.IntegrityError as error:
            raise StoreError(f"workspace {row.id} exists already") from error

    def workspace(self, workspace: str) -> WorkspaceRow | None:
        """The workspace of that id."""
        row = self.read(
            "SELECT id, seed, clock, faults, created_at FROM workspace WHERE id = ?", (workspace,)
        ).fetchone()
        return WorkspaceRow(*row) if row else None

    def workspace_of(self, provider: str, key: str) -> WorkspaceRow | None:
        """The workspace to which a provider's credential belongs."""
        row = self.read(
            "SELECT w.id, w.seed, w.clock, w.faults, w.created_at FROM credential c"
            " JOIN workspace w ON w.id = c.workspace WHERE c.provider = ? AND c.key = ?",
            (provider, key),
        ).fetchone()
        return WorkspaceRow(*row) if row else None

    def workspace_ids(self, *, limit: int, offset: int) -> list[str]:
        """Ids in alphabetical order."""
        rows = self.read("SELECT id FROM workspace ORDER BY id LIMIT ? OFFSET ?", (limit, offset))
        return [row[0] for row in rows]

    def count_workspaces(self) -> int:
        """How many workspaces there are."""
        return int(self.read("SELECT count(*) FROM workspace").fetchone()[0])

    def update_workspace(self, row: WorkspaceRow) -> None:
        """Replace what is kept of a workspace, but for its count of exchanges, which only goes up."""
        self._touch(row.id)
        with self.changing():
            self.write(
                "UPDATE workspace SET seed = ?, clock = ?, faults = ? WHERE id = ?",
                (row.seed, row.clock, row.faults, row.id),
            )

    def delete_workspace(self, workspace: str) -> None:
        """Forget a workspace and everything in it."""
        with self.changing():
            self.clear(workspace)
            self.write("DELETE FROM credential WHERE workspace = ?", (workspace,))
            self.exchanges.forget(workspace)
            self.write("DELETE FROM workspace WHERE id = ?", (workspace,))

    def clear(self, workspace: str) -> None:
        """Forget the records, the tasks and the deliveries of a workspace."""
        with self.changing():
            self.write("DELETE FROM record WHERE shelf IN (SELECT id FROM shelf WHERE workspace = ?)", (workspace,))
            self.write("DELETE FROM shelf WHERE workspace = ?", (workspace,))
            self.write("DELETE FROM task WHERE workspace = ?", (workspace,))
            self.write("DELETE FROM delivery WHERE workspace = ?", (workspace,))

    # Credentials

    def add_credential(self, row: CredentialRow) -> None:
        """
        Keep a credential.

        Raises:
            StoreError: The key is taken.
        """
        try:
            with self.changing():
                self.write("INSERT INTO credential VALUES (?, ?, ?, ?)", row)
        except sqlite3.IntegrityError as error:
            raise StoreError(f"a credential of {row.provider} with that key exists already") from error

    def credential(self, workspace: str, provider: str, key: str) -> bytes | None:
        """The JSON of a workspace's credential."""
        row = self.read(
            "SELECT body FROM credential WHERE provider = ? AND key = ? AND workspace = ?", (provider, key, workspace)
        ).fetchone()
        return bytes(row[0]) if row else None

    def workspaces_without(self, provider: str) -> list[str]:
        """The workspaces that have no credential of a provider, as one that is new to a state file."""
        rows = self.read(
            "SELECT id FROM workspace WHERE id NOT IN (SELECT workspace FROM credential WHERE provider = ?)",
            (provider,),
        )
        return [row[0] for row in rows]

    def delete_credential(self, workspace: str, provider: str, key: str) -> bool:
        """Forget a credential; False when the workspace had none of that key."""
        with self.changing():
            rows = self.write(
                "DELETE FROM credential WHERE provider = ? AND key = ? AND workspace = ?", (provider, key, workspace)
            )
        return rows.rowcount > 0

    def credentials(self, workspace: str) -> list[CredentialRow]:
        """All credentials of a workspace."""
        rows = self.read("SELECT * FROM credential WHERE workspace = ? ORDER BY provider, key", (workspace,))
        return [CredentialRow(*row) for row in rows]

    # Records, each on the shelf of its workspace, provider and kind

    def _shelf(self, workspace: str, provider: str, kind: str) -> int | None:
        """The number of a shelf; None where nothing was ever put on it."""
        key = ("shelf", workspace, provider, kind)
        found: int | None = self.recall(key)
        if found is None:
            rows = self.read("SELECT id FROM shelf WHERE workspace = ? AND provider = ? AND kind = ?", key[1:])
            row = rows.fetchone()
            found = self.remember(key, int(row[0])) if row else None
        return found

    def _made_shelf(self, workspace: str, provider: str, kind: str) -> int:
        """The number of a shelf, which is made where it is missing."""
        found = self._shelf(workspace, provider, kind)
        if found is not None:
            return found
        made = self.write("INSERT INTO shelf (workspace, provider, kind) VALUES (?, ?, ?)", (workspace, provider, kind))
        self.forget_if_undone()
        return self.remember(("shelf", workspace, provider, kind), int(made.lastrowid or 0))

    def get(self, workspace: str, provider: str, kind: str, key: str) -> Any:
        """The record of that kind and id, or None."""
        place = (self._shelf(workspace, provider, kind), key)
        row = self.read("SELECT body FROM record WHERE shelf = ? AND id = ?", place).fetchone()
        return orjson.loads(row[0]) if row else None

    def _changing(self, kind: str) -> AbstractContextManager[None]:
        """Around the change of a record: of those only seed data may be remembered."""
        return self.changing() if kind == SEED else nullcontext()

    def has(self, workspace: str, provider: str, kind: str, key: str) -> bool:
        """Whether there is a record of that kind and id."""
        place = (self._shelf(workspace, provider, kind), key)
        return self.read("SELECT 1 FROM record WHERE shelf = ? AND id = ?", place).fetchone() is not None

    def put(self, workspace: str, provider: str, kind: str, key: str, value: Any) -> None:
        """Keep a record; one that was there keeps its place in the order."""
        with self._changing(kind):
            self.write(
                "INSERT INTO record (shelf, id, body) VALUES (?, ?, ?)"
                " ON CONFLICT (shelf, id) DO UPDATE SET body = excluded.body",
                (self._made_shelf(workspace, provider, kind), key, orjson.dumps(value)),
            )

    def count_up(self, workspace: str, provider: str, kind: str, key: str) -> int:
        """Add one to the record of that kind and id, which is a number, or begin with one; returns what it then is."""
        rows = self.write(
            "INSERT INTO record (shelf, id, body) VALUES (?, ?, '1')"
            " ON CONFLICT (shelf, id) DO UPDATE SET body = CAST(body + 1 AS TEXT) RETURNING body",
            (self._made_shelf(workspace, provider, kind), key),
        )
        return int(rows.fetchall()[0][0])

    def delete(self, workspace: str, provider: str, kind: str, key: str) -> bool:
        """Forget a record; False when there was none."""
        with self._changing(kind):
            place = (self._shelf(workspace, provider, kind), key)
            return self.write("DELETE FROM record WHERE shelf = ? AND id = ?", place).rowcount > 0

    def newest(self, workspace: str, provider: str, kind: str, *, limit: int, offset: int) -> Sequence[Any]:
        """Records of a kind, the newest first."""
        rows = self.read(
            "SELECT body FROM record WHERE shelf = ? ORDER BY seq DESC LIMIT ? OFFSET ?",
            (self._shelf(workspace, provider, kind), limit, offset),
        )
        return [orjson.loads(row[0]) for row in rows]

    def count(self, workspace: str, provider: str, kind: str) -> int:
        """How many records of a kind there are."""
        shelf = self._shelf(workspace, provider, kind)
        return int(self.read("SELECT count(*) FROM record WHERE shelf = ?", (shelf,)).fetchone()[0])

    def records(self, workspace: str) -> Iterator[tuple[str, str, str, Any]]:
        """Every record of a workspace as provider, kind, id and value, the oldest first."""
        rows = self.read(
            "SELECT s.provider, s.kind, r.id, r.body FROM shelf s JOIN record r ON r.shelf = s.id"
            " WHERE s.workspace = ? ORDER BY r.seq",
            (workspace,),
        )
        return ((provider, kind, key, orjson.loads(body)) for provider, kind, key, body in rows)

    # Tasks

    def add_task(self, workspace: str, provider: str, due_us: int, name: str, value: Any, *, rng_key: str) -> None:
        """Have something done when the workspace's clock reaches a moment, in microseconds since 1970."""
        self._touch(workspace, due_us)
        self.write(
            "INSERT INTO task (workspace, provider, due_us, name, body, moment) VALUES (?, ?, ?, ?, ?, ?)",
            (workspace, provider, due_us, name, orjson.dumps(value), rng_key),
        )

    def take_due_task(self, workspace: str, until_us: int, providers: Collection[str]) -> TaskRow | None:
        """The first task of these providers due by that moment, which is then no longer kept."""
        due = "SELECT * FROM task WHERE workspace = ? AND due_us <= ? ORDER BY due_us, seq"
        row = self.read(f"{due} LIMIT 1", (workspace, until_us)).fetchone()
        if row is not None and TaskRow(*row).provider not in providers:  # left by a server that had more of them
            row = next((each for each in self.read(due, (workspace, until_us)) if each[2] in providers), None)
        if row is None:
            return None
        self.write("DELETE FROM task WHERE seq = ?", row[:1])
        return TaskRow(*row)

    def tasks(self, workspace: str) -> list[TaskRow]:
        """Everything that a workspace still has to do, in the order in which it is due."""
        rows = self.read("SELECT * FROM task WHERE workspace = ? ORDER BY due_us, seq", (workspace,))
        return [TaskRow(*row) for row in rows]

    # Outbox

    def add_delivery(self, workspace: str, delivery: str, due_us: int, value: Any, *, state: str = "pending") -> None:
        """
        Keep a delivery, which by default waits for its moment.

        Raises:
            StoreError: The workspace has one of that id.
        """
        self._touch(workspace, due_us)
        try:
            self.write(
                "INSERT INTO delivery (workspace, id, state, due_us, body) VALUES (?, ?, ?, ?, ?)",
                (workspace, delivery, state, due_us, orjson.dumps(value)),
            )
        except sqlite3.IntegrityError as error:
            raise StoreError(f"workspace {workspace} has a delivery {delivery} already") from error

    def take_due_delivery(self, workspace: str, until_us: int) -> DeliveryRow | None:
        """
        The first delivery that is due by that moment, which is then being sent.

        None as long as another of the workspace is being sent, by whichever process: so they stay in order.
        """
        rows = self.write(
            "UPDATE delivery SET state = 'sending' WHERE seq = (SELECT seq FROM delivery WHERE workspace = ?1"
            " AND state = 'pending' AND due_us <= ?2"
            " AND NOT EXISTS (SELECT 1 FROM delivery WHERE workspace = ?1 AND state = 'sending')"
            " ORDER BY due_us, seq LIMIT 1) RETURNING seq, body",
            (workspace, until_us),
        ).fetchall()
        return DeliveryRow(int(rows[0][0]), orjson.loads(rows[0][1])) if rows else None

    def is_sending(self, seq: int) -> bool:
        """Whether a delivery that was taken is still there, and still being sent."""
        return self.read("SELECT 1 FROM delivery WHERE seq = ? AND state = 'sending'", (seq,)).fetchone() is not None

    def update_delivery(self, seq: int, state: str, due_us: int, value: Any) -> None:
        """Keep a delivery as it is after an attempt."""
        self.write(
            "UPDATE delivery SET state = ?, due_us = ?, body = ? WHERE seq = ?",
            (state, due_us, orjson.dumps(value), seq),
        )

    def put_back_delivery(self, seq: int) -> None:
        """Let a delivery that was taken wait again."""
        self.write("UPDATE delivery SET state = 'pending' WHERE seq = ? AND state = 'sending'", (seq,))

    def delivery(self, workspace: str, delivery: str) -> Any:
        """One delivery by its id, or None."""
        rows = self.read("SELECT body, state FROM delivery WHERE workspace = ? AND id = ?", (workspace, delivery))
        row = rows.fetchone()
        return {**orjson.loads(row[0]), "state": row[1]} if row else None

    def deliveries(self, workspace: str, *, limit: int = -1) -> Sequence[Any]:
        """The last deliveries of a workspace, in the order in which they were wanted."""
        rows = self.read(
            "SELECT body, state FROM delivery WHERE workspace = ? ORDER BY seq DESC LIMIT ?", (workspace, limit)
        )
        return [{**orjson.loads(body), "state": state} for body, state in reversed(rows.fetchall())]

    def forget_deliveries(self, workspace: str, *, keep: int) -> None:
        """Forget what was delivered or given up, but for the last ``keep`` deliveries."""
        self.write(
            "DELETE FROM delivery WHERE workspace = ?1 AND state IN ('delivered', 'failed') AND seq <="
            " (SELECT seq FROM delivery WHERE workspace = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
            (workspace, keep),
        )

    def recall_deliveries(self) -> None:
        """What was being sent when the server went down waits again."""
        self.write("UPDATE delivery SET state = 'pending' WHERE state = 'sending'")

    def is_settled(self, workspace: str, at_us: int) -> bool:
        """Whether nothing of a workspace is being sent, or due by that moment."""
        found = self.read(
            "SELECT EXISTS (SELECT 1 FROM delivery WHERE workspace = ?1 AND state = 'sending')"
            " OR EXISTS (SELECT 1 FROM delivery WHERE workspace = ?1 AND state = 'pending' AND due_us <= ?2)",
            (workspace, at_us),
        )
        return not found.fetchone()[0]

    def next_due(self, workspace: str) -> int | None:
        """
        When a workspace's next task or delivery is due, in microseconds since 1970.

        While a delivery is being sent no other counts: whoever sends it will look after the next.
        """
        row = self.read(
            "SELECT min(due_us) FROM (SELECT min(due_us) AS due_us FROM task WHERE workspace = ?1 UNION ALL"
            " SELECT min(due_us) FROM delivery WHERE workspace = ?1 AND state = 'pending'"
            " AND NOT EXISTS (SELECT 1 FROM delivery WHERE workspace = ?1 AND state = 'sending'))",
            (workspace,),
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def workspaces_with_work(self) -> list[str]:
        """The workspaces that have something to do or to deliver."""
        rows = self.read("SELECT workspace FROM task UNION SELECT workspace FROM delivery WHERE state = 'pending'")
        return [row[0] for row in rows]
