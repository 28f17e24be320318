"""
The real `requests` clients, one module a provider, and what they share: errors, retry, transport, reading an answer.

A client signs with its own code: it imports no mock, no kernel and no other provider's client.
"""

from flowproof.clients.errors import (
    ClientError,
    Forbidden,
    NotFound,
    NotInTime,
    RateLimited,
    Refused,
    ServerFailed,
    TryLater,
    Unauthorized,
    UnexpectedAnswer,
    Unreachable,
    Validation,
    ValidationFailed,
)
from flowproof.clients.retry import NO_RETRY, Retry

__all__ = [
    "NO_RETRY",
    "ClientError",
    "Forbidden",
    "NotFound",
    "NotInTime",
    "RateLimited",
    "Refused",
    "Retry",
    "ServerFailed",
    "TryLater",
    "Unauthorized",
    "UnexpectedAnswer",
    "Unreachable",
    "Validation",
    "ValidationFailed",
]
