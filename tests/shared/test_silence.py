"""A connection to the database that goes silent while it is made is given up, and the next one is used."""

from contextlib import closing
from time import monotonic, sleep

import psycopg
import pytest

from flowproof.errors import StoreUnavailable
from flowproof.kernel.assembly import open_store
from flowproof.kernel.state.postgres import connection
from flowproof.kernel.state.postgres.presence import LOCK_CLASS
from flowproof.kernel.state.protocol import Store
from tests.postgres import shared_cluster
from tests.shared.proxy import Proxy
from tests.shared.sandbox import TIMEOUT_S

ENOUGH = 4  # silent sockets: of the connection that replaces one, and of the one that is made since a request waits
PRESENT = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted"
END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'flowproof'"


@pytest.mark.parametrize(
    "sent", [b"statement_timeout", b"idle_session_timeout"], ids=["for requests", "for the server's presence"]
)
def test_connection_that_goes_silent_is_made_anew(sent: bytes, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A network that goes silent while the settings of new connections are made keeps nobody: when it is back, requests
    are answered, and the server holds the lock that says it lives.
    """
    cluster = shared_cluster()
    with (
        Proxy(cluster.socket) as proxy,
        closing(open_store(proxy.url(cluster))) as store,
        psycopg.connect(database, autocommit=True) as observer,
    ):
        deadline = monotonic() + TIMEOUT_S
        with monkeypatch.context() as patch:
            patch.setattr(connection, "ANSWER_TIMEOUT_MS", 500.0)
            proxy.silent_after = sent
            observer.execute(END_ALL)
            while proxy.number_cut_off < ENOUGH:
                is_answered(store)
                assert monotonic() < deadline
        proxy.silent_after = None
        while not is_answered(store) or observer.execute(PRESENT, (LOCK_CLASS,)).fetchone() != (1,):
            assert monotonic() < deadline
            sleep(0.02)


def is_answered(store: Store) -> bool:
    """Whether a request would be answered."""
    try:
        store.workspaces.count()
    except StoreUnavailable:
        return False
    return True
