"""
What is misconfigured, found before any test runs, and how to fix it.

Looks at a profile, its network and its credentials; changes nothing on the target, and judges no provider. What only a
provider's own code can find out (does this token work?) its kit names as ``checks``.
"""

from .check import Check, State
from .examination import ProviderChecks, examine

__all__ = ["Check", "ProviderChecks", "State", "examine"]
