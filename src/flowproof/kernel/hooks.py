"""
Where a test tool watches or changes what a mock does. No hook is set by default, and then no request pays for one.

Mutation testing sets them in a process of its own::

    gateway.mock.hooks.answer_filter = lambda provider, operation, answer, findings: replace(answer, status=500)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flowproof.conformance import Finding

from .http.response import WireResponse

__all__ = ["AnswerFilter", "FindingsFilter", "MockHooks"]

AnswerFilter = Callable[[str, str | None, WireResponse, Sequence[Finding]], WireResponse]
FindingsFilter = Callable[[str, Sequence[Any]], Sequence[Any]]


@dataclass(slots=True)
class MockHooks:
    """
    The hooks of one mock: assign a field to set one, None to remove it. They hold for every request from then on.

    Args:
        answer_filter: Called once for each answer to a request that reached a workspace, refusals included, when its
            headers are complete and before the journal has it. It gets the provider's slug, the id of the operation
            (None where the contract has none), the answer (``answer.requirement`` is the cited id), and the findings:
            those of the refusal, or those by which the answer breaks the contract. It returns what the client and the
            journal get.
        findings_filter: Called with a provider's slug and what its checks found, before anybody decides on a refusal:
            parameters and body by the contract, :meth:`ProviderContext.findings`, :meth:`ProviderContext.filtered`.
            Each item has the attribute ``requirement``. It is not called where nothing was found. It returns the items
            that count. A rule that raises its refusal itself cannot be filtered; its findings reach `answer_filter`.
    """

    answer_filter: AnswerFilter | None = None
    findings_filter: FindingsFilter | None = None
