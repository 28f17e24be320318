"""Values that were read before. It is bounded, and it answers inside a transaction only: see ``Store.cached``."""

from collections.abc import Callable
from itertools import islice
from typing import Any, TypeVar

__all__ = ["Cache"]

MAX_ENTRIES = 100_000
Key = tuple[str | None, ...]
Value = TypeVar("Value")


class Cache:
    def __init__(self) -> None:
        self._values: dict[Key, Any] = {}
        self._is_open = False
        self._drops_on_rollback = False

    def open(self) -> None:
        """A transaction begins: what is cached holds until it ends."""
        self._is_open, self._drops_on_rollback = True, False

    def close(self) -> None:
        """The transaction ends."""
        self._is_open = False

    def get_or_read(self, key: Key, read: Callable[[], Value]) -> Value:
        if not self._is_open:
            return read()
        try:
            found: Value = self._values[key]
        except KeyError:
            found = self.put(key, read())
        return found

    def get(self, key: Key) -> Any:
        """The value, or None where none is cached."""
        return self._values.get(key) if self._is_open else None

    def last(self, key: Key) -> Any:
        """The value that was cached last, whether it still holds or not."""
        return self._values.get(key)

    def put(self, key: Key, value: Value) -> Value:
        """Cache a value and return it; the oldest entries make room."""
        if self._is_open:
            if len(self._values) >= MAX_ENTRIES:
                for old in tuple(islice(self._values, MAX_ENTRIES // 10)):
                    del self._values[old]
            self._values[key] = value
        return value

    def clear(self) -> None:
        self._values.clear()

    def drop_on_rollback(self) -> None:
        """Clear it if the transaction, or a part of it, is rolled back: it may hold what was written inside."""
        self._drops_on_rollback = True

    def rolled_back(self) -> None:
        if self._drops_on_rollback:
            self._values.clear()
