"""A response before it goes to the wire."""

from dataclasses import dataclass

__all__ = ["STATUSES_WITHOUT_BODY", "WireResponse"]

STATUSES_WITHOUT_BODY = frozenset({204, 304})  # RFC 9110, 15.3.5 and 15.4.5


@dataclass(frozen=True, slots=True)
class WireResponse:
    """
    A response before it goes to the wire.

    Args:
        status: Status code.
        body: Bytes, exactly as the provider would send them.
        headers: Names and values, with the Content-Type, without Content-Length and Date.
        requirement: Id of the requirement for which a request was refused.
    """

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    requirement: str | None = None
