"""Conversations with a mock, as its journal has them, and their requests on a mock again."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import requests

from flowproof.cases import Case, case_of, replay, send
from flowproof.conformance import load_contract
from flowproof.drift import Drift, find_recorded_drift
from flowproof.drift.side import Side, read_ids
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.hooks import MockHooks
from flowproof.kernel.serving import Server
from flowproof.providers import find_kit, find_providers
from flowproof.recording import Converted, convert, public_values, read_document
from flowproof.target import ControlClient
from flowproof.target.profile import Permission

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Mock:
    """A mock server of one provider, each conversation with which has a workspace of its own."""

    def __init__(self, slug: str, server: Server, hooks: MockHooks) -> None:
        self.hooks = hooks
        self._slug = slug
        self._server = server
        self._kit = find_kit(slug)
        self._contract = load_contract(slug, self._kit.contract_folder())

    def record(self, case: Case) -> dict[str, Any]:
        """The HTTP Archive of a documented case, which must be answered as documented."""
        with closing(ControlClient(self._server.url)) as control, control.make_workspace() as workspace:
            workspace.clock.freeze(case.clock)
            site = workspace.site(self._slug)
            with requests.Session() as session:
                session.trust_env = False
                sign = partial(self._kit.headers, site)
                why = replay(
                    case,
                    send=lambda request: send(session, site.url, request, sign=sign),
                    advance=workspace.clock.advance,
                )
            assert why is None, why
            archive: dict[str, Any] = json.loads(json.dumps(workspace.control("GET", "journal.har")))
            return archive

    def convert(self, archive: Mapping[str, Any], *, kept: tuple[str, ...] = ()) -> Converted:
        """An archive as a case."""
        volatile = {*self._kit.volatile, *read_ids(self._contract)}
        return convert(
            read_document("conversation.har", archive),
            self._contract,
            fallback=NOON,
            volatile=volatile,
            kept=kept,
            public=public_values(self._kit.fixtures_folder()),
        )

    def drift(self, case: Mapping[str, Any]) -> Drift:
        """The requests of a recorded case on this mock."""
        with closing(ControlClient(self._server.url)) as control, control.make_workspace() as workspace:
            workspace.clock.freeze(case["clock"])
            site, everything = workspace.site(self._slug), Permission(everything=True)
            side = Side("mock", site, everything, self._kit, self._contract, workspace.clock, workspace.control)
            return find_recorded_drift([case_of(self._slug, case)], side)


@contextmanager
def make_mock(slug: str) -> Iterator[Mock]:
    """A mock of a provider, and what may change its answers."""
    gateway = build_gateway(find_providers([slug]), ServerSettings(entropy=0))
    with Server(gateway) as server:
        yield Mock(slug, server, gateway.mock.hooks)
