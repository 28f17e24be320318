"""Credentials of HTTP's Basic scheme (RFC 7617). Knows no provider and no header's name."""

import base64
from binascii import Error

__all__ = ["basic_credentials"]


def basic_credentials(encoded: str) -> tuple[str, str] | None:
    """User and password from what follows ``Basic``, or None where that is not base64 of UTF-8 with a colon."""
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (Error, ValueError):
        return None
    return (user, password) if colon else None
