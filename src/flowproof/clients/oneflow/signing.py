"""OneFlow's signature as a client makes it. Knows no HTTP client and shares no code with a mock."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from flowproof.errors import ConfigurationError

__all__ = ["Algorithm", "Signer", "iso_milliseconds"]

Algorithm = Literal["sha1", "sha256"]


@dataclass(frozen=True, slots=True)
class Signer:
    """
    Signs requests with an API key.

    Args:
        token: Names the key.
        secret: Signs; never leaves this object.
        algorithm: `sha1` as documented, or `sha256`, which a header must name.

    Raises:
        ConfigurationError: Token or secret is empty, the token cannot stand in a header, or there is no such algorithm.

    Source:
        seeds/002, "Authentication". SHA-256 and its header are seen in the SDKs, not documented.
    """

    token: str = field(repr=False)
    secret: str = field(repr=False)
    algorithm: Algorithm = "sha1"

    def __post_init__(self) -> None:
        if not (self.token.isascii() and self.token.isprintable() and self.token.strip() and self.secret):
            raise ConfigurationError(
                "The OneFlow token or secret is empty or has characters that cannot be sent.",
                "Copy both again from the account's API keys.",
            )
        if self.algorithm not in ("sha1", "sha256"):
            raise ConfigurationError(f"OneFlow cannot sign with {self.algorithm}.", "Use sha1 or sha256.")

    def signature(self, method: str, path: str, timestamp: str) -> str:
        """
        Lower-case hex HMAC over `METHOD path timestamp`.

        Args:
            path: From `/api` on, percent-encoded as sent, without the query.
            timestamp: As in the date header; its format is free.
        """
        signed = f"{method} {path} {timestamp}".encode()
        return hmac.new(self.secret.encode(), signed, getattr(hashlib, self.algorithm)).hexdigest()

    def headers(self, method: str, path: str, timestamp: str) -> dict[str, str]:
        headers = {
            "x-oneflow-authorization": f"{self.token}:{self.signature(method, path, timestamp)}",
            "x-oneflow-date": timestamp,
        }
        return headers if self.algorithm == "sha1" else headers | {"x-oneflow-algorithm": self.algorithm.upper()}


def iso_milliseconds(at: datetime) -> str:
    """A time as `2026-01-01T12:00:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
