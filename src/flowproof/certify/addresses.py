"""Compares addresses: whether a request went to the target that a run names."""

from urllib.parse import SplitResult, urlsplit

__all__ = ["is_below"]

PORTS = {"http": 80, "https": 443}


def is_below(url: str, base_url: str) -> bool:
    """Whether a URL has the scheme, host and port of a base URL, and its path or one below it."""
    own, base = urlsplit(url), urlsplit(base_url)
    prefix = base.path.rstrip("/")
    return _origin(own) == _origin(base) and (own.path == prefix or own.path.startswith(f"{prefix}/"))


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    try:
        port = parts.port
    except ValueError:  # out of range
        port = -1
    return parts.scheme, parts.hostname, port if port is not None else PORTS.get(parts.scheme)
