"""
Keeps the warning filters of a program that runs a server away from the server.

Filters belong to the whole process. Where they make errors of warnings (`-W error`, `PYTHONWARNINGS`, pytest's
`filterwarnings`), a deprecation in a library below the server would answer 500 and lose webhooks.
"""

import sys
import warnings
from types import FrameType

__all__ = ["keep_filters_away"]

SERVERS = ("flowproof.kernel.serving.server", "flowproof.kernel.serving.gateway", "flowproof.inbox")


class _RaisedBelowServers(type):
    """Tells the warnings that are raised below a server's frames; it is asked only when there is a warning."""

    def __subclasscheck__(cls, _category: type) -> bool:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_globals.get("__name__") not in SERVERS:
            frame = frame.f_back
        return frame is not None


class _WarningOfServers(Warning, metaclass=_RaisedBelowServers):
    """Every warning that is raised below a server, whichever thread that is in."""


def keep_filters_away() -> None:
    """
    Ignore the warnings of servers, before every filter that there is now.

    Whoever puts other filters in place of these, as pytest does for each test, calls it again.
    """
    warnings.simplefilter("ignore", category=_WarningOfServers)
