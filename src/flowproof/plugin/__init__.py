"""
The pytest plugin: mocks, clients and targets as fixtures, requirements as markers, contracts checked by the way.

pytest loads this in every session of every project that has Flowproof installed, so nothing here or in what it imports
loads the kernel, a kit, Flask, Hypothesis or requests before a fixture asks for it.
"""

from .fixtures import (
    flowproof_mock_workspace,
    flowproof_server,
    flowproof_target,
    flowproof_workspace,
    inbox,
    make_inbox,
    make_workspace,
    replay_case,
    set_aside_findings,
    target,
    workspace,
)
from .hooks import (
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_generate_tests,
    pytest_runtest_call,
    pytest_runtest_makereport,
    pytest_runtest_setup,
)

__all__ = [
    "flowproof_mock_workspace",
    "flowproof_server",
    "flowproof_target",
    "flowproof_workspace",
    "inbox",
    "make_inbox",
    "make_workspace",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_generate_tests",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "replay_case",
    "set_aside_findings",
    "target",
    "workspace",
]
