"""Sockets: a production server in this process, and faults that are real on the wire."""

from .gateway import Gateway
from .server import Server, is_loopback

__all__ = ["Gateway", "Server", "is_loopback"]
