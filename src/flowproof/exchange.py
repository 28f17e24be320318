"""A request with its response, as sent and received. Knows no server, client or contract."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Exchange", "Headers", "header"]

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    A request with its response.

    Args:
        method: HTTP method, upper case.
        path: Path below the provider's base URL, percent-encoded as sent, without the query.
        query: Query string without the question mark.
        request_headers: Names and values, in the order sent.
        request_body: Bytes as sent.
        status: Status code of the response.
        response_headers: Names and values, in the order received.
        response_body: Bytes as received.
    """

    method: str
    path: str
    query: str
    request_headers: Headers
    request_body: bytes
    status: int
    response_headers: Headers
    response_body: bytes


def header(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """Value of the first header of that name, whatever its case, or None."""
    lower = name.lower()
    return next((value for key, value in headers if key.lower() == lower), None)
