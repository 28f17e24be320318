"""
The real `requests` clients, one package for each provider, and the parts that they share.

A client signs with its own code: it imports no mock, no kernel and no other provider's client.
"""

from flowproof.clients.client import ClientSettings
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
    "ClientSettings",
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
