"""
The error tree. Every error raised on purpose has one base class, fields, and one sentence of help.

    FlowproofError
    ├── ConfigurationError        the configuration is wrong (exit code 2)
    ├── ContractError             a contract's own files are broken
    ├── StoreError                the state cannot be read or written
    │   ├── StoreUnavailable      it cannot be reached now
    │   └── StoreConflict         something of that id or key is in the state already
    └── ClientError               flowproof.clients.errors: errors of a provider's client
"""

from dataclasses import dataclass

__all__ = ["ConfigurationError", "ContractError", "FlowproofError", "StoreConflict", "StoreError", "StoreUnavailable"]


class FlowproofError(Exception):
    """The base class of every error raised on purpose."""


@dataclass(eq=False)
class ConfigurationError(FlowproofError):
    """
    The configuration is wrong.

    Args:
        what: What is wrong and where, in one sentence.
        fix: How to fix it, in one sentence.
    """

    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.what} {self.fix}"


@dataclass(eq=False)
class ContractError(FlowproofError):
    """
    A file of a contract is missing or broken.

    Args:
        provider: Slug of the provider.
        what: What is broken and where.
    """

    provider: str
    what: str

    def __str__(self) -> str:
        return f"contract of {self.provider}: {self.what}"


@dataclass(eq=False)
class StoreError(FlowproofError):
    """
    The state cannot be read or written.

    Args:
        what: What went wrong.
    """

    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(eq=False)
class StoreUnavailable(StoreError):
    """The state cannot be reached now; nothing of what was tried is kept, and it can be tried again."""


@dataclass(eq=False)
class StoreConflict(StoreError):
    """Something of that id or key is in the state already."""
