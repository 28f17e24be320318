"""The tables of workspaces and of their credentials."""

from collections.abc import Sequence

from flowproof.errors import StoreConflict
from flowproof.kernel.state.rows import CredentialRow, WorkspaceRow

from .connection import Row
from .statements import Statement, key_from_bytes, key_to_bytes
from .transactions import TransactionBlock, Transactions

__all__ = ["PostgresCredentials", "PostgresWorkspaces"]

COLUMNS = "w.id, w.seed, w.clock, w.faults, w.created_at"
ADD = Statement("INSERT INTO flowproof.workspace VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING 1")
# A workspace that is made anew under an old id begins with a revision that the old one never had.
ADD_TURN = Statement(
    "INSERT INTO flowproof.turn VALUES ($1, 0, nextval('flowproof.generation') << 32) RETURNING revision"
)
GET = Statement(f"SELECT {COLUMNS} FROM flowproof.workspace w WHERE w.id = $1")
IDS = Statement("SELECT id FROM flowproof.workspace ORDER BY id LIMIT $1 OFFSET $2")
COUNT = Statement("SELECT count(*) FROM flowproof.workspace")
UPDATE = Statement("UPDATE flowproof.workspace SET seed = $2, clock = $3, faults = $4 WHERE id = $1")
CLEAR = [Statement(f"DELETE FROM flowproof.{each} WHERE workspace = $1") for each in ("record", "task", "delivery")]
DELETE = [
    *(Statement(f"DELETE FROM flowproof.{each} WHERE workspace = $1") for each in ("credential", "exchange", "turn")),
    Statement("DELETE FROM flowproof.workspace WHERE id = $1"),
]
ADD_KEY = Statement("INSERT INTO flowproof.credential VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1")
GET_KEY = Statement("SELECT body FROM flowproof.credential WHERE provider = $1 AND key = $2 AND workspace = $3")
KEYS = Statement("SELECT provider, key, workspace, body FROM flowproof.credential WHERE workspace = $1 ORDER BY 1, 2")
DELETE_KEY = Statement(
    "DELETE FROM flowproof.credential WHERE provider = $1 AND key = $2 AND workspace = $3 RETURNING 1"
)
OWNER = Statement("SELECT workspace FROM flowproof.credential WHERE provider = $1 AND key = $2")
WITHOUT = Statement(
    "SELECT id FROM flowproof.workspace w WHERE NOT EXISTS"
    " (SELECT 1 FROM flowproof.credential c WHERE c.workspace = w.id AND c.provider = $1)"
)


class PostgresWorkspaces:
    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def add(self, row: WorkspaceRow) -> None:
        with TransactionBlock(self._transactions) as session:
            seed = key_to_bytes(row.seed)
            if not session.read(ADD, row.id, seed, row.clock, row.faults, row.created_at):
                raise StoreConflict(f"workspace {row.id} exists already")
            session.made(row.id, session.read(ADD_TURN, row.id)[0][0])

    def get(self, workspace: str) -> WorkspaceRow | None:
        rows = self._transactions.read(workspace, GET, workspace)
        return _workspace(rows[0]) if rows else None

    def ids(self, *, limit: int, offset: int) -> list[str]:
        return [row[0] for row in self._transactions.read(None, IDS, limit, offset)]

    def count(self) -> int:
        return int(self._transactions.read(None, COUNT)[0][0])

    def update(self, row: WorkspaceRow) -> None:
        with TransactionBlock(self._transactions):
            self._transactions.mark(row.id)
            self._transactions.change(row.id)
            self._transactions.write(row.id, UPDATE, row.id, key_to_bytes(row.seed), row.clock, row.faults)

    def clear(self, workspace: str) -> None:
        with TransactionBlock(self._transactions):
            self._transactions.change(workspace, notify=True)
            for each in CLEAR:
                self._transactions.write(workspace, each, workspace)

    def delete(self, workspace: str) -> None:
        with TransactionBlock(self._transactions) as session:
            self.clear(workspace)
            for each in DELETE:
                self._transactions.write(workspace, each, workspace)
            session.deleted(workspace)


class PostgresCredentials:
    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def add(self, row: CredentialRow) -> None:
        key = key_to_bytes(row.key)
        with TransactionBlock(self._transactions):
            if not self._transactions.read(row.workspace, ADD_KEY, row.provider, key, row.workspace, row.body):
                raise StoreConflict(f"a credential of {row.provider} with that key exists already")
            self._transactions.change(row.workspace, notify=True)

    def get(self, workspace: str, provider: str, key: str) -> bytes | None:
        rows = self._transactions.read(workspace, GET_KEY, provider, key_to_bytes(key), workspace)
        return rows[0][0] if rows else None

    def of_workspace(self, workspace: str) -> Sequence[CredentialRow]:
        rows = self._transactions.read(workspace, KEYS, workspace)
        return [CredentialRow(provider, key_from_bytes(key), owner, body) for provider, key, owner, body in rows]

    def delete(self, workspace: str, provider: str, key: str) -> bool:
        with TransactionBlock(self._transactions):
            rows = self._transactions.read(workspace, DELETE_KEY, provider, key_to_bytes(key), workspace)
            if rows:
                self._transactions.change(workspace, notify=True)
        return bool(rows)

    def owner(self, provider: str, key: str) -> str | None:
        with TransactionBlock(self._transactions) as session:
            cache = self._transactions.cache
            hint = cache.owner(provider, key)
            claim = session.claimed(hint) if hint is not None else None
            if hint is not None and (claim is None or (claim.cached and (provider, key) in claim.cached.keys)):
                return hint
            rows = session.read(OWNER, provider, key_to_bytes(key))
            owner: str | None = rows[0][0] if rows else None
            claim = session.claimed(owner) if owner is not None else None
            if owner is not None and claim is not None and claim.cached is not None and not claim.is_changed:
                cache.set_owner(claim.cached, provider, key, owner)
            return owner

    def workspaces_without(self, provider: str) -> Sequence[str]:
        return [row[0] for row in self._transactions.read(None, WITHOUT, provider)]


def _workspace(row: Row) -> WorkspaceRow:
    return WorkspaceRow(row[0], key_from_bytes(row[1]), *row[2:])
