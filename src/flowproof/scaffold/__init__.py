"""
Makes the distribution of a provider: contract, fixtures, mock, client and suite, with everything that commands ask for.

What it writes belongs to its user from then on. It imports no provider and no kernel.
"""

from .distribution import Distribution, NameRefused, check_name
from .example import example_distribution
from .openapi import openapi_distribution, traffic_distribution

__all__ = [
    "Distribution",
    "NameRefused",
    "check_name",
    "example_distribution",
    "openapi_distribution",
    "traffic_distribution",
]
