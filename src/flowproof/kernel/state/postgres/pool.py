"""The connections of a process: as many as threads use at once, replaced when they are lost."""

from collections.abc import Callable
from typing import Any

from psycopg import Error, OperationalError, ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from flowproof.errors import StoreError

from .connection import Connection, DatabaseAway
from .statements import Statement, encoded

__all__ = ["Pool", "connection_string"]

SETTINGS: dict[str, Any] = {
    "connect_timeout": 3,  # s
    "keepalives_idle": 5,  # s
    "keepalives_interval": 2,  # s
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # ms
    "application_name": "flowproof",
}
# A server that was cut off in the middle of a transaction must not keep its workspace for ever. Waiting for a workspace
# ends before the client of the request gives up.
SESSION_SETTINGS = tuple(
    Statement(f"SET {name} = '{value}'")
    for name, value in {
        "idle_in_transaction_session_timeout": "10s",
        "lock_timeout": "8s",
        "statement_timeout": "9s",
        "client_min_messages": "warning",
    }.items()
)
TAKE_TIMEOUT_S = 2.0
TAKE_TIMEOUT_WHILE_AWAY_S = 0.05  # once a request has waited in vain, the next ones do not wait behind it
RECONNECT_FOR_S = 8.0  # with pauses that double; then the next request has it tried again


def connection_string(url: str) -> str:
    """
    The URL with our settings where it has none of its own.

    Raises:
        StoreError: It is no URL of a PostgreSQL database. The message does not show it, since it may hold a password.
    """
    try:
        given = conninfo_to_dict(url)
    except ProgrammingError:
        raise StoreError(
            "the address of the database cannot be read; write postgresql://USER@HOST:PORT/DATABASE"
        ) from None
    return make_conninfo(**{**SETTINGS, **given})


class Pool:
    """
    Connections to one database.

    Args:
        conninfo: As :func:`connection_string` makes it.
        size: How many at most.

    """

    def __init__(self, conninfo: str, *, size: int) -> None:
        self._pool = ConnectionPool(
            conninfo,
            connection_class=Connection,
            kwargs={"autocommit": True},
            min_size=1,
            max_size=size,
            open=False,
            configure=_configure,
            timeout=TAKE_TIMEOUT_S,
            reconnect_timeout=RECONNECT_FOR_S,
            name="flowproof",
        )
        self._conninfo = conninfo
        self._is_away = False

    def open(self, step: Callable[[Connection], None]) -> None:
        """
        Reach the database, do the first thing there, and open the pool.

        Raises:
            StoreError: It is not reached, or the step fails.
        """
        try:
            with Connection.connect(self._conninfo, autocommit=True) as connection:
                step(connection)
        except OperationalError as error:
            raise DatabaseAway(f"the database cannot be reached: {' '.join(str(error).split())}") from error
        except Error as error:
            raise StoreError(f"the tables cannot be made: {' '.join(str(error).split())}") from error
        self._pool.open()

    def take(self) -> Connection:
        """
        A connection for this thread alone.

        Raises:
            DatabaseAway: There is none in time.
        """
        try:
            connection = self._pool.getconn(TAKE_TIMEOUT_WHILE_AWAY_S if self._is_away else TAKE_TIMEOUT_S)
        except PoolTimeout as error:
            self._is_away = True
            raise DatabaseAway("the database cannot be reached") from error
        self._is_away = False
        return connection

    def give_back(self, connection: Connection) -> None:
        connection.end_pipeline()
        self._pool.putconn(connection)
        if connection.is_silent:
            self._pool.drain()

    def close(self) -> None:
        self._pool.close()


def _configure(connection: Connection) -> None:
    """
    Make the settings of a session. A network that goes silent meanwhile must not keep a thread of the pool for ever.

    Raises:
        DatabaseAway: The connection is lost or silent.
    """
    connection.run([(each, encoded(())) for each in SESSION_SETTINGS])
    connection.end_pipeline()
