"""Hooks of a mock: what a test tool may watch and change."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from flowproof.conformance import Finding
from flowproof.kernel.hooks import MockHooks
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.serving import Gateway
from tests.kernel.notes.desk import Desk


@pytest.fixture
def hooks(gateway: Gateway) -> Iterator[MockHooks]:
    """The hooks of the server's mock; none is set before and after."""
    hooks = gateway.mock.hooks
    yield hooks
    hooks.answer_filter = hooks.findings_filter = None


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
