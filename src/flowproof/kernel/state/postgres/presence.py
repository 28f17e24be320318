"""
A server's presence in the database: a connection of its own, on which it holds a lock and listens to notices.

The lock says that the server lives: PostgreSQL releases it when the connection ends, however that comes about, and
others then send what the server was sending. A connection that is cut without an end is ended by PostgreSQL, after
``idle_session_timeout`` without a sign of life.
"""

import logging
import threading

import psycopg

from flowproof.errors import StoreError

from .cache import Cache
from .connection import Connection, DatabaseAway
from .statements import Statement, encoded

__all__ = ["LOCK_CLASS", "Presence"]

logger = logging.getLogger("flowproof.state")

LOCK_CLASS = 7001  # of advisory locks: a server's number is the lock's
CHANNEL = "flowproof"
BEAT_S = 2.0
TURNS_A_BEAT = 8  # in which it looks whether it is to end
ALIVE = Statement("SELECT 1")
# The lock of a connection that was cut is released when PostgreSQL ends that connection. No wait for it has no end.
SETTINGS = (Statement("SET idle_session_timeout = '15s'"), Statement("SET lock_timeout = '8s'"))
NUMBER = Statement("SELECT nextval('flowproof.server')::integer")
LOCK = Statement("SELECT pg_advisory_lock($1, $2)")
LISTEN = Statement(f"LISTEN {CHANNEL}")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
START_TIMEOUT_S = 10.0


class Presence:
    """
    Args:
        conninfo: Of the database.
        cache: From which what other servers have changed is dropped.
    """

    def __init__(self, conninfo: str, cache: Cache) -> None:
        self.server = 0
        self._conninfo = conninfo
        self._cache = cache
        self._is_present = threading.Event()
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._stay, name="flowproof-presence", daemon=True)

    def start(self) -> None:
        """
        Returns when the lock is held.

        Raises:
            DatabaseAway: It is not held in time.
        """
        self._thread.start()
        if not self._is_present.wait(START_TIMEOUT_S):
            self.end()
            raise DatabaseAway("the database cannot be reached")

    def end(self) -> None:
        """The thread gives its connection back a moment later."""
        self._is_ending.set()

    def _stay(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._is_ending.is_set():
            try:
                with Connection.connect(self._conninfo, autocommit=True) as connection:
                    self._arrive(connection)
                    pause_s = FIRST_PAUSE_S
                    self._listen(connection)
            except (psycopg.Error, StoreError):
                self._is_present.clear()
                if not self._is_ending.wait(pause_s):
                    logger.warning("the connection for notices was lost; it is made anew")
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _arrive(self, connection: Connection) -> None:
        connection.run([(each, encoded(())) for each in SETTINGS])
        if not self.server:
            self.server = connection.run([(NUMBER, encoded(()))])[0][0]
        connection.run([(LOCK, encoded((LOCK_CLASS, self.server))), (LISTEN, encoded(()))])
        connection.end_pipeline()
        self._cache.clear()  # whose notices have not reached us
        self._is_present.set()

    def _listen(self, connection: Connection) -> None:
        while not self._is_ending.is_set():
            for _ in range(TURNS_A_BEAT):
                for notice in connection.notifies(timeout=BEAT_S / TURNS_A_BEAT):
                    server, _, workspace = notice.payload.partition(" ")
                    if server != str(self.server):
                        self._cache.drop(workspace)
                if self._is_ending.is_set():
                    return
            connection.run([(ALIVE, encoded(()))])
            connection.end_pipeline()
