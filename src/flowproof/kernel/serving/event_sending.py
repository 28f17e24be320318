"""
Sends server-sent events for as long as somebody reads them.

The source is asked a few times a second, under the lock, and only while a client is connected: so nothing is done for
events where a request of a provider's client is served, and what another process has recorded is found as well.
"""

import asyncio
import logging
from contextlib import suppress
from threading import Lock

from flowproof.errors import StoreError

from .control_answers import EventSource
from .response_writer import ResponseWriter

__all__ = ["send_events"]

logger = logging.getLogger("flowproof.control")

POLL_S = 0.2
SILENT_POLLS = 75  # after which a comment shows the client, and proxies between, that the connection is alive
RETRY_MS = 1000  # how long a browser waits before it connects again


async def send_events(source: EventSource, writer: ResponseWriter, lock: Lock, stopped: asyncio.Event) -> None:
    """
    Send events until the client leaves, the source ends or the server stops.

    Args:
        source: Of the events; it is used under the lock.
        writer: Of the response.
        lock: Of the mocks; it is not held while the client is waited for.
        stopped: The server stops.
    """
    await writer.begin_events(b"retry: %d\n\n" % RETRY_MS)
    gone = asyncio.ensure_future(writer.wait_for_disconnect())
    stop = asyncio.ensure_future(stopped.wait())
    silent = 0
    try:
        while not (gone.done() or stop.done()):
            with lock:
                new = source.read()
            if new is None:
                break
            silent = 0 if new else silent + 1
            if silent == SILENT_POLLS:
                new, silent = b":\n\n", 0
            if new:
                await writer.write_events(new)
            await asyncio.wait((gone, stop), timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
    except StoreError as error:
        logger.error("events end: %s", error)
    finally:
        gone.cancel()
        stop.cancel()
    with suppress(asyncio.CancelledError):
        await writer.end_events()
