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
            wanted = min(left, BATCH)
            batch = store.tasks.due(workspace, until_us, providers, limit=wanted)
            done, scheduled_us = _run_batch(store, batch, run, keep_failed) if batch else (0, None)
            store.tasks.remove(batch[:done])
            left -= done
            is_due = scheduled_us is not None and scheduled_us <= until_us
            if done == len(batch) < wanted and not is_due:
                return True
        return False


def _run_batch(
    store: Store,
    batch: Sequence[TaskRow],
    run: Callable[[TaskRow], int | None],
    keep_failed: Callable[[TaskRow, Exception], None],
) -> tuple[int, int | None]:
    """
    Run tasks up to the one that a task overtakes which another has scheduled.

    All have one savepoint; where one fails, the first is run by itself, so that only a failing task is undone and kept.

    Returns:
        How many were run, and when the first of the tasks is due that they have scheduled.
    """
    try:
        with store.savepoint():
            return _run_in_order(batch, run)
    except StoreUnavailable:  # which is no fault of a task
        raise
    except Exception as error:  # noqa: BLE001 (whatever it is, the task is kept and the error is logged)
        if len(batch) > 1:
            return _run_batch(store, batch[:1], run, keep_failed)
        keep_failed(batch[0], error)
        return 1, None


def _run_in_order(batch: Sequence[TaskRow], run: Callable[[TaskRow], int | None]) -> tuple[int, int | None]:
    earliest_us: int | None = None
    for done, row in enumerate(batch):
        if earliest_us is not None and earliest_us < row.due_us:
            return done, earliest_us
        scheduled_us = run(row)
        if scheduled_us is not None:
            earliest_us = scheduled_us if earliest_us is None else min(earliest_us, scheduled_us)
    return len(batch), earliest_us
