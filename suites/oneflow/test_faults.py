"""Faults: the provider's bodies, real connection faults, and what retries achieve."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import requests

from flowproof.clients import NO_RETRY, RateLimited, Retry, ServerFailed, UnexpectedAnswer, Unreachable
from flowproof.clients.oneflow import OneFlow
from flowproof.conformance import Finding
from flowproof.target import Workspace

from .raw_client import RawClient, error_of
from .strategies import minimum_order

LIST = "/api/order"


@pytest.fixture
def impatient(workspace: Workspace, make_oneflow: Callable[..., OneFlow]) -> OneFlow:
    """A client that sends each request once."""
    return make_oneflow(workspace, retry=NO_RETRY, timeout_s=5.0)


def kept_ids(oneflow: OneFlow) -> list[str | None]:
    """The `sourceOrderId` of every order, oldest first."""
    return [order.source_order_id for order in oneflow.orders(pagesize=100).orders][::-1]


@pytest.mark.requirement("oneflow.error.internal", "oneflow.error.body", "oneflow.response.json")
def test_internal_failure_has_the_provider_body(workspace: Workspace, raw: RawClient) -> None:
    """
    A failure on the provider's side is answered 500 with the documented error body.
    """
    workspace.faults.set({"fault": "status", "status": 500})

    assert error_of(raw.send("GET", LIST))["code"] == 500


@pytest.mark.requirement("oneflow.error.unavailable", "oneflow.error.body", "oneflow.response.json")
def test_maintenance_has_the_provider_body(workspace: Workspace, raw: RawClient) -> None:
    """
    While the provider is offline for maintenance, every operation is answered 503 with the documented error body.
    """
    workspace.faults.set({"fault": "status", "status": 503})
    calls = [("GET", LIST, None), ("POST", LIST, b"{}"), ("PUT", "/api/order/brandx/1/cancel", None)]

    answers = [raw.send(method, path, body=body) for method, path, body in calls]

    assert [(each.status_code, error_of(each)["code"]) for each in answers] == [(503, 503)] * 3


@pytest.mark.requirement("oneflow.error.rate_limit", "oneflow.error.body")
def test_rate_limit_says_how_long_to_wait(workspace: Workspace, impatient: OneFlow, raw: RawClient) -> None:
    """
    A client over its rate is answered 429, with the documented error body and the seconds to wait.
    """
    workspace.faults.set({"fault": "status", "status": 429, "retry_after_s": 18})
    answer = raw.send("GET", LIST)

    with pytest.raises(RateLimited) as refused:
        impatient.orders()

    assert (answer.status_code, answer.headers["Retry-After"], error_of(answer)["code"]) == (429, "18", 429)
    assert refused.value.retry_after_s == 18


@pytest.mark.requirement("oneflow.error.rate_limit")
def test_client_waits_as_long_as_it_is_asked_to(workspace: Workspace, make_oneflow: Callable[..., OneFlow]) -> None:
    """
    The client repeats a request that was over its rate after the seconds that the provider asks for.
    """
    waits: list[float] = []
    workspace.faults.set({"fault": "status", "status": 429, "retry_after_s": 18, "first": 2})

    page = make_oneflow(workspace, sleep=waits.append).orders()

    assert (page.orders, waits) == ((), [18, 18])


@pytest.mark.requirement("oneflow.submission.scaling")
def test_client_submits_again_while_the_provider_scales_up(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    While the provider scales up the first submissions get 5XX; the client submits again until one is accepted.
    """
    workspace.faults.set("oneflow.scaling_up")
    receipt = oneflow.submit(minimum_order("1"))

    statuses = [entry["response"]["status"] for entry in workspace.journal.entries()]
    assert (statuses[-1], {status // 100 for status in statuses[:-1]}) == (201, {5})
    assert oneflow.wait_for_order(receipt.id).source_order_id == "1"


@pytest.mark.requirement("oneflow.submission.scaling")
def test_refused_submission_while_scaling_up_leaves_no_order(workspace: Workspace, impatient: OneFlow) -> None:
    """
    A submission that was answered 5XX while the provider scales up becomes no order.
    """
    with workspace.faults.during("oneflow.scaling_up"), pytest.raises(ServerFailed):
        impatient.submit(minimum_order("1"))
    workspace.clock.advance(60)

    assert kept_ids(impatient) == []


@pytest.mark.requirement("oneflow.submission.scaling")
def test_scaling_up_concerns_submissions_only(workspace: Workspace, impatient: OneFlow) -> None:
    """
    While the provider scales up its other operations are answered.
    """
    workspace.faults.set("oneflow.scaling_up")

    assert impatient.orders().orders == ()
    assert impatient.validate(minimum_order("1"))


@pytest.mark.requirement("oneflow.error.internal", "oneflow.submission.scaling")
@pytest.mark.parametrize("status", [500, 502, 503, 504, 507])
def test_client_gives_up_after_its_attempts(
    workspace: Workspace, make_oneflow: Callable[..., OneFlow], status: int
) -> None:
    """
    Where 5XX goes on, the client gives up after as many attempts as it was given, each waiting longer.
    """
    waits: list[float] = []
    workspace.faults.set({"fault": "status", "status": status, "operation": "submitOrder"})
    persistent = make_oneflow(workspace, retry=Retry(attempts=3, jitter=0.0), sleep=waits.append)

    with pytest.raises(ServerFailed) as failed:
        persistent.submit(minimum_order("1"))

    assert (failed.value.status, waits, len(workspace.journal.entries())) == (status, [1.0, 2.0], 3)


@pytest.mark.requirement("oneflow.auth.repeat", "oneflow.error.unavailable")
def test_every_attempt_is_signed_afresh_or_repeated(workspace: Workspace, raw: RawClient) -> None:
    """
    A request that got 503 is accepted when it is repeated with the same date and signature, as the SDKs do.
    """
    workspace.faults.set({"fault": "status", "status": 503, "first": 1})
    headers = raw.signed("GET", LIST)

    assert [raw.send("GET", LIST, headers=headers).status_code for _ in range(2)] == [503, 200]


# ---- Faults of the connection ----


@pytest.mark.requirement("oneflow.submission.answer")
@pytest.mark.parametrize("how", ["rst", "fin"])
def test_reset_before_processing_is_a_connection_error(workspace: Workspace, raw: RawClient, how: str) -> None:
    """
    A connection that breaks before the request is processed is a ConnectionError, and nothing was done.
    """
    body = json.dumps(minimum_order("1")).encode()
    fault = {"fault": "reset", "moment": "before", "how": how}

    with workspace.faults.during(fault), pytest.raises(requests.ConnectionError):
        raw.send("POST", LIST, body=body)
    workspace.clock.advance(60)

    assert kept_ids(raw.oneflow) == []


@pytest.mark.requirement("oneflow.submission.answer")
@pytest.mark.parametrize("how", ["rst", "fin"])
def test_reset_after_processing_is_a_connection_error(workspace: Workspace, raw: RawClient, how: str) -> None:
    """
    A connection that breaks after the request is processed is a ConnectionError too, but the order exists.
    """
    body = json.dumps(minimum_order("1")).encode()
    fault = {"fault": "reset", "moment": "after", "how": how}

    with workspace.faults.during(fault), pytest.raises(requests.ConnectionError):
        raw.send("POST", LIST, body=body)
    workspace.clock.advance(60)

    assert kept_ids(raw.oneflow) == ["1"]


@pytest.mark.requirement("oneflow.submission.answer")
def test_client_does_not_submit_again_what_may_be_stored(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    A submission whose answer was lost is not sent again: the order may have been stored.
    """
    workspace.faults.set({"fault": "reset", "moment": "after"})

    with pytest.raises(Unreachable):
        oneflow.submit(minimum_order("1"))

    assert len(workspace.journal.entries()) == 1
    workspace.faults.clear()
    workspace.clock.advance(60)
    assert kept_ids(oneflow) == ["1"]


@pytest.mark.requirement("oneflow.order.list_paging")
def test_client_reads_again_after_a_reset(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    A read whose connection broke is repeated, since reading twice does no harm.
    """
    workspace.faults.set({"fault": "reset", "first": 2})

    assert oneflow.orders().orders == ()


@pytest.mark.requirement("oneflow.response.json")
@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_truncated_body_is_an_error(workspace: Workspace, impatient: OneFlow, raw: RawClient, part: float) -> None:
    """
    An answer that breaks off is an error, never a shorter answer; the next whole one is read.
    """
    with workspace.faults.during({"fault": "truncated_body", "part": part}):
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            raw.send("GET", LIST)
        with pytest.raises(Unreachable):
            impatient.orders()

    assert impatient.orders().orders == ()


@pytest.mark.requirement("oneflow.response.json")
def test_malformed_json_is_an_unexpected_answer(
    workspace: Workspace,
    impatient: OneFlow,
    set_aside_findings: Callable[[], AbstractContextManager[list[Finding]]],
) -> None:
    """
    An answer whose JSON is cut off is an error of its own, and differs from the contract.
    """
    workspace.faults.set({"fault": "malformed_json"})

    with set_aside_findings() as findings, pytest.raises(UnexpectedAnswer):
        impatient.orders()

    assert [finding.where for finding in findings] == ["response.body"]


@pytest.mark.requirement("oneflow.response.json")
def test_slow_body_arrives_whole(workspace: Workspace, impatient: OneFlow) -> None:
    """
    An answer that trickles in is the same answer.
    """
    workspace.faults.set({"fault": "slow_body", "seconds": 0.1, "pieces": 5})

    assert impatient.validate(minimum_order("1")) == minimum_order("1")


@pytest.mark.requirement("oneflow.response.json")
@pytest.mark.parametrize(
    "fault", [{"fault": "slow_body", "seconds": 4, "pieces": 2}, {"fault": "latency", "seconds": 2}]
)
def test_slow_answer_is_a_timeout(
    workspace: Workspace, make_oneflow: Callable[..., OneFlow], fault: dict[str, object]
) -> None:
    """
    An answer that is slower than the client's timeout is an error; the next one in time is read.
    """
    with workspace.faults.during(fault), pytest.raises(Unreachable) as lost:
        make_oneflow(workspace, retry=NO_RETRY, timeout_s=0.15).orders()

    assert isinstance(lost.value.__cause__, requests.Timeout | requests.ConnectionError)
    assert make_oneflow(workspace, retry=NO_RETRY).orders().orders == ()


@pytest.mark.requirement("oneflow.error.unavailable")
def test_faults_hit_the_calls_they_are_meant_for(workspace: Workspace, raw: RawClient) -> None:
    """
    A fault plan hits every so many-th call of its operation, shows in the journal, and leaves the others alone.
    """
    workspace.faults.set({"id": "third", "fault": "status", "status": 503, "operation": "listOrders", "every": 3})
    answered = [raw.send("GET", LIST).status_code for _ in range(6)]
    others = raw.send("POST", "/api/order/validate", body=json.dumps(minimum_order("1")).encode())

    assert (answered, others.status_code) == ([200, 200, 503, 200, 200, 503], 200)
    hit = [entry["number"] for entry in workspace.journal.entries() if entry["faults"]]
    assert hit == [3, 6]


@pytest.mark.requirement("oneflow.auth.identity")
def test_faults_of_one_workspace_are_no_others(
    workspace: Workspace, make_workspace: Callable[..., Workspace], make_oneflow: Callable[..., OneFlow]
) -> None:
    """
    What goes wrong in one workspace goes wrong in no other.
    """
    workspace.faults.set({"fault": "status", "status": 503})
    with make_workspace() as other, make_oneflow(other, retry=NO_RETRY) as oneflow:
        assert oneflow.orders().orders == ()
