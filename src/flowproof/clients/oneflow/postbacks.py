"""Verifies OneFlow's postbacks by their static Authorization header."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flowproof.errors import ConfigurationError

__all__ = ["PostbackVerifier"]


@dataclass(frozen=True, slots=True)
class PostbackVerifier:
    """
    Says whether a postback carries the Authorization header that was set up with its trigger.

    OneFlow signs no postback: anyone who knows this value can send and repeat one. Keep it secret, take
    postbacks over TLS only, and read the order from the API before acting on what a postback says.

    Args:
        authorization: The whole value, such as `Bearer …`.

    Raises:
        ConfigurationError: It is empty.
    """

    authorization: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.authorization.strip():
            raise ConfigurationError("The Authorization of the trigger is empty.", "Set one up in OneFlow.")

    def is_genuine(self, headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> bool:
        """Whether there is exactly one Authorization header, with that value; compared in constant time."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        found = [value for name, value in pairs if name.lower() == "authorization"]
        return len(found) == 1 and hmac.compare_digest(found[0].strip().encode(), self.authorization.strip().encode())
