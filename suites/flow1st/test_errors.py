"""Errors: their body, their codes, and the statuses that only faults produce."""

import json
from collections.abc import Callable

import pytest

from flowproof.clients import NO_RETRY, ClientError, Forbidden, RateLimited, ServerFailed
from flowproof.clients.flow1st import Flow1st
from flowproof.target import Workspace

from .raw_client import CATALOG, ORDER, TOKEN, VALIDATION, RawClient, refusal

MEMBERS = ("errorCode", "errorMessage", "sessionId")


@pytest.mark.requirement("flow1st.error.body", "flow1st.error.codes")
def test_every_error_has_the_same_three_members(raw: RawClient) -> None:
    """
    Errors of every kind have message, code in capital letters, and a session id of their own.
    """
    answers = [
        raw.send("GET", "/nowhere"),
        raw.send("PUT", CATALOG),
        raw.send("GET", CATALOG, headers={"AccessToken": None}),
        raw.send("GET", VALIDATION),
        raw.send("POST", ORDER, body=b"{}"),
        raw.send("POST", TOKEN, body=b"{"),
        raw.send("POST", TOKEN, body=json.dumps({"role": 1}).encode()),
    ]

    for answer in answers:
        body = answer.json()
        assert (refusal(answer) >= 400, {type(body[name]) for name in MEMBERS}) == (True, {str})
    assert len({each.json()["sessionId"] for each in answers}) == len(answers)


@pytest.mark.requirement("flow1st.error.body")
def test_session_id_comes_from_the_seed(
    make_workspace: Callable[..., Workspace], make_flow1st: Callable[..., Flow1st]
) -> None:
    """
    Two workspaces with one id and seed, one after the other, give the same requests the same session ids.
    """
    ids = []
    for _ in range(2):
        with make_workspace(id="session-ids", seed="the same") as workspace:
            client = make_flow1st(workspace)
            answer = client.session.get(f"{client.base_url}/nowhere", timeout=30)
            ids.append(answer.json()["sessionId"])

    assert ids[0] == ids[1]


@pytest.mark.requirement("flow1st.error.rate_limit", "flow1st.error.internal", "flow1st.error.forbidden")
@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (403, Forbidden, "FORBIDDEN"),
        (429, RateLimited, "TOO_MANY_REQUESTS"),
        (500, ServerFailed, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_fault_is_answered_in_the_provider_s_words(
    make_flow1st: Callable[..., Flow1st], workspace: Workspace, status: int, kind: type[ClientError], code: str
) -> None:
    """
    A status that only a fault brings about has the provider's error body and code too, and raises its class.
    """
    client = make_flow1st(workspace, retry=NO_RETRY)
    with workspace.faults.during({"fault": "status", "status": status}), pytest.raises(kind) as raised:
        client.products()

    assert raised.value.code == code


@pytest.mark.requirement("flow1st.error.rate_limit")
def test_client_outlasts_a_rush(flow1st: Flow1st, workspace: Workspace) -> None:
    """
    A client that is answered 429 three times waits, and gets its answer.
    """
    with workspace.faults.during("flow1st.too_many_requests"):
        assert flow1st.products() != ()
