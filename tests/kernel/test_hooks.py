"""Hooks of a mock: what a test tool may watch and change."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from flowproof.conformance import Finding
from flowproof.kernel.hooks import Inputs, MockHooks
from flowproof.kernel.http.request import ProviderRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.serving import Gateway
from tests.kernel.notes.desk import Desk


@pytest.fixture
def hooks(gateway: Gateway) -> Iterator[MockHooks]:
    """The hooks of the server's mock; none is set before and after."""
    hooks = gateway.mock.hooks
    yield hooks
    hooks.answer_filter = hooks.findings_filter = hooks.request_filter = hooks.input_filter = None


def test_answer_filter_replaces_the_answer(desk: Desk, hooks: MockHooks) -> None:
    """
    The client and the journal get what the filter returns.
    """
    hooks.answer_filter = lambda _slug, _operation, answer, _findings: replace(answer, status=418, body=b"{}")
    answer = desk.ask("GET", "/notes")

    assert (answer.status_code, answer.json()) == (418, {})
    assert desk.journal()[0]["response"]["status"] == 418


def test_answer_filter_sees_refusals(desk: Desk, hooks: MockHooks) -> None:
    """
    A refusal reaches the filter once, with its provider, operation, status, requirement and findings.
    """
    seen: list[tuple[Any, ...]] = []

    def watch(slug: str, operation: str | None, answer: WireResponse, findings: Sequence[Finding]) -> WireResponse:
        requirements = [each.requirement for each in findings]
        seen.append((slug, operation, answer.status, answer.requirement, requirements))
        return answer

    hooks.answer_filter = watch
    desk.ask("POST", "/notes", json={"text": 5})

    assert seen == [("notes", "createNote", 400, "notes.text", ["notes.text"])]


def test_findings_filter_leaves_a_requirement_unenforced(desk: Desk, hooks: MockHooks) -> None:
    """
    A request is not refused for findings that the filter leaves out.
    """
    refused = desk.ask("POST", "/notes", json={"text": ""})
    hooks.findings_filter = lambda slug, findings: [each for each in findings if each.requirement != f"{slug}.text"]
    accepted = desk.ask("POST", "/notes", json={"text": ""})

    assert (refused.status_code, accepted.status_code) == (400, 201)


def test_request_filter_replaces_what_the_provider_gets(desk: Desk, hooks: MockHooks) -> None:
    """
    The provider gets the request that the filter returns; the journal keeps the one that came.
    """

    def page_by_page(_slug: str, _operation: str | None, request: ProviderRequest) -> ProviderRequest:
        return ProviderRequest(request.wire._replace(query="page=0"), request.mount, request.path)

    hooks.request_filter = page_by_page
    answer = desk.ask("GET", "/notes?page=1")

    assert (answer.status_code, desk.journal()[0]["request"]["query"]) == (400, "page=1")


def test_input_filter_replaces_what_is_validated(desk: Desk, hooks: MockHooks) -> None:
    """
    Body and parameters of the path are validated, and reach the view, as the filter returns them.
    """
    seen: list[tuple[str, str, Any]] = []

    def write(slug: str, inputs: Inputs) -> Inputs:
        seen.append((slug, inputs.match.operation.id, inputs.json))
        return inputs._replace(json={"text": "another"})

    hooks.input_filter = write
    made = desk.ask("POST", "/notes", json={"text": 5})

    assert (made.status_code, made.json()["text"]) == (201, "another")
    assert seen == [("notes", "createNote", {"text": 5})]
