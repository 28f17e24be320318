"""Whether an address leads anywhere: its name, its port, its certificate. Sends no request."""

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy

from .check import Check, not_checked, ok, warning, wrong

__all__ = ["TIMEOUT_S", "Endpoint", "check_address"]

TIMEOUT_S = 10.0
SOON = timedelta(days=14)

# OpenSSL's numbers of what can be wrong with a certificate (X509_V_ERR_…), and what to do.
CERTIFICATE_TROUBLE = {
    10: "Ask its owner to renew it.",
    9: "Set this machine's clock, or wait until it is valid.",
    18: "Trust it with REQUESTS_CA_BUNDLE, or use the sandbox's public address.",
    19: "Trust its authority with REQUESTS_CA_BUNDLE.",
    20: "Trust its authority with REQUESTS_CA_BUNDLE.",
    62: "Write the host name that the certificate is for.",
    64: "Write the host name that the certificate is for.",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Host and port, and whether TLS is spoken there."""

    host: str
    port: int
    is_tls: bool

    @classmethod
    def of(cls, url: str) -> Self:
        """The endpoint of a URL, which names its host."""
        parts = urlsplit(url)
        is_tls = parts.scheme == "https"
        return cls(parts.hostname or "", parts.port or (443 if is_tls else 80), is_tls)


def check_address(url: str, now: datetime) -> Iterator[Check]:
    """
    DNS, connection and TLS of a URL. What a failure leaves unknown is not checked.

    Args:
        url: Of the target.
        now: Aware; for how long the certificate is still valid.
    """
    endpoint = Endpoint.of(url)
    if proxy := _proxy(url):
        for name in ("DNS", "connection", "TLS"):
            yield not_checked(name, f"requests go through the proxy {proxy}, which does this itself")
        return
    dns = _check_name(endpoint)
    yield dns
    reached = _check_connection(endpoint) if dns.state == "ok" else not_checked("connection", "the host is not known")
    yield reached
    yield _check_tls(endpoint, now) if reached.state == "ok" else not_checked("TLS", "there is no connection")


def _proxy(url: str) -> str | None:
    """Host and port of the proxy that the environment names for a URL; never its user or password."""
    found = select_proxy(url, get_environ_proxies(url))
    if not found:
        return None
    parts = urlsplit(found)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _check_name(endpoint: Endpoint) -> Check:
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return wrong(
            "DNS", f"{endpoint.host} is not known here: {reason}", "Correct the url, or this machine's name server."
        )
    addresses = sorted({str(each[4][0]) for each in found})
    return ok("DNS", f"{endpoint.host} is {', '.join(addresses)}")


def _check_connection(endpoint: Endpoint) -> Check:
    try:
        with closing(socket.create_connection((endpoint.host, endpoint.port), TIMEOUT_S)):
            return ok("connection", f"port {endpoint.port} answers")
    except TimeoutError:
        fix = "Let this machine through the firewall, or correct the port."
        return wrong("connection", f"port {endpoint.port} does not answer within {TIMEOUT_S:g} s", fix)
    except OSError as error:
        fix = "Correct the port, or start what listens there."
        return wrong("connection", f"port {endpoint.port} refuses: {error.strerror or error}", fix)


def _check_tls(endpoint: Endpoint, now: datetime) -> Check:
    if not endpoint.is_tls:
        return _check_plain(endpoint)
    context = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH)
    try:
        with (
            socket.create_connection((endpoint.host, endpoint.port), TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=endpoint.host) as secure,
        ):
            return _check_validity(secure, now)
    except ssl.SSLCertVerificationError as error:
        fix = CERTIFICATE_TROUBLE.get(error.verify_code, "Ask the sandbox's owner for a valid certificate.")
        return wrong("TLS", f"the certificate is not accepted: {error.verify_message.rstrip('.')}", fix)
    except ssl.SSLError as error:
        fix = "Write http:// if the sandbox speaks no TLS, or correct the port."
        return wrong("TLS", f"no TLS can be spoken there: {error.reason or error}", fix)
    except OSError as error:
        return wrong(
            "TLS", f"the connection broke: {error.strerror or error}", "Try again, or ask the sandbox's owner."
        )


def _check_plain(endpoint: Endpoint) -> Check:
    if endpoint.host in {"localhost", "::1"} or endpoint.host.startswith("127."):
        return ok("TLS", "none, on this machine")
    fix = "Write https://, unless this network is your own."
    return warning("TLS", "none: credentials go over the network in the clear", fix)


def _check_validity(secure: ssl.SSLSocket, now: datetime) -> Check:
    certificate = secure.getpeercert() or {}
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    what = f"{secure.version()}, certificate valid until {ends:%Y-%m-%d}"
    if ends - now < SOON:
        return warning("TLS", what, "Ask its owner to renew it before then.")
    return ok("TLS", what)
