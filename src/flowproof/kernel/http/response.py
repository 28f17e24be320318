"""A response before it goes to the wire."""

from dataclasses import dataclass

__all__ = ["BODILESS", "WireResponse"]

BODILESS = frozenset({204, 304})  # statuses with which HTTP sends no body


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
