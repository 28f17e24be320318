"""What came to the port instead of HTTP/1.1, by its first bytes, and what to do about it. Loaded when something has."""

import re

__all__ = ["foreign_protocol"]

PROTOCOLS = (
    (
        rb"\x16\x03[\x00-\x04]|\x80.\x01\x03[\x00-\x03]",
        "a TLS handshake, and this port speaks plain HTTP: begin the base URL with http://, not https://",
    ),
    (
        rb"PRI \* HTTP/2\.0",
        "the preface of HTTP/2, and this server speaks HTTP/1.1: switch off the client's prior knowledge of HTTP/2",
    ),
    (
        rb"PROXY |\r\n\r\n\x00\r\nQUIT\n",
        "the PROXY protocol of a load balancer: switch it off there (HAProxy: send-proxy, nginx: proxy_protocol)",
    ),
    (
        rb"\x05[\x01-\x09][\x00-\x09]|\x04[\x01\x02]",
        "the greeting of a SOCKS client, and this server is no proxy: take it out of the client's proxy settings",
    ),
    (rb"SSH-", "the greeting of an SSH client: the port is not that of an SSH server"),
    (rb"(?:EHLO|HELO|MAIL FROM:)", "a command of a mail client: the port is not that of a mail server"),
)
KNOWN = tuple((re.compile(pattern, re.DOTALL), text) for pattern, text in PROTOCOLS)


def foreign_protocol(first_bytes: bytes) -> str:
    """What a connection began with that is no HTTP/1.1, with advice; empty where it is nothing that is known."""
    return next((f"This is {text}." for pattern, text in KNOWN if pattern.match(first_bytes)), "")
