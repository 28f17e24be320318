"""Heads of HTTP messages as bytes: names of headers in, status and header lines out."""

import re
from functools import lru_cache
from http import HTTPStatus

from flowproof.kernel.http.response import WireResponse

__all__ = ["header_lines", "is_without_version", "lower", "requested", "status_line"]

NOT_IN_A_HEADER = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, 5.5
REQUEST_LINE = re.compile(rb"([!-~]{1,32}) ([!-~]+)")
LINE_WITHOUT_VERSION = re.compile(rb"(?:\r?\n)*[A-Z]{1,32} [!-~]+\r?\n")


@lru_cache(maxsize=1024)
def lower(name: bytes) -> str:
    """A header's name as text in lower case."""
    return name.lower().decode("latin-1")


@lru_cache(maxsize=64)
def status_line(status: int) -> bytes:
    """The first line of a response, with its end."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


def header_lines(response: WireResponse) -> list[bytes] | None:
    """The lines of a response's headers; None where one has characters that no header may have."""
    try:
        lines = [f"{name.lower()}: {value}".encode("latin-1") for name, value in response.headers]
    except UnicodeEncodeError:
        return None
    return None if any(map(NOT_IN_A_HEADER.search, lines)) else lines


def requested(data: bytes) -> tuple[bytes, bytes]:
    """Method and target of bytes that begin as a request does; ``UNKNOWN`` and ``/`` of any others."""
    line = REQUEST_LINE.match(data)
    return (line[1], line[2]) if line else (b"UNKNOWN", b"/")


def is_without_version(data: bytes) -> bool:
    """Whether bytes are a whole request line of HTTP/0.9, which has no version and no headers behind it."""
    return LINE_WITHOUT_VERSION.fullmatch(data) is not None
