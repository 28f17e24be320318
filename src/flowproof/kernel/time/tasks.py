"""Tasks that become due on a workspace's clock, each run at its own moment."""

from collections.abc import Callable, Collection

from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import TaskRow

from .clock import Clock, microseconds

__all__ = ["run_due_tasks"]


def run_due_tasks(
    store: Store,
    workspace: str,
    clock: Clock,
    providers: Collection[str],
    run: Callable[[TaskRow], None],
    keep_failed: Callable[[TaskRow, Exception], None],
    *,
    limit: int,
) -> bool:
    """
    Run the tasks that are due, in their order, in one transaction.

    A task that a task schedules is run too, if it is due. A task that fails is undone and set aside: it would otherwise
    fail every request from then on.

    Args:
        store: Where the tasks are.
        workspace: Id of the workspace.
        clock: Its clock.
        providers: Slugs of those whose tasks can be run; others stay.
        run: Runs one task.
        keep_failed: Keeps one that failed, with its error.
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
            except Exception as error:  # noqa: BLE001 (whatever it is, the task is kept and the error is logged)
                keep_failed(row, error)
        return False
