"""Contract tests and strict, stateful mock servers for provider APIs."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("flowproof")
