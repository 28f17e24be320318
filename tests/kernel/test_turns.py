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


class LastWork(Connection):
    """A connection in whose turn the courier comes to its end."""

    def __init__(self, fed: list[tuple[str, int]], turn: list[int], work: set[object]) -> None:
        super().__init__(fed, turn)
        self._work = work

    def feed(self, data: bytes) -> None:
        """Leave the courier nothing to do."""
        super().feed(data)
        self._work.clear()


async def served(turns: Turns, turn: list[int], *connections: Connection) -> None:
    """Let connections wait, and the loop turn until all are served."""
    for number, connection in enumerate(connections):
        turns.wait(connection, str(number).encode())
    while turns.queue:
        await asyncio.sleep(0)
        turn[0] += 1


def test_one_request_is_served_in_each_turn_of_the_loop() -> None:
    """
    While the courier works, requests that wait are served in the order in which they came, one in each turn.
    """
    fed, turn = list[tuple[str, int]](), [0]
    connection = Connection(fed, turn)

    asyncio.run(served(Turns({"a workspace"}), turn, connection, connection, connection))

    assert fed == [("0", 0), ("1", 1), ("2", 2)]


def test_what_waits_is_served_at_once_when_the_courier_has_done_its_work() -> None:
    """
    When the courier has nothing left to do, all requests that still wait are served in one turn.
    """
    fed, turn, work = list[tuple[str, int]](), [0], set[object]({"a workspace"})
    plain = Connection(fed, turn)

    asyncio.run(served(Turns(work), turn, plain, LastWork(fed, turn, work), plain, plain))

    assert fed == [("0", 0), ("1", 1), ("2", 1), ("3", 1)]
