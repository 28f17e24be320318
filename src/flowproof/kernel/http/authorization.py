"""Credentials of HTTP's Basic scheme (RFC 7617), and tokens that are presented in another form than is read."""

import base64
from binascii import Error
from collections.abc import Callable

__all__ = ["bare_token", "basic_credentials", "misread"]

AROUND = " \t\"'<>"


def basic_credentials(encoded: str) -> tuple[str, str] | None:
    """User and password from what follows ``Basic``, or None where that is not base64 of UTF-8 with a colon."""
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (Error, ValueError):
        return None
    return (user, password) if colon else None


def bare_token(presented: str) -> str:
    """
    A token without what clients put around it: the name of a scheme, blanks, quotes, angle brackets.

    It finds whose a header is that is not read, for its explanation. It authenticates nobody.
    """
    return presented.strip(AROUND).rpartition(" ")[2].strip(AROUND)


def misread(presented: str, expected: str, is_known: Callable[[str], object]) -> str:
    """
    Why a header that holds a known token is refused all the same; empty where it holds none.

    Args:
        presented: The header's value.
        expected: The header as the provider reads it, such as ``Authorization: Bearer TOKEN``.
        is_known: Whether a token is known, as a value that is true or false.
    """
    bare = bare_token(presented)
    if not bare or not is_known(bare):
        return ""
    form = presented.replace(bare, "TOKEN")
    return f"The token is known, but it is not read: it is presented as {form!r}, expected {expected}."
