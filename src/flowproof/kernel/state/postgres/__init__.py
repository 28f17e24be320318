"""The store in a PostgreSQL database that several servers share. Nothing else in the kernel may import ``psycopg``."""

from .store import PostgresStore

__all__ = ["PostgresStore"]
