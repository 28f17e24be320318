"""Which names and addresses are this machine's own loopback."""

import ipaddress

__all__ = ["UNIX_SOCKET", "is_local", "is_loopback"]

UNIX_SOCKET = "unix"  # the address of a client that came through a socket file


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own loopback."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_local(peer: str) -> bool:
    """Whether a client, by its address, is on this machine."""
    return peer == UNIX_SOCKET or is_loopback(peer)
