"""
A mock that answers from a recording alone, for what no contract describes.

    matching.py  which recorded exchange a request is, and which is the nearest where it is none
    server.py    the server on loopback

Reads no file; what it answers is as it was recorded, and goes to whoever has the recording anyway.
"""

from .matching import Replay, Request
from .server import ReplayServer

__all__ = ["Replay", "ReplayServer", "Request"]
