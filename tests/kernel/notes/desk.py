"""A workspace of a running server as a test holds it: the provider's side and the control API's."""

from dataclasses import dataclass
from typing import Any

import requests

from flowproof.kernel.serving import Server

__all__ = ["Desk", "make_desk"]


@dataclass(frozen=True)
class Desk:
    """One workspace over the wire: the provider's side and the control API's."""

    server: str
    id: str
    key: str
    secret: str

    @property
    def url(self) -> str:
        """Where the provider is for this workspace."""
        return f"{self.server}/w/{self.id}/notes"

    @property
    def own(self) -> str:
        """The control API's URL of this workspace."""
        return f"{self.server}/_flowproof/workspaces/{self.id}"

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """One request to the provider with the workspace's key, on a connection of its own."""
        headers = {"x-key": self.key, **more.pop("headers", {})}
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=10, **more)

    def write(self, text: str = "hello") -> requests.Response:
        """Keep a note."""
        return self.ask("POST", "/notes", json={"text": text})

    def texts(self) -> list[str]:
        """What the notes say, the newest first, read past all faults."""
        records = self.control("GET", "/snapshot")["records"]
        return [value["text"] for _, kind, _, value in reversed(records) if kind == "note"]

    def control(self, method: str, path: str, value: Any = None) -> Any:
        """One request to the control API that succeeds."""
        answer = requests.request(method, f"{self.own}{path}", json=value, timeout=10)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def break_by(self, *plans: dict[str, Any]) -> None:
        """Set fault plans."""
        self.control("PUT", "/faults", list(plans))

    def journal(self) -> list[dict[str, Any]]:
        """The exchanges."""
        exchanges: list[dict[str, Any]] = self.control("GET", "/journal")["exchanges"]
        return exchanges


def make_desk(server: Server, **wanted: Any) -> Desk:
    """A new workspace."""
    made = requests.post(f"{server.url}/_flowproof/workspaces", json=wanted, timeout=10).json()
    mine = made["providers"]["notes"]["credentials"]["default"]
    return Desk(server.url, made["id"], mine["key"], mine["secret"])
