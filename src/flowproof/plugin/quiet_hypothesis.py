"""
Spares a session that has no property the import of Hypothesis.

Hypothesis's own plugin loads all of Hypothesis to write its summary, in every session of whoever has it installed: a
third of a second. Where nothing has imported it until the end, and no other process ran tests, there is none to write.
"""

import sys

import pytest

__all__ = ["QuietHypothesis"]

PLUGIN = "hypothesispytest"  # the name of its entry point


class QuietHypothesis:
    """Takes Hypothesis's plugin out of a session before the summary, where it has nothing to say."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Its other hooks have done their work, and looked whether Hypothesis is there."""
        plugins = session.config.pluginmanager
        is_alone = not plugins.has_plugin("dsession") and not hasattr(session.config, "workerinput")
        if is_alone and "hypothesis" not in sys.modules and plugins.has_plugin(PLUGIN):
            plugins.unregister(name=PLUGIN)
