"""
One connection to PostgreSQL: statements in, rows out, several statements a round trip.

It uses libpq through ``psycopg.pq``: psycopg's cursors take three times the processor time for the same statements.
It waits for the database itself, with a limit, since a network that has been cut sends no end of the connection.
"""

import select
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import pq

from flowproof.errors import StoreError, StoreUnavailable
from flowproof.kernel.time.clock import stopwatch_ms

from .statements import BINARY, Encoded, Statement, decoder

__all__ = ["Connection", "DatabaseAway", "DatabaseSilent", "Row"]

ANSWER_TIMEOUT_MS = 10_000.0
Row = tuple[Any, ...]
Step = tuple[Statement, Encoded]

# As plain numbers, since looking a member up takes longer than the whole comparison.
GOOD = frozenset({int(pq.ExecStatus.COMMAND_OK), int(pq.ExecStatus.TUPLES_OK)})
SYNC = int(pq.ExecStatus.PIPELINE_SYNC)
# SQLSTATE: lost connections, deadlocks, no room or memory, a wait for a lock or a statement that took too long.
TRANSIENT = ("08", "40", "53", "55P03", "57")
OFF = int(pq.PipelineStatus.OFF)


class DatabaseAway(StoreUnavailable):
    """The database cannot be reached."""


class DatabaseSilent(DatabaseAway):
    """The database does not answer in time, so other connections to it are likely to be cut off, too."""


class Connection(psycopg.Connection[Any]):
    """A connection of the pool, in pipeline mode while a session uses it."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._known_statements: set[bytes] = set()
        self._socket_poll = select.poll()
        self.is_silent = False  # it was given up without an answer

    def run(self, steps: Sequence[Step]) -> list[Row]:
        """
        Run statements in one round trip.

        Returns:
            The rows of the last one.

        Raises:
            DatabaseAway: The connection is lost or silent; it is closed then.
            StoreError: A statement failed. Those after it did not run, and the transaction must be rolled back.
        """
        try:
            return self._round_trip(steps)
        except TimeoutError as error:
            self.is_silent = True
            self.close()
            raise DatabaseSilent("the database does not answer") from error
        except (psycopg.OperationalError, OSError) as error:
            self.close()
            raise DatabaseAway("the database cannot be reached") from error
        except StoreError:
            raise
        except BaseException:  # what is on the wire is not known any more
            self.close()
            raise

    def _round_trip(self, steps: Sequence[Step]) -> list[Row]:
        libpq = self.pgconn
        if libpq.pipeline_status == OFF:
            libpq.enter_pipeline_mode()
        sent: list[bytes | None] = []  # for each result the name of the statement that it prepares, if it does
        for statement, parameters in steps:
            if statement.name not in self._known_statements and statement.name not in sent:
                libpq.send_prepare(statement.name, statement.sql)
                sent.append(statement.name)
            libpq.send_query_prepared(statement.name, parameters.values, parameters.formats, BINARY)
            sent.append(None)
        libpq.pipeline_sync()
        results = self._round_trip_results(len(sent))
        if len(sent) > len(steps):
            self._known_statements.update(
                name for name, result in zip(sent, results, strict=True) if name and result.status in GOOD
            )
        for result in results:
            if result.status not in GOOD:
                raise _error_of(result)
        return _rows(results[-1])

    def _round_trip_results(self, expected: int) -> list[pq.abc.PGresult]:
        """The results of so many statements, and the end of the round trip."""
        libpq, deadline_ms = self.pgconn, stopwatch_ms() + ANSWER_TIMEOUT_MS
        results: list[pq.abc.PGresult] = []
        self._send_all(deadline_ms)
        ends = 0  # in a row: each statement has one, and a lost connection gives nothing else
        while ends < 2:
            while libpq.is_busy():
                self._wait_for_socket(select.POLLIN, deadline_ms)
                libpq.consume_input()
            result = libpq.get_result()
            if result is None:
                ends += 1
            elif result.status == SYNC:
                break
            else:
                ends = 0
                results.append(result)
        if len(results) != expected:
            raise psycopg.OperationalError("the connection is lost")
        return results

    def _send_all(self, deadline_ms: float) -> None:
        while self.pgconn.flush():
            if self._wait_for_socket(select.POLLIN | select.POLLOUT, deadline_ms) & select.POLLIN:
                self.pgconn.consume_input()

    def _wait_for_socket(self, events: int, deadline_ms: float) -> int:
        """Wait until the socket is ready; returns for what."""
        self._socket_poll.register(self.pgconn.socket, events)
        ready = self._socket_poll.poll(max(0.0, deadline_ms - stopwatch_ms()))
        if not ready:
            raise TimeoutError
        return ready[0][1]

    def end_pipeline(self) -> None:
        """Leave pipeline mode, so that the pool can look after the connection."""
        if not self.closed and self.pgconn.pipeline_status != pq.PipelineStatus.OFF:
            self.pgconn.exit_pipeline_mode()


def _rows(result: pq.abc.PGresult) -> list[Row]:
    columns = [(number, decoder(result.ftype(number))) for number in range(result.nfields)]
    return [
        tuple(None if (value := result.get_value(row, column)) is None else read(value) for column, read in columns)
        for row in range(result.ntuples)
    ]


def _error_of(result: pq.abc.PGresult) -> StoreError:
    """The error of a statement that failed: of a kind that says whether trying again may help."""
    code = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode("ascii", "replace")
    message = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"a statement failed").decode(
        "utf-8", "replace"
    )
    kind = StoreUnavailable if code.startswith(TRANSIENT) else StoreError
    return kind(f"the state cannot be read or written: {message}")
