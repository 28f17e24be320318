"""
Secrets of records that a snapshot refers to and does not show, such as the Authorization of a postback.

A snapshot has a reference in a secret's place: its digest. The server keeps the secret with the default workspace,
which is never deleted, so that a snapshot can be restored into any of its workspaces. On another server it cannot.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from flowproof.errors import ConfigurationError
from flowproof.kernel.credentials import Credential, credential_from_row, credential_row
from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import KERNEL

__all__ = ["SnapshotSecrets"]

REFERENCE = "$secret"


@dataclass(frozen=True, slots=True)
class SnapshotSecrets:
    """
    The secrets that snapshots refer to.

    Args:
        store: Where they are kept.
        workspace: Id of the workspace that they are kept with.
    """

    store: Store
    workspace: str

    def referred(self, value: Any, names: frozenset[str]) -> Any:
        """A record's value with a reference in the place of each text whose member has one of these names."""
        if isinstance(value, list):
            return [self.referred(each, names) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self._reference(each) if name in names and isinstance(each, str) else self.referred(each, names)
            for name, each in value.items()
        }

    def resolved(self, value: Any) -> Any:
        """
        A record's value with the secrets in the place of their references.

        Raises:
            ConfigurationError: This server has not kept one of them.
        """
        match value:
            case list():
                return [self.resolved(each) for each in value]
            case {"$secret": str() as digest, **rest} if not rest:
                return self._secret(digest)
            case Mapping():
                return {name: self.resolved(each) for name, each in value.items()}
            case _:
                return value

    def _reference(self, secret: str) -> dict[str, str]:
        digest = sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
        if self.store.credentials.get(self.workspace, KERNEL, digest) is None:
            kept = Credential(digest, "secret of a snapshot", secrets={"secret": secret})
            self.store.credentials.add(credential_row(self.workspace, KERNEL, kept))
        return {REFERENCE: digest}

    def _secret(self, digest: str) -> str:
        kept = self.store.credentials.get(self.workspace, KERNEL, digest)
        if kept is None:
            raise ConfigurationError(
                "The snapshot refers to a secret that this server does not have.",
                "Restore it on the server that it was taken from, or take one without such secrets.",
            )
        return credential_from_row(digest, kept).secrets["secret"]
