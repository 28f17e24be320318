"""Tasks that become due on a workspace's clock, each run at its own moment."""

import logging
from collections.abc import Callable, Collection

from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import TaskRow

from .clock import Clock, microseconds

__all__ = ["run_due_tasks"]

logger = logging.getLogger("flowproof.mock")


def run_due_tasks(
    store: Store,
    workspace: str,
    clock: Clock,
    providers: Collection[str],
    run: Callable[[TaskRow], None],
    *,
    limit: int,
) -> bool:
    """
    Run the tasks that are due, in their order, in one transaction.

    A task that a task schedules is run too, if it is due. A task that fails is undone, logged and dropped: it would
    otherwise fail every request from then on.

    Args:
        store: Where the tasks are.
        workspace: Id of the workspace.
        clock: Its clock.
        providers: Slugs of those whose tasks can be run; others stay.
        run: Runs one task.
        limit: How many to run at most.

    Returns:
        Whether no task is left that is due.
    """
    with store.transaction():
        until_us = microseconds(clock.now())
        for _ in range(limit):
            row = store.tasks.take_due(workspace, until_us, providers)
            if row is None:
                return True
            try:
                with store.savepoint():
                    run(row)
            except Exception:
                logger.exception("%s: the task %s of %s failed and is dropped", workspace, row.name, row.provider)
        return False
