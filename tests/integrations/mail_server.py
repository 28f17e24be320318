"""A real mail server on loopback for tests: aiosmtpd on an event loop of its own."""

import asyncio
import threading
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any, Self, cast

from aiosmtpd.smtp import SMTP, Envelope

__all__ = ["MailServer"]


class MailServer:
    """
    Receives e-mail. It closes at the end of its context.

    Args:
        reply: What it says to a message, such as ``550 No such mailbox``.
    """

    def __init__(self, reply: str | Callable[[], Any] = "250 OK") -> None:
        self.reply = reply
        self.envelopes: list[Envelope] = []
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            self._loop.create_server(lambda: SMTP(self, hostname="localhost", loop=self._loop), "127.0.0.1", 0)
        )
        self.url = f"smtp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def messages(self) -> list[EmailMessage]:
        """The received messages."""
        raw = (cast("bytes", each.original_content).replace(b"\r\n", b"\n") for each in self.envelopes)
        return [message_from_bytes(each, policy=default) for each in raw]

    def release(self, held: asyncio.Event) -> None:
        """Set the event that a reply waits for."""
        self._loop.call_soon_threadsafe(held.set)

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:
        """What aiosmtpd calls with a message."""
        self.envelopes.append(envelope)
        return self.reply if isinstance(self.reply, str) else str(await self.reply())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        waiting = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
