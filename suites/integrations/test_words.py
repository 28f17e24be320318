"""The words of a mock's errors, which no document has: each refusal has its own code and message, to the letter."""

from collections.abc import Callable
from typing import Any

import pytest

from flowproof.target import Workspace

from .raw_client import CONFIGURE, CONFIGURE_WORKFLOW, SAVE_SUBSCRIPTION, TRIGGERS, RawClient, error_of
from .test_access import OPERATIONS

pytestmark = pytest.mark.usefixtures("workspace")

WORKFLOWS, RESUME, TOGGLE = "/api/workflows/Order/configured", "/api/workflows/resume-workflow", "configured/x/toggle"
NOBODY = {"providerId": "nobody", "providerType": "ecommerce", "credentials": {}}
STATUS = {"type": "update_status", "status": "x"}
NO_TRIGGER = {"name": "x", "entityType": "Order", "triggerId": "nothing", "action": STATUS}
HUGE = b'{"name":"' + b"x" * 1024 * 1024 + b'"}'
TEXT = {"Content-Type": "text/plain"}
MISSING = "Invalid configuration: {}".format

REFUSALS: dict[str, tuple[Callable[[RawClient], Any], tuple[int, str, str]]] = {
    "no such platform": (
        lambda raw: raw.send("POST", CONFIGURE, value=NOBODY),
        (404, "NOT_FOUND", "Provider not found"),
    ),
    "no such trigger": (
        lambda raw: raw.send("POST", CONFIGURE_WORKFLOW, value=NO_TRIGGER),
        (404, "NOT_FOUND", "Trigger not found"),
    ),
    "no such entity type of triggers": (
        lambda raw: raw.send("GET", "/api/workflows/triggers/Nothing"),
        (404, "NOT_FOUND", "Entity type not found"),
    ),
    "no such entity type of workflows": (
        lambda raw: raw.send("GET", "/api/workflows/Nothing/configured"),
        (404, "NOT_FOUND", "Entity type not found"),
    ),
    "an empty configuration": (
        lambda raw: raw.send("POST", CONFIGURE, value={}),
        (
            400,
            "CONFIGURATION_ERROR",
            MISSING("providerId is required; providerType is required; credentials is required"),
        ),
    ),
    "an empty workflow": (
        lambda raw: raw.send("POST", CONFIGURE_WORKFLOW, value={}),
        (
            400,
            "CONFIGURATION_ERROR",
            MISSING("name is required; entityType is required; triggerId is required; action is required"),
        ),
    ),
    "an empty subscription": (
        lambda raw: raw.send("POST", SAVE_SUBSCRIPTION, value={}),
        (400, "CONFIGURATION_ERROR", MISSING("endpoint is required; keys is required")),
    ),
    "neither true nor false": (
        lambda raw: raw.send("GET", WORKFLOWS, query="managed=yes"),
        (400, "CONFIGURATION_ERROR", MISSING("managed must be boolean")),
    ),
    "nothing to resume": (
        lambda raw: raw.send("GET", RESUME),
        (400, "CONFIGURATION_ERROR", MISSING("workflowId is required")),
    ),
    "a huge body": (
        lambda raw: raw.send("POST", CONFIGURE_WORKFLOW, body=HUGE),
        (413, "PAYLOAD_TOO_LARGE", "The body is too large"),
    ),
    "a body of text": (
        lambda raw: raw.send("POST", CONFIGURE_WORKFLOW, body=b"{}", headers=TEXT),
        (415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json"),
    ),
}

FAULTS = {
    429: ("RATE_LIMITED", "Too many requests"),
    500: ("INTERNAL_ERROR", "Internal server error"),
    502: ("INTERNAL_ERROR", "Internal server error"),
    503: ("SERVICE_UNAVAILABLE", "Service unavailable"),
}


@pytest.mark.requirement("integrations.error.envelope")
@pytest.mark.parametrize("refused", REFUSALS)
def test_mock_refuses_in_its_own_words(raw: RawClient, refused: str) -> None:
    """
    Each refusal of a mock has its own code and message, the second time too.
    """
    ask, expected = REFUSALS[refused]

    assert [error_of(ask(raw)) for _ in range(2)] == [expected] * 2


@pytest.mark.requirement("integrations.error.envelope")
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_mock_says_unauthorized(raw: RawClient, method: str, path: str) -> None:
    """
    A mock's message of a 401 is its own word, the same for every operation.
    """
    assert error_of(raw.send(method, path, headers={"Authorization": None}))[2] == "Unauthorized"


@pytest.mark.requirement("integrations.error.envelope")
@pytest.mark.parametrize("status", FAULTS)
def test_mock_fails_in_its_own_words(workspace: Workspace, raw: RawClient, status: int) -> None:
    """
    A failure that a fault plan asks for has a code and a message of its status.
    """
    with workspace.faults.during({"fault": "status", "status": status}):
        answers = [raw.send("GET", path) for path in (TRIGGERS, f"/api/workflows/{TOGGLE}")]

    assert [error_of(each) for each in answers] == [(status, *FAULTS[status])] * 2
