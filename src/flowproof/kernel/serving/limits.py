"""How much one connection may take, how many there may be, and how often the log says that a limit was reached."""

import asyncio
import logging
import resource
from collections import Counter
from dataclasses import dataclass, field

__all__ = ["LARGEST_HEAD", "LONGEST_TARGET", "MOST_HEADERS", "Limits", "most_open_files"]

logger = logging.getLogger("flowproof.mock")

LARGEST_HEAD = 64 * 1024  # bytes of a request line with its headers, and of the trailers
LONGEST_TARGET = 32 * 1024  # bytes of a request target
MOST_HEADERS = 200
RESERVED_FILES = 320  # file descriptors that are no clients' connections: the state file, 256 webhooks
FEWEST_CONNECTIONS, MOST_CONNECTIONS = 16, 100_000
LOG_EVERY_S = 10.0


@dataclass(slots=True)
class Limits:
    """
    The limits of one server.

    Args:
        request_s: How long a request may take to come whole, from the connection or its first byte on.
        keep_alive_s: How long an idle connection stays open.
        most_connections: How many there may be; each further one gets a 503.

    ``events`` counts connections and reads. While ``is_stopping`` each response is the last one of its connection.
    """

    request_s: float
    keep_alive_s: float
    most_connections: int
    events: int = 0
    is_stopping: bool = False
    _counted: Counter[str] = field(default_factory=Counter, repr=False)
    _is_quiet: bool = False

    def log(self, what: str) -> None:
        """Log that a connection was ended: the first time at once, then together with others, every ten seconds."""
        self._counted[what] += 1
        if not self._is_quiet:
            self._flush()

    def _flush(self) -> None:
        for what, times in self._counted.items():
            logger.warning("%s%s", what, f" ({times} times)" if times > 1 else "")
        self._is_quiet = bool(self._counted)
        self._counted.clear()
        if self._is_quiet:
            asyncio.get_running_loop().call_later(LOG_EVERY_S, self._flush)


def most_open_files() -> int:
    """How many connections there are file descriptors for."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return min(MOST_CONNECTIONS, max(FEWEST_CONNECTIONS, files // 2, files - RESERVED_FILES))
