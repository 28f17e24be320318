"""
What a journal is expected to hold: calls by operation and conditions, how often, in which order.

Works on the entries as the control API shows them, and knows neither HTTP nor a workspace. The control API verifies by
it, and so does `workspace.journal`, which also takes patterns, types and functions.
"""

from .call import Call
from .document import failures
from .verification import NotAsExpected, check_operations, expect_calls, expect_only, expect_order

__all__ = ["Call", "NotAsExpected", "check_operations", "expect_calls", "expect_only", "expect_order", "failures"]
