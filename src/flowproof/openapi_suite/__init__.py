"""
What the suite of a provider that was made from an OpenAPI document tests by itself, on a mock and on any other target.

It draws requests from the contract; whatever is answered is checked by the contract, as each exchange of a test is.
"""

from .plan import SuitePlan, load_plan

__all__ = ["SuitePlan", "load_plan"]
