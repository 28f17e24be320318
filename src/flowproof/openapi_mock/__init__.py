"""
A mock that an OpenAPI document drives: stateful where paths name collections, from examples and schemas elsewhere.

`openapi_provider` makes a provider of a contract. What it infers can be replaced operation by operation.
"""

from .provider import openapi_provider
from .replacements import find_replacements

__all__ = ["find_replacements", "openapi_provider"]
