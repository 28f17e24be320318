"""
What every process of a mutant needs, loaded once before any is forked.

No provider is among it: a patched mutant has to import it changed.
"""

import requests  # noqa: F401 (loaded for the forks, as the modules below are)
import uvicorn.loops.auto  # noqa: F401

from flowproof.conformance import explanation  # noqa: F401
from flowproof.kernel import serving  # noqa: F401
from flowproof.kernel.control.app import control_contract
from flowproof.plugin import connections  # noqa: F401

from .first_example import draw_first_example

__all__ = ["preload"]


def preload() -> None:
    """Make what a process makes once: the control API's contract, and what Hypothesis keeps from its first property."""
    control_contract()
    draw_first_example()
