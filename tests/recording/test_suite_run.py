"""A part of every suite's own run against the mock: recorded, replayed, and sent to a mock again."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from flowproof.conformance import Finding
from flowproof.kernel.http.response import WireResponse
from flowproof.recording import Recording, read_document
from flowproof.replay import Replay, Request
from tests import tree

from .suite_runs import Archive, record_suites, sent_again

# Together: credentials of every role, signatures, pages and tokens of OAuth, faults, seed data, clocks, snapshots.
# scripts/suite_round_trip.py takes whole suites.
TESTS = {
    "dots_eco": ("test_access.py",),
    "flow1st": ("test_environments.py", "test_errors.py"),
    "integrations": ("test_faults.py", "test_secrets.py"),
    "oneflow": ("test_cancelling.py",),
    "otter": ("test_scopes.py", "test_structure.py"),
}
# By nature: a fault breaks the connection, the client has given up before its body had gone out, or it has signed with
# a secret that it alone knows.
OF_NATURE = {
    "a fault of the recording broke its answer",
    "the recording does not have the whole body of its request",
    "its request is signed with credentials that were made meanwhile",
}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Archive]]:
    """The recordings of one run of these tests, by provider."""
    return record_suites(TESTS, tmp_path_factory.mktemp("recorded"))


def test_no_suite_is_left_out() -> None:
    """Every provider's suite has a part in the round trip."""
    assert sorted(TESTS) == sorted(tree.every_slug())


@pytest.mark.parametrize("slug", TESTS)
def test_suites_own_run_finds_no_drift(slug: str, archives: dict[str, list[Archive]]) -> None:
    """What a suite itself has sent is answered the same by another mock, and what is not compared has its reason."""
    found = sent_again(slug, archives[slug])

    assert found.differing == []
    assert (found.workspaces >= 8, found.compared >= 20) == (True, True)
    assert {why for why in found.not_compared if not why.startswith("the contract of")} <= OF_NATURE


def in_other_words(
    _slug: str, _operation: str | None, answer: WireResponse, _findings: Sequence[Finding]
) -> WireResponse:
    """What a mock answers that does not have the balance of its documents."""
    return replace(answer, body=answer.body.replace(b'"balance"', b'"credit"'))


def test_mock_that_has_come_to_lie_is_found(archives: dict[str, list[Archive]]) -> None:
    """The same recordings on a mock with one other word find exactly the operation that has it."""
    found = sent_again("dots_eco", archives["dots_eco"], answer_filter=in_other_words)

    assert {(each.operation, each.status) for _, each in found.differing} == {("getApplicationBalance", 200)}


def wrongly_replayed(recording: Recording) -> list[int]:
    """Numbers of the exchanges that a replay of their own recording answers otherwise."""
    replay, wrong = Replay([recording]), []
    for each in recording.exchanges:
        request = Request.read(each.method, each.url, each.request.header("content-type"), each.request.body or b"")
        found = replay.find(request)
        if found is None or (found.status, found.response.body) != (each.status, each.response.body):
            wrong.append(each.number)
    return wrong


def test_suites_own_run_is_replayed_to_the_byte(archives: dict[str, list[Archive]]) -> None:
    """A replay answers every request of a suite as the mock has, status and bytes."""
    recordings = [read_document("run.har", each) for each in archives["flow1st"]]

    assert [wrongly_replayed(each) for each in recordings] == [[] for _ in recordings]
