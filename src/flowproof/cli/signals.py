"""Lets a command that serves wait for its end."""

import signal
import threading

__all__ = ["wait_for_a_signal"]


def wait_for_a_signal() -> None:
    """Wait for SIGINT or SIGTERM, while other threads serve."""
    ended = threading.Event()
    former = {each: signal.signal(each, lambda *_: ended.set()) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        ended.wait()
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)
