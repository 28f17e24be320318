"""
The records of one workspace in the store: tickets, codes, tokens, connections. Secrets are stored as digests only.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flowproof.kernel import State

from .models import AccessToken, Code, Ticket

__all__ = ["Connections", "Permissions", "digest"]

TICKET, CODE, TOKEN = "ticket", "code", "token"


def digest(secret: str) -> str:
    """The digest that identifies a token, code or cookie."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Permissions:
    """Tickets, codes and tokens, each found by the digest of its secret."""

    state: State

    def ticket(self, key: str) -> Ticket | None:
        found = self.state.get(TICKET, key)
        return Ticket.from_json(found) if found else None

    def put_ticket(self, key: str, ticket: Ticket) -> None:
        self.state.put(TICKET, key, asdict(ticket))

    def code(self, key: str) -> Code | None:
        """A code, exchanged or not, or None."""
        found = self.state.get(CODE, key)
        return Code.from_json(found) if found else None

    def put_code(self, key: str, code: Code) -> None:
        self.state.put(CODE, key, asdict(code))

    def token(self, key: str) -> AccessToken | None:
        """A token, or None. One that has ended is kept for a day, so that a refusal can be explained."""
        found = self.state.get(TOKEN, key)
        return AccessToken.from_json(found) if found else None

    def put_token(self, key: str, token: AccessToken) -> None:
        self.state.put(TOKEN, key, asdict(token))

    def forget(self, kind: str, key: str) -> bool:
        """Delete a ticket, a code or a token; False where there is none."""
        return self.state.delete(kind, key)


@dataclass(frozen=True, slots=True)
class Connections:
    """The stores that one application is connected with, each found by Otter's id."""

    state: State
    client_id: str

    def get(self, store_id: str) -> str | None:
        """The partner's own id of a connected store, or None."""
        found = self.state.get(self._kind, store_id)
        return None if found is None else str(found["storeId"])

    def put(self, store_id: str, partner_store_id: str) -> None:
        self.state.put(self._kind, store_id, {"id": store_id, "storeId": partner_store_id})

    def delete(self, store_id: str) -> bool:
        """Delete a connection; False where there is none."""
        return self.state.delete(self._kind, store_id)

    def with_partner_store_id(self, partner_store_id: str) -> Sequence[str]:
        """Otter's ids of the stores that are connected under that id of the partner's."""
        found: Sequence[Any] = self.state.newest(self._kind)
        return [each["id"] for each in found if each["storeId"] == partner_store_id]

    @property
    def _kind(self) -> str:
        return f"connection/{self.client_id}"
