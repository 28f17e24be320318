"""A sandbox that costs next to nothing: answers every order with the same receipt, as the contract has it."""

import asyncio
import sys

BODY = (
    b'{"_id":"5910757faab8ec6f60127999","url":"https://s3.amazonaws.com/order/5910757faab8ec6f60127999",'
    b'"timestamp":"2026-01-01T12:00:00.000Z","sourceAccountId":"51bb2fc71745777ba63f3f11"}'
)
ANSWER = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
END_OF_HEAD, LENGTH = b"\r\n\r\n", b"content-length:"


class Receipts(asyncio.Protocol):
    """One connection; requests come one after another, each with a length or without a body."""

    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._received += data
        while self._transport is not None and END_OF_HEAD in self._received:
            head, _, rest = self._received.partition(END_OF_HEAD)
            _, stated, value = head.lower().partition(LENGTH)
            size = int(value.partition(b"\r\n")[0]) if stated else 0
            if len(rest) < size:
                return
            self._received = rest[size:]
            self._transport.write(ANSWER)


async def main() -> None:
    """Serve until the end."""
    server = await asyncio.get_running_loop().create_server(Receipts, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
