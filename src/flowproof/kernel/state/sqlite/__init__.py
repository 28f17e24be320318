"""The store in one SQLite database, in memory or in a file. Nothing else in the kernel may import ``sqlite3``."""

from .store import IN_MEMORY, SqliteStore

__all__ = ["IN_MEMORY", "SqliteStore"]
