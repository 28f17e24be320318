"""
`pytester` forgets the modules that a session inside the session has loaded. PyYAML cannot be loaded a second time: its
C part goes on speaking of the classes of the first. So it is here before any such session begins.
"""

from collections.abc import Callable

import pytest
import yaml

from flowproof.clients.oneflow import OneFlow
from flowproof.target import ControlClient

__all__ = ["yaml"]


@pytest.fixture(scope="session")
def loaded(flowproof_server: ControlClient, make_oneflow: Callable[..., OneFlow]) -> None:
    """Everything that sessions inside this process will need, loaded once and not by each of them."""
    from flowproof.certify.guard import Guard
    from flowproof.conformance.explanation import Explainer
    from flowproof.plugin.run_store_plugin import RunStorePlugin
    from flowproof.tls.authority import Authority

    assert [each.__name__ for each in (Explainer, RunStorePlugin, Guard, Authority)]
