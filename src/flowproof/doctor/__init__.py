"""
What is misconfigured, found before any test runs, and how to mend it.

Looks at a profile, its network and its credentials; changes nothing on the target, and judges no provider. What only a
provider's own can know (does this token work?) is in its suite's room ``doctor``, as ``checks``.
"""

from .check import Check, State
from .examination import ProviderChecks, examine

__all__ = ["Check", "ProviderChecks", "State", "examine"]
