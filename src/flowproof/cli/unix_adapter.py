"""A transport of `requests` over a Unix socket."""

import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError

__all__ = ["UNIX", "UnixAdapter"]

UNIX = "unix:"
"""What the address of such a server begins with; the file stands behind it."""


class UnixAdapter(HTTPAdapter):
    """
    Sends every request to one socket file, whatever host its URL names.

    Args:
        file: Of the socket.
    """

    def __init__(self, file: str) -> None:
        self._pool = _Pool(file)
        super().__init__()

    def get_connection_with_tls_context(self, *_arguments: Any, **_settings: Any) -> HTTPConnectionPool:
        return self._pool

    def close(self) -> None:
        self._pool.close()
        super().close()


class _Pool(HTTPConnectionPool):
    def __init__(self, file: str) -> None:
        super().__init__("localhost")
        self._file = file

    def _new_conn(self) -> HTTPConnection:
        return _Connection(self._file)


class _Connection(HTTPConnection):
    def __init__(self, file: str) -> None:
        super().__init__("localhost")
        self._file = file

    def _new_conn(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(self.timeout if isinstance(self.timeout, int | float) else None)
        try:
            made.connect(self._file)
        except OSError as error:
            made.close()
            raise NewConnectionError(self, f"{self._file}: {error.strerror}") from error
        return made
