"""Tasks that become due on a workspace's clock, each run at its own moment."""

from collections.abc import Callable, Collection, Sequence

from flowproof.errors import StoreUnavailable
from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import TaskRow

from .clock import Clock, microseconds

__all__ = ["run_due_tasks"]

BATCH = 10  # read and removed together


def run_due_tasks(
    store: Store,
    workspace: str,
    clock: Clock,
    providers: Collection[str],
    run: Callable[[TaskRow], int | None],
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
        run: Runs one task; returns when the first of those is due that it has scheduled, in microseconds since 1970.
        keep_failed: Keeps one that failed, with its error.
        limit: How many to run at most.

    Returns:
        Whether no task is left that is due.
    """
    with store.transaction():
        until_us, left = microseconds(clock.now()), limit
        while left > 0:
            batch = store.tasks.due(workspace, until_us, providers, limit=min(left, BATCH))
            if not batch:
                return True
            done, is_last = _run_batch(store, batch, run, keep_failed)
            store.tasks.remove(batch[:done])
            left -= done
            if is_last and len(batch) < BATCH and done == len(batch) <= left:
                return True
        return False


def _run_batch(
    store: Store,
    batch: Sequence[TaskRow],
    run: Callable[[TaskRow], int | None],
    keep_failed: Callable[[TaskRow, Exception], None],
) -> tuple[int, bool]:
    """
    Run tasks up to the one that a task overtakes which another has scheduled.

    All have one savepoint; where one fails, the first is run by itself, so that only a failing task is undone and kept.

    Returns:
        How many were run, and whether none of them has scheduled a task.
    """
    try:
        with store.savepoint():
            return _run_in_order(batch, run)
    except StoreUnavailable:  # which is no fault of a task
        raise
    except Exception as error:  # noqa: BLE001 (whatever it is, the task is kept and the error is logged)
        if len(batch) > 1:
            return _run_batch(store, batch[:1], run, keep_failed)[0], False
        keep_failed(batch[0], error)
        return 1, False


def _run_in_order(batch: Sequence[TaskRow], run: Callable[[TaskRow], int | None]) -> tuple[int, bool]:
    earliest_us: int | None = None
    for done, row in enumerate(batch):
        if earliest_us is not None and earliest_us < row.due_us:
            return done, False
        scheduled_us = run(row)
        if scheduled_us is not None:
            earliest_us = scheduled_us if earliest_us is None else min(earliest_us, scheduled_us)
    return len(batch), earliest_us is None
