"""Flow1st's signature as a client makes it. Knows no HTTP client and shares no code with a mock."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flowproof.errors import ConfigurationError

__all__ = ["Signer", "iso_microseconds"]


@dataclass(frozen=True, slots=True)
class Signer:
    """
    Signs bodies with a signing key.

    Args:
        signing_key: Signs; never leaves this object.

    Raises:
        ConfigurationError: The key is empty or not ASCII.

    Source:
        distribution-docs.carry1st.com, generating-signatures. Its prose swaps key and message; its vector settles it.
    """

    signing_key: str = field(repr=False)

    def __post_init__(self) -> None:
        if not (self.signing_key and self.signing_key.isascii()):
            raise ConfigurationError(
                "The Flow1st signing key is empty or has characters that no key has.",
                "Copy it again from the Admin Console.",
            )

    def signature(self, timestamp: str, body: bytes) -> str:
        """
        Lower-case hex HMAC-SHA256 over the timestamp and, right after it, the body.

        Args:
            timestamp: As in the header, to the letter.
            body: The bytes that are sent.
        """
        keyed = hmac.new(self.signing_key.encode("ascii"), timestamp.encode("latin-1"), hashlib.sha256)
        keyed.update(body)
        return keyed.hexdigest()

    def headers(self, timestamp: str, body: bytes) -> dict[str, str]:
        return {"X-SIGNATURE": self.signature(timestamp, body), "X-TIMESTAMP": timestamp}


def iso_microseconds(at: datetime) -> str:
    """A time as `2026-01-01T12:00:00.000000Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
