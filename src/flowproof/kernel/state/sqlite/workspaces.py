"""The tables of workspaces and of their credentials."""

from collections.abc import Sequence

from flowproof.errors import StoreConflict
from flowproof.kernel.state.memory_exchanges import MemoryExchanges
from flowproof.kernel.state.rows import CredentialRow, WorkspaceRow

from .database import Database
from .dirty import DirtyWorkspaces
from .exchanges import SqliteExchanges

__all__ = ["SCHEMA", "SqliteCredentials", "SqliteWorkspaces"]

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
"""


class SqliteWorkspaces:
    def __init__(
        self, database: Database, dirty: DirtyWorkspaces, exchanges: MemoryExchanges | SqliteExchanges
    ) -> None:
        self._database = database
        self._dirty = dirty
        self._exchanges = exchanges

    def add(self, row: WorkspaceRow) -> None:
        with self._database.invalidating():
            added = self._database.write(
                "INSERT INTO workspace VALUES (?, ?, ?, ?, 0, ?) ON CONFLICT DO NOTHING", row
            ).rowcount
        if not added:
            raise StoreConflict(f"workspace {row.id} exists already")

    def get(self, workspace: str) -> WorkspaceRow | None:
        row = self._database.read(
            "SELECT id, seed, clock, faults, created_at FROM workspace WHERE id = ?", (workspace,)
        ).fetchone()
        return WorkspaceRow(*row) if row else None

    def ids(self, *, limit: int, offset: int) -> list[str]:
        rows = self._database.read("SELECT id FROM workspace ORDER BY id LIMIT ? OFFSET ?", (limit, offset))
        return [row[0] for row in rows]

    def count(self) -> int:
        return int(self._database.read("SELECT count(*) FROM workspace").fetchone()[0])

    def update(self, row: WorkspaceRow) -> None:
        self._dirty.mark(row.id)
        with self._database.invalidating():
            self._database.write(
                "UPDATE workspace SET seed = ?, clock = ?, faults = ? WHERE id = ?",
                (row.seed, row.clock, row.faults, row.id),
            )

    def clear(self, workspace: str) -> None:
        with self._database.invalidating():
            self._database.write(
                "DELETE FROM record WHERE collection IN (SELECT id FROM collection WHERE workspace = ?)", (workspace,)
            )
            for table in ("collection", "task", "delivery"):
                self._database.write(f"DELETE FROM {table} WHERE workspace = ?", (workspace,))  # noqa: S608 (our own)

    def delete(self, workspace: str) -> None:
        with self._database.invalidating():
            self.clear(workspace)
            self._database.write("DELETE FROM credential WHERE workspace = ?", (workspace,))
            self._exchanges.delete(workspace)
            self._database.write("DELETE FROM workspace WHERE id = ?", (workspace,))


class SqliteCredentials:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, row: CredentialRow) -> None:
        with self._database.invalidating():
            added = self._database.write(
                "INSERT INTO credential VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", row
            ).rowcount
        if not added:
            raise StoreConflict(f"a credential of {row.provider} with that key exists already")

    def get(self, workspace: str, provider: str, key: str) -> bytes | None:
        row = self._database.read(
            "SELECT body FROM credential WHERE provider = ? AND key = ? AND workspace = ?", (provider, key, workspace)
        ).fetchone()
        return bytes(row[0]) if row else None

    def of_workspace(self, workspace: str) -> Sequence[CredentialRow]:
        rows = self._database.read("SELECT * FROM credential WHERE workspace = ? ORDER BY provider, key", (workspace,))
        return [CredentialRow(*row) for row in rows]

    def delete(self, workspace: str, provider: str, key: str) -> bool:
        with self._database.invalidating():
            rows = self._database.write(
                "DELETE FROM credential WHERE provider = ? AND key = ? AND workspace = ?", (provider, key, workspace)
            )
        return rows.rowcount > 0

    def owner(self, provider: str, key: str) -> str | None:
        def read() -> str | None:
            row = self._database.read(
                "SELECT workspace FROM credential WHERE provider = ? AND key = ?", (provider, key)
            ).fetchone()
            return row[0] if row else None

        return self._database.cache.get_or_read(("owner", provider, key), read)

    def workspaces_without(self, provider: str) -> Sequence[str]:
        rows = self._database.read(
            "SELECT id FROM workspace WHERE id NOT IN (SELECT workspace FROM credential WHERE provider = ?)",
            (provider,),
        )
        return [row[0] for row in rows]
