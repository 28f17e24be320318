"""How requests and the courier share the event loop."""

import asyncio

from flowproof.kernel.serving.turns import Turns


class Connection:
    """Notes what it is fed, and when."""

    def __init__(self, fed: list[tuple[str, int]], turn: list[int]) -> None:
        self._fed, self._turn = fed, turn

    def feed(self, data: bytes) -> None:
        """Note the bytes with the number of the turn."""
        self._fed.append((data.decode(), self._turn[0]))


def test_one_request_is_served_in_each_turn_of_the_loop() -> None:
    """
    Requests that wait are served in the order in which they came, one in each turn of the event loop.
    """
    fed, turn = list[tuple[str, int]](), [0]

    async def run() -> None:
        turns = Turns({"a workspace"})
        for name in ("first", "second", "third"):
            turns.wait(Connection(fed, turn), name.encode())
        while turns.queue:
            await asyncio.sleep(0)
            turn[0] += 1

    asyncio.run(run())

    assert [name for name, _ in fed] == ["first", "second", "third"]
    assert len({at for _, at in fed}) == 3
