"""
Sends server-sent events for as long as somebody reads them.

The source is asked a few times a second, and only while a client is connected: so nothing is done for events where a
request of a provider's client is served, and what another process has recorded is found as well. What a read costs is
bounded by the source, so that an open page costs a bounded amount a second.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from flowproof.errors import StoreError

from .response_writer import ResponseWriter

__all__ = ["send_events"]

logger = logging.getLogger("flowproof.control")

POLL_S = 0.2
SILENT_POLLS = 75  # after which a comment shows the client, and proxies between, that the connection is alive
RETRY_MS = 1000  # how long a browser waits before it connects again
Read = Callable[[], Awaitable[bytes | None]]


async def send_events(read: Read, writer: ResponseWriter, stopped: asyncio.Event) -> None:
    """
    Send events until the client leaves, the source ends or the server stops.

    Args:
        read: Reads the source of the events, as `EventSource.read` does.
        writer: Of the response.
        stopped: The server stops.
    """
    await writer.begin_events(b"retry: %d\n\n" % RETRY_MS)
    gone = asyncio.ensure_future(writer.wait_for_disconnect())
    stop = asyncio.ensure_future(stopped.wait())
    silent = 0
    try:
        while not (gone.done() or stop.done()):
            new = await read()
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
