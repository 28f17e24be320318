"""
A mock that answers from a recording alone, for what no contract describes.

    matching.py  which recorded exchange a request is, and which is the nearest where it is none
    observer.py  answers requests so, and writes the journal
    provider.py  the recording as a provider of the mock server beside it
    server.py    the server, and the mock server with control API and page

Reads no file; what it answers is as it was recorded, and goes to whoever has the recording anyway.
"""

from .matching import Replay, Request
from .server import ReplayServer

__all__ = ["Replay", "ReplayServer", "Request"]
