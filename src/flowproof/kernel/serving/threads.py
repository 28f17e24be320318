"""
The threads in which requests wait for a database that several servers share.

Measured with one statement after the other in 16 transactions at a time, 2 cores: threads and blocking statements take
0.1 ms of processor time a transaction and psycopg's asynchronous connections 0.4 ms; one transaction at a time has to
wait for the disk with each commit and comes to a seventh of the rate.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["COURIER_THREADS", "REQUEST_THREADS", "DatabaseThreads"]

REQUEST_THREADS = 16
COURIER_THREADS = 4  # of their own, so that no request waits behind tasks and deliveries
Result = TypeVar("Result")


class DatabaseThreads:
    """
    Args:
        number: How many at most.
    """

    def __init__(self, number: int) -> None:
        self._executor = ThreadPoolExecutor(number, thread_name_prefix="flowproof-database")

    async def run(self, step: Callable[..., Result], *arguments: object) -> Result:
        """Run a step in one of the threads; the event loop goes on meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, step, *arguments)
