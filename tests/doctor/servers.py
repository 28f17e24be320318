"""Servers that are wrong in one way each, on loopback."""

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

__all__ = ["answering", "certificate"]


@contextmanager
def answering(
    status: int = 401,
    content_type: str = "application/json",
    *,
    ahead: timedelta = timedelta(0),
    headers: Mapping[str, str] | None = None,
    certificate: Path | None = None,
) -> Iterator[str]:
    """
    A server that gives everybody the same answer.

    Args:
        status: Its status.
        content_type: Of its body, which is an empty JSON object.
        ahead: How far its clock is ahead of ours.
        headers: More of them.
        certificate: PEM of certificate and key, to speak TLS.

    Yields:
        Its URL.
    """

    class Handler(BaseHTTPRequestHandler):
        """Answers the same to everybody."""

        disable_nagle_algorithm = True  # (else the body may wait for the acknowledgement of its head)

        def _answer(self) -> None:
            self.send_response_only(status)
            told = {"Content-Type": content_type, "Content-Length": "2", **(headers or {})}
            told["Date"] = format_datetime(datetime.now(UTC) + ahead, usegmt=True)
            for name, value in told.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def certificate(file: Path, *, valid_for: timedelta, name: str = "127.0.0.1") -> Path:
    """A certificate that has signed itself, with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    alternative = x509.IPAddress(IPv4Address(name)) if name[0].isdigit() else x509.DNSName(name)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + valid_for)
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(plain + made.public_bytes(serialization.Encoding.PEM))
    return file
