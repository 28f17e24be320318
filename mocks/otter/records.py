"""The records of one workspace: tickets, codes, tokens, connections. None of them holds a secret, only its digest."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flowproof.kernel import State

from .models import AccessToken, Code, Ticket

__all__ = ["Connections", "Permissions", "digest"]

TICKET, CODE, TOKEN = "ticket", "code", "token"


def digest(secret: str) -> str:
    """What is kept of a token, code or cookie: enough to know it again, useless to whoever reads it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Permissions:
    """Tickets, codes and tokens, each found by the digest of its secret."""

    state: State

    def ticket(self, key: str) -> Ticket | None:
        """A question that waits for its answer."""
        found = self.state.get(TICKET, key)
        return Ticket.from_json(found) if found else None

    def put_ticket(self, key: str, ticket: Ticket) -> None:
        """Let a question wait."""
        self.state.put(TICKET, key, asdict(ticket))

    def code(self, key: str) -> Code | None:
        """A code, used or not."""
        found = self.state.get(CODE, key)
        return Code.from_json(found) if found else None

    def put_code(self, key: str, code: Code) -> None:
        """Keep a code."""
        self.state.put(CODE, key, asdict(code))

    def token(self, key: str) -> AccessToken | None:
        """A token; one that has ended is kept for a day, so that it can be told from one that never was."""
        found = self.state.get(TOKEN, key)
        return AccessToken.from_json(found) if found else None

    def put_token(self, key: str, token: AccessToken) -> None:
        """Keep a token."""
        self.state.put(TOKEN, key, asdict(token))

    def forget(self, kind: str, key: str) -> bool:
        """Forget a ticket, a code or a token."""
        return self.state.delete(kind, key)


@dataclass(frozen=True, slots=True)
class Connections:
    """The stores that one application is connected with, each found by Otter's id."""

    state: State
    client_id: str

    def get(self, store_id: str) -> str | None:
        """The partner's own id of a store, or None where it is not connected."""
        found = self.state.get(self._kind, store_id)
        return None if found is None else str(found["storeId"])

    def put(self, store_id: str, partner_store_id: str) -> None:
        """Connect a store."""
        self.state.put(self._kind, store_id, {"id": store_id, "storeId": partner_store_id})

    def delete(self, store_id: str) -> bool:
        """Disconnect a store; False where it was not connected."""
        return self.state.delete(self._kind, store_id)

    def with_partner_store_id(self, partner_store_id: str) -> Sequence[str]:
        """Otter's ids of the stores that the partner calls so."""
        found: Sequence[Any] = self.state.newest(self._kind)
        return [each["id"] for each in found if each["storeId"] == partner_store_id]

    @property
    def _kind(self) -> str:
        return f"connection/{self.client_id}"
