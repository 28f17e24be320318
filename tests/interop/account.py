"""A partner's account at the mock: a workspace, used through the control API. Knows no SDK."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.mocks.oneflow import provider

__all__ = ["Account", "open_account", "serving"]

TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Account:
    """
    A workspace with its default account's credentials.

    Args:
        server: URL of the mock server.
        workspace: Id of the workspace.
        token: What the account presents.
        secret: What it signs with.
    """

    server: str
    workspace: str
    token: str
    secret: str = field(repr=False)

    @property
    def base_url(self) -> str:
        """The base URL for a client; the token finds the workspace."""
        return f"{self.server}/oneflow/api"

    @property
    def named_base_url(self) -> str:
        """The base URL with the workspace in its path."""
        return f"{self.server}/w/{self.workspace}/oneflow/api"

    def advance(self, seconds: float) -> None:
        self._control("POST", "/clock/advance", {"seconds": seconds})

    def go_wrong(self, *plans: Mapping[str, Any]) -> None:
        self._control("PUT", "/faults", list(plans))

    def journal(self) -> Sequence[Mapping[str, Any]]:
        """The exchanges, oldest first."""
        exchanges: Sequence[Mapping[str, Any]] = self._control("GET", "/journal")["exchanges"]
        return exchanges

    def submission_errors(self) -> Sequence[Mapping[str, Any]]:
        """The submission errors, newest first."""
        errors: Sequence[Mapping[str, Any]] = self._control("GET", "/oneflow/submission-errors")["submissionErrors"]
        return errors

    def close(self) -> None:
        _ask("DELETE", f"{self.server}/_flowproof/workspaces/{self.workspace}")

    def _control(self, method: str, path: str, value: Any = None) -> Any:
        return _ask(method, f"{self.server}/_flowproof/workspaces/{self.workspace}{path}", value)


@contextmanager
def serving() -> Iterator[str]:
    """The URL of a mock server in this process."""
    with Server(build_gateway([provider], ServerSettings(entropy=0))) as server:
        yield server.url


@contextmanager
def open_account(server: str) -> Iterator[Account]:
    """An account in a new workspace with a frozen clock; the workspace is deleted afterwards."""
    clock = {"mode": "frozen", "now": "2026-01-01T12:00:00Z"}
    made = _ask("POST", f"{server}/_flowproof/workspaces", {"clock": clock})
    keys = made["providers"]["oneflow"]["credentials"]["default"]
    account = Account(server, made["id"], keys["key"], keys["secret"])
    try:
        yield account
    finally:
        account.close()


def _ask(method: str, url: str, value: Any = None) -> Any:
    answer = requests.request(method, url, json=value, timeout=TIMEOUT_S)
    answer.raise_for_status()
    return answer.json() if answer.content else None
