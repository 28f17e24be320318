"""
A proxy in front of a provider's sandbox: forwards each exchange as it came, and shows it to an observer.

    server.py      listens; one thread for each client connection
    connection.py  the life of one client connection and of the upstream connection that belongs to it
    peer.py        one side of it: HTTP/1.1 messages on a socket, parsed by h11, written as they came
    upstream.py    where the provider is, and how it is connected to
    observer.py    what an observer may decide before a request leaves, and what it learns of each exchange
    observed.py    an observed request among the exchanges of a mock server: its journal, its fault plans
    sandbox.py     the observer of a provider's sandbox
"""

from .observer import Answer, Decision, Observer, Outcome, Request
from .server import ProxyServer
from .upstream import Upstream

__all__ = ["Answer", "Decision", "Observer", "Outcome", "ProxyServer", "Request", "Upstream"]
