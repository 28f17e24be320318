"""A server with the note-keeping provider on a real socket, and handles on its workspaces."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Gateway, Server
from flowproof.kernel.state.protocol import Store
from tests.kernel.notes import provider
from tests.kernel.notes.desk import Desk, make_desk
from tests.kernel.stores import MAKERS


@pytest.fixture(scope="session")
def gateway() -> Gateway:
    """A mock server with one provider, without its socket."""
    return build_gateway([provider], ServerSettings(entropy=1, largest_body=100_000, journal_keep=50))


@pytest.fixture(scope="session")
def server(gateway: Gateway) -> Iterator[Server]:
    """The same on a real socket."""
    with Server(gateway) as running:
        yield running


@pytest.fixture
def desk(server: Server) -> Desk:
    """A new workspace."""
    return make_desk(server)


@pytest.fixture
def other(server: Server) -> Desk:
    """Another new workspace on the same server."""
    return make_desk(server)


@pytest.fixture(params=MAKERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each implementation."""
    store = MAKERS[request.param](tmp_path)
    yield store
    store.close()


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails a test in which anything is logged as an error: no traceback reaches the log."""
    with caplog.at_level(logging.INFO):
        yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR] == []
