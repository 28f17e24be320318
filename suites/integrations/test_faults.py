"""Faults: the error envelope, and what the client repeats."""

from collections.abc import Callable

import pytest

from flowproof.clients import NO_RETRY, RateLimited, ServerFailed, Unreachable
from flowproof.clients.integrations import Integrations
from flowproof.target import Workspace

from .raw_client import CONFIGURE_WORKFLOW, TRIGGERS, RawClient, error_of

STATUS = {"type": "update_status", "status": "seen"}


@pytest.mark.requirement(
    "integrations.error.rate_limit", "integrations.error.internal", "integrations.error.unavailable"
)
@pytest.mark.requirement("integrations.error.envelope")
@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_faults_have_the_envelope(workspace: Workspace, raw: RawClient, status: int) -> None:
    """
    Whatever goes wrong on the provider's side, the body has the documented envelope.
    """
    workspace.faults.set({"fault": "status", "status": status})

    assert error_of(raw.send("GET", TRIGGERS))[0] == status


@pytest.mark.requirement("integrations.error.rate_limit")
def test_rate_limit_is_waited_out(workspace: Workspace, make_integrations: Callable[..., Integrations]) -> None:
    """
    The named fault plan refuses two requests; the client waits as long as it is asked to, and asks again.
    """
    waits: list[float] = []
    workspace.faults.set("integrations.rate_limited")
    triggers = make_integrations(workspace, sleep=waits.append).triggers("Order")

    assert (waits, len(triggers)) == ([1, 1], 2)


@pytest.mark.requirement("integrations.error.rate_limit")
def test_rate_limit_says_how_long_to_wait(workspace: Workspace, make_integrations: Callable[..., Integrations]) -> None:
    """
    A client that does not repeat gets an error with the seconds to wait.
    """
    workspace.faults.set({"fault": "status", "status": 429, "retry_after_s": 18})

    with pytest.raises(RateLimited) as refused:
        make_integrations(workspace, retry=NO_RETRY).triggers("Order")

    assert refused.value.retry_after_s == 18


@pytest.mark.requirement("integrations.workflow.toggle_get", "integrations.workflow.toggle_once")
def test_toggle_is_not_repeated_by_itself(workspace: Workspace, integrations: Integrations) -> None:
    """
    A GET that changes state is not sent again after a lost answer or a 5XX: it would be undone.
    """
    trigger = integrations.triggers("Order")[0].guid
    guid = integrations.configure_workflow("One", "Order", trigger, STATUS).guid
    lost = {"fault": "reset", "moment": "after", "operation": "toggleWorkflow"}
    with workspace.faults.during(lost), pytest.raises(Unreachable):
        integrations.toggle(guid)
    down = {"fault": "status", "status": 503, "operation": "toggleWorkflow"}
    with workspace.faults.during(down), pytest.raises(ServerFailed):
        integrations.toggle(guid)

    assert [each.is_active for each in integrations.workflows("Order")] == [False]


@pytest.mark.requirement("integrations.error.size")
def test_body_that_is_too_large_is_refused(raw: RawClient) -> None:
    """
    A body of more than a mebibyte is answered 413 in the envelope.
    """
    answer = raw.send("POST", CONFIGURE_WORKFLOW, body=b'{"name":"' + b"x" * 1024 * 1024 + b'"}')

    assert error_of(answer)[0] == 413
