"""Where a provider's sandbox is, and how it is connected to."""

import os
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from flowproof.errors import ConfigurationError

__all__ = ["Upstream"]

CONNECT_TIMEOUT_S = 30.0
PORTS = {"http": 80, "https": 443}
AUTHORITIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True)
class Upstream:
    """
    The sandbox behind a proxy.

    Args:
        scheme: ``http`` or ``https``.
        host: Name or address.
        port: Of TCP.
        base_path: What stands before the provider's own paths; empty or with a leading slash.
    """

    scheme: str
    host: str
    port: int
    base_path: str

    @classmethod
    def from_url(cls, url: str) -> "Upstream":
        """
        Read a base URL.

        Raises:
            ConfigurationError: It is none.
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in PORTS or not parts.hostname or port == -1:
            raise ConfigurationError(f"{url!r} is no base URL.", "Write https://host/path.")
        return cls(parts.scheme, parts.hostname, port or PORTS[parts.scheme], parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """What a request's ``Host`` header says: without the port where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def connect(self) -> socket.socket:
        """
        Open a connection, with TLS where the scheme is https.

        Raises:
            OSError: It cannot be opened; ``ssl.SSLError`` where TLS fails.
        """
        plain = socket.create_connection((self.host, self.port), timeout=CONNECT_TIMEOUT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.scheme == "http":
            plain.settimeout(None)
            return plain
        try:
            secured = _context().wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise
        secured.settimeout(None)
        return secured


def _context() -> ssl.SSLContext:
    """TLS 1.2 or newer; authorities of the environment count beside the system's."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for name in AUTHORITIES:
        if os.environ.get(name):
            context.load_verify_locations(cafile=os.environ[name])
            break
    return context
