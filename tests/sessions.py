"""Settings of the pytest sessions that tests start with every plugin that is installed."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["QUICK"]

QUICK: Mapping[str, str] = MappingProxyType({"PYTEST_ADDOPTS": "-p no:schemathesis"})
"""Variables of the environment: without a plugin that takes a second to load and that no test uses."""
