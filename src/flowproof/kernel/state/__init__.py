"""The state of all workspaces: what the kernel needs of a store, and SQLite behind it."""
