"""The tables, and the way from an older version of them to the present one."""

from collections.abc import Sequence

from flowproof.errors import StoreError

from .connection import Connection

__all__ = ["MIGRATIONS", "migrate"]

# What clients or snapshots choose freely is bytea, since PostgreSQL's text has no zero byte. Bodies are JSON that the
# database need not read. Ids sort as in SQLite, whatever the database's locale.
FIRST = """
CREATE TABLE flowproof.workspace (
    id text COLLATE "C" PRIMARY KEY, seed bytea NOT NULL, clock bytea NOT NULL, faults bytea NOT NULL,
    created_at text NOT NULL
);
CREATE TABLE flowproof.turn (
    workspace text COLLATE "C" PRIMARY KEY, exchanges bigint NOT NULL, revision bigint NOT NULL
) WITH (fillfactor = 50);
CREATE SEQUENCE flowproof.generation MAXVALUE 1000000000;
CREATE TABLE flowproof.credential (
    provider text COLLATE "C" NOT NULL, key bytea NOT NULL, workspace text COLLATE "C" NOT NULL, body bytea NOT NULL,
    PRIMARY KEY (provider, key)
);
CREATE INDEX credential_workspace ON flowproof.credential (workspace, provider, key);
CREATE TABLE flowproof.record (
    workspace text COLLATE "C" NOT NULL, provider text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL,
    key bytea NOT NULL, seq bigint GENERATED ALWAYS AS IDENTITY, body bytea NOT NULL,
    PRIMARY KEY (workspace, provider, kind, key)
);
CREATE INDEX record_newest ON flowproof.record (workspace, provider, kind, seq);
CREATE TABLE flowproof.task (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, workspace text COLLATE "C" NOT NULL,
    provider text COLLATE "C" NOT NULL, due_us bigint NOT NULL, name text NOT NULL, body bytea NOT NULL,
    rng_key text NOT NULL
);
CREATE INDEX task_due ON flowproof.task (workspace, due_us, seq);
CREATE SEQUENCE flowproof.server AS integer CYCLE;
CREATE TABLE flowproof.delivery (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, workspace text COLLATE "C" NOT NULL, id bytea NOT NULL,
    state text NOT NULL, due_us bigint NOT NULL, server integer, body bytea NOT NULL, UNIQUE (workspace, id)
);
CREATE INDEX delivery_pending ON flowproof.delivery (workspace, due_us, seq) WHERE state = 'pending';
CREATE INDEX delivery_sending ON flowproof.delivery (workspace) WHERE state = 'sending';
CREATE INDEX delivery_newest ON flowproof.delivery (workspace, seq);
CREATE TABLE flowproof.exchange (
    workspace text COLLATE "C" NOT NULL, number bigint NOT NULL, refused boolean NOT NULL, body bytea NOT NULL,
    PRIMARY KEY (workspace, number)
);
"""
SECOND = "CREATE INDEX exchange_refused ON flowproof.exchange (workspace, number) WHERE refused"
# Each entry leads from the version of its position to the next one. Entries are never changed, only added.
MIGRATIONS = (FIRST, SECOND)
LOCK = "SELECT pg_advisory_xact_lock(7000, 0)"  # servers that start at once migrate one after the other
PREPARE = (
    "CREATE SCHEMA IF NOT EXISTS flowproof;"
    "CREATE TABLE IF NOT EXISTS flowproof.version (id boolean PRIMARY KEY DEFAULT true, number integer NOT NULL);"
    "INSERT INTO flowproof.version (number) VALUES (0) ON CONFLICT DO NOTHING"
)


def migrate(connection: Connection, migrations: Sequence[str] = MIGRATIONS) -> None:
    """
    Bring the tables to the present version, in one transaction.

    Raises:
        StoreError: A newer Flowproof has made the tables.
    """
    with connection.transaction():
        connection.execute(LOCK)
        connection.execute(PREPARE)
        (version,) = connection.execute("SELECT number FROM flowproof.version").fetchone() or (0,)
        if version > len(migrations):
            raise StoreError(
                f"the database has the tables of a newer Flowproof: version {version}, and this one knows"
                f" {len(migrations)}; upgrade this server, or name another database"
            )
        for each in migrations[version:]:
            connection.execute(each.encode())
        connection.execute("UPDATE flowproof.version SET number = %s", (len(migrations),))
