"""Sockets: a production server in this process, and faults that are real on the wire."""

from .gateway import Gateway
from .server import Server
from .warning_filter import keep_filters_away

__all__ = ["Gateway", "Server", "keep_filters_away"]
