"""A session in a light installation: what is missing is a sentence that names the extra, not a traceback."""

from collections.abc import Generator
from functools import partial
from typing import NoReturn

import pytest

from flowproof.extras import missing_extra

__all__ = ["LightInstall"]


class LightInstall:
    """Says which extra is missing: where a suite is collected, where a fixture is made, and in a test."""

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """A module that cannot be imported is reported by a sentence."""
        report = yield
        call = getattr(report, "call", None)
        found = missing_extra(call.excinfo.value) if report.failed and call is not None and call.excinfo else None
        if found is not None:
            report.longrepr = str(found)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """So is a test or a fixture that needs more than there is."""
        found = missing_extra(call.excinfo.value) if call.excinfo is not None else None
        if found is not None:
            call.excinfo = pytest.CallInfo.from_call(partial(_fail, str(found)), call.when).excinfo
        return (yield)


def _fail(sentence: str) -> NoReturn:
    pytest.fail(sentence, pytrace=False)
