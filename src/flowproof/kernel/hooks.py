"""
Where a test tool watches or changes what a mock does. No hook is set by default, and then no request pays for one.

Mutation testing sets them in a process of its own::

    gateway.mock.hooks.answer_filter = lambda provider, operation, answer, findings: replace(answer, status=500)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flowproof.conformance import Finding, Match

from .http.request import ProviderRequest
from .http.response import WireResponse

__all__ = ["AnswerFilter", "FindingsFilter", "InputFilter", "Inputs", "MockHooks", "RequestFilter"]


class Inputs(NamedTuple):
    """
    What an authenticated request asks for.

    Args:
        request: With its headers and query.
        match: The operation, with the decoded parameters of the path.
        json: The body's JSON value, of a form its names and values; None where the operation has no body.
    """

    request: ProviderRequest
    match: Match
    json: Any


AnswerFilter = Callable[[str, str | None, WireResponse, Sequence[Finding]], WireResponse]
FindingsFilter = Callable[[str, Sequence[Any]], Sequence[Any]]
RequestFilter = Callable[[str, str | None, ProviderRequest], ProviderRequest]
InputFilter = Callable[[str, Inputs], Inputs]


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
        request_filter: Called with a provider's slug, the id of the operation (None where the contract has none) and
            each request that reached a workspace, before the provider looks at it. It returns the request that the
            provider gets; the journal keeps the one that came.
        input_filter: Called with a provider's slug and what a request asks for, when it is authenticated and its body
            is read, before anything is validated. It returns what is validated and reaches the view. A view that needs
            Flask's context gets the parameters of the path as they came.
    """

    answer_filter: AnswerFilter | None = None
    findings_filter: FindingsFilter | None = None
    request_filter: RequestFilter | None = None
    input_filter: InputFilter | None = None
