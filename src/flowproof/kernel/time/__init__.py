"""The time of a workspace: its clock, and what is due on it."""
