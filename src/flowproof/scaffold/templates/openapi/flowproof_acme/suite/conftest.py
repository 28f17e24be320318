"""Fixtures of this suite."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from flowproof.conformance import Finding


@pytest.fixture
def refused(
    set_aside_findings: Callable[[], AbstractContextManager[list[Finding]]],
) -> Callable[[], AbstractContextManager[None]]:
    """A block of requests that are to be refused: a status that the document leaves out is no fault there."""

    @contextmanager
    def block() -> Iterator[None]:
        with set_aside_findings() as findings:
            yield
        assert [each for each in findings if each.keyword != "status"] == []

    return block
