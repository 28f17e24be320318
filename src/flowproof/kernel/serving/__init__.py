"""Sockets: a production server in this process, and faults that are real on the wire."""

from .gateway import Gateway
from .server import Server

__all__ = ["Gateway", "Server"]
