"""What a partner presents to a provider, and how the store keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from flowproof.errors import StoreError

from .state.rows import CredentialRow

__all__ = ["Credential", "credential_from_row", "credential_row"]


@dataclass(frozen=True, slots=True)
class Credential:
    """
    What a partner presents to a provider.

    Args:
        key: The part by which the credential, and so the workspace, is found: a token, a key id, a client id.
        role: What it is for, in the words of the provider's seed data; most tests use the role ``default``.
        public: Further parts that may be shown.
        secrets: Parts that must never be shown in a log, journal, report or error.
        revoked: Why it is not accepted any more; empty while it is in use. A revoked credential still leads to its
            workspace, so that the refusal of a request that presents it gives the right reason.
    """

    key: str
    role: str = "default"
    public: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    revoked: str = ""

    def shown(self) -> dict[str, Any]:
        """Its parts by name, for whoever uses it. A key that is secret stands under ``key`` alone."""
        secrets = {name: value for name, value in self.secrets.items() if value != self.key}
        return {"key": self.key, **self.public, **secrets}


def credential_from_row(key: str, body: bytes) -> Credential:
    """
    Read what :func:`credential_row` wrote.

    Raises:
        StoreError: The row is damaged.
    """
    try:
        value = orjson.loads(body)
        return Credential(key, value["role"], value["public"], value["secrets"], value.get("revoked", ""))
    except (LookupError, TypeError, ValueError) as error:
        raise StoreError("the row of a credential is damaged: restore a copy of the state, or delete it") from error


def credential_row(workspace: str, provider: str, credential: Credential) -> CredentialRow:
    """A credential as the store keeps it."""
    body = {"role": credential.role, "public": dict(credential.public), "secrets": dict(credential.secrets)}
    if credential.revoked:
        body["revoked"] = credential.revoked
    return CredentialRow(provider, credential.key, workspace, orjson.dumps(body))
