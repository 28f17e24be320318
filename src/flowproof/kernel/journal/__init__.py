"""The journal of a workspace: its exchanges, redacted and rendered."""
