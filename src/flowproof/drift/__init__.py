"""
Where two targets answer the same requests differently: a mock and a sandbox, or a sandbox before and after a release.

Compares; judges neither. Values that differ from call to call are folded by rule first.
"""

from .comparison import Difference, compare
from .run import Drift, Outcome, find_drift
from .uniqueness import UniqueValues

__all__ = ["Difference", "Drift", "Outcome", "UniqueValues", "compare", "find_drift"]
