"""What a server speaks TLS with: versions 1.2 and 1.3 alone, and a log of handshakes that fail."""

import logging
import ssl
from typing import Any

__all__ = ["server_context"]

logger = logging.getLogger("flowproof.tls")

EXPLANATIONS = {
    "HTTP_REQUEST": "a client speaks plain HTTP to the port for TLS: have its base URL begin with https://",
    "TLSV1_ALERT_UNKNOWN_CA": "a client does not trust the certificate's authority; what it takes to trust it is shown"
    " at the start of the server",
    "SSLV3_ALERT_BAD_CERTIFICATE": "a client does not take the certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "a client does not trust the certificate's authority; what it takes to trust it"
    " is shown at the start of the server",
    "UNSUPPORTED_PROTOCOL": "a client offers no TLS 1.2 or newer",
}


def server_context() -> ssl.SSLContext:
    """TLS 1.2 and 1.3, without a certificate as yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.sslobject_class = LoggedConnection
    return context


class LoggedConnection(ssl.SSLObject):
    """The TLS of one connection. Why a client ends it is logged, since its own message often does not say."""

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except ssl.SSLError as error:
            _log(error)
            raise

    def read(self, *arguments: Any) -> Any:
        """In TLS 1.3 a client that does not trust us says so after the handshake."""
        try:
            return super().read(*arguments)
        except ssl.SSLError as error:
            _log(error)
            raise


def _log(error: ssl.SSLError) -> None:
    if explanation := EXPLANATIONS.get(error.reason or ""):
        logger.warning("%s (%s)", explanation, error.reason)
