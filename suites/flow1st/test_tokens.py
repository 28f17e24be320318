"""Access tokens: how they are issued, presented, refreshed, and when they expire."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flowproof.clients.flow1st import Flow1st
from flowproof.target import Target, Workspace

from .profiles import NETWORKED
from .raw_client import CATALOG, ORDER, REFRESH, TOKEN, VALIDATION, RawClient, refusal

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
REFUSED = 401
INVALID = 400
ROLE = json.dumps({"role": "API_USER"}).encode()


def refresh(raw: RawClient, token: str) -> tuple[int, dict[str, str]]:
    """Status and body of a refresh."""
    answer = raw.send("POST", REFRESH, body=json.dumps({"role": "API_USER", "refreshToken": token}).encode())
    return answer.status_code, answer.json()


def enter(raw: RawClient, token: str) -> int:
    """The status of a request with an access token."""
    return raw.send("GET", CATALOG, headers={"AccessToken": f"Bearer {token}"}).status_code


@pytest.mark.requirement("flow1st.token.basic", "flow1st.token.answer", "flow1st.auth.header", "flow1st.token.status")
def test_token_lets_the_client_in(flow1st: Flow1st) -> None:
    """
    With key and secret the client gets a token, and with the token it is let in.
    """
    flow1st.authenticate()

    assert flow1st.products() != ()


@pytest.mark.requirement("flow1st.token.basic")
@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic !", "Basic Og==", "Basic YTpi", "Bearer x", "basic", "Basic w6Q6w7Y="],
)
def test_wrong_pair_is_refused(raw: RawClient, authorization: str) -> None:
    """
    Whatever is in Authorization, but for the right pair, no token is given.
    """
    answer = raw.send("POST", TOKEN, body=ROLE, headers={"Authorization": authorization})

    assert refusal(answer) == REFUSED


@pytest.mark.requirement("flow1st.token.basic")
def test_key_of_staging_needs_its_own_secret(make_flow1st: Callable[..., Flow1st], target: Target) -> None:
    """
    The secret of production does not go with the key of staging.
    """
    other = target.credentials("flow1st", "production").secret
    raw = RawClient(make_flow1st(target, api_secret=other), target.credentials("flow1st"), lambda: "")
    raw.secret = other

    assert refusal(raw.send("POST", TOKEN, body=ROLE)) == REFUSED


@pytest.mark.requirement("flow1st.token.basic")
@pytest.mark.parametrize("near", ["", "{secret:.20}", "{secret}x", " {secret}", "{secret} ", "{secret}:"])
def test_nearly_the_secret_is_refused(raw: RawClient, near: str) -> None:
    """
    The right key with nearly its secret, a part of it or none gives no token.
    """
    raw.secret = near.format(secret=raw.secret)

    assert refusal(raw.send("POST", TOKEN, body=ROLE)) == REFUSED


@pytest.mark.requirement("flow1st.token.role")
@NETWORKED
@given(role=st.one_of(st.text(), st.none(), st.integers(), st.sampled_from(["api_user", "API_USER ", "ADMIN"])))
def test_another_role_is_refused(raw: RawClient, role: object) -> None:
    """
    Whichever other role is asked for, the request is refused.
    """
    assume(role != "API_USER")

    assert refusal(raw.send("POST", TOKEN, body=json.dumps({"role": role}).encode())) == INVALID


@pytest.mark.requirement("flow1st.token.role")
@pytest.mark.parametrize("path", [TOKEN, REFRESH])
def test_request_without_role_is_refused(raw: RawClient, flow1st: Flow1st, path: str) -> None:
    """
    A request for a token that names no role is refused, and so is one for a refresh.
    """
    sent = {} if path == TOKEN else {"refreshToken": flow1st.authenticate().refresh}

    assert refusal(raw.send("POST", path, body=json.dumps(sent).encode())) == INVALID


@pytest.mark.requirement("flow1st.auth.header", "flow1st.auth.token", "flow1st.auth.authorization")
@pytest.mark.parametrize(("method", "path"), [("GET", CATALOG), ("GET", VALIDATION), ("POST", ORDER)])
@pytest.mark.parametrize(
    "headers",
    [
        {"AccessToken": None},
        {"AccessToken": ""},
        {"AccessToken": "Bearer"},
        {"AccessToken": "Bearer "},
        {"AccessToken": "Bearer bm9ib2R5"},
        {"AccessToken": "Basic bm9ib2R5"},
        {"AccessToken": None, "Authorization": "Bearer bm9ib2R5"},
    ],
    ids=str,
)
def test_call_without_token_is_refused(raw: RawClient, method: str, path: str, headers: dict[str, str | None]) -> None:
    """
    A call without an access token in the header AccessToken, in the form of the documents, is refused.
    """
    assert refusal(raw.send(method, path, headers=headers)) == REFUSED


@pytest.mark.requirement("flow1st.auth.authorization", "flow1st.auth.header")
@pytest.mark.parametrize("form", ["{good}", "Token {good}", "Basic {good}", "{good} Bearer"])
def test_good_token_in_another_place_is_refused(raw: RawClient, form: str) -> None:
    """
    A good token does not help in the header Authorization, nor without the word Bearer, nor after another word.
    """
    moved: dict[str, str | None] = {"AccessToken": None, "Authorization": f"Bearer {raw.access}"}

    assert refusal(raw.send("GET", CATALOG, headers=moved)) == REFUSED
    assert refusal(raw.send("GET", CATALOG, headers={"AccessToken": form.format(good=raw.access)})) == REFUSED


@pytest.mark.requirement("flow1st.auth.token", "flow1st.token.refresh_once")
def test_tokens_do_not_stand_for_each_other(raw: RawClient, flow1st: Flow1st) -> None:
    """
    A refresh token lets nobody in, and an access token refreshes nothing.
    """
    tokens = flow1st.authenticate()

    assert enter(raw, str(tokens.refresh)) == 401
    assert refresh(raw, tokens.access)[0] == 401


@pytest.mark.requirement("flow1st.token.refresh", "flow1st.token.refresh_once", "flow1st.token.refresh_keeps_access")
def test_refresh_gives_a_new_pair_once(raw: RawClient, flow1st: Flow1st) -> None:
    """
    A refresh gives a new pair, uses its refresh token up, and leaves the old access token good.
    """
    old = flow1st.authenticate()
    status, new = refresh(raw, str(old.refresh))

    assert (status, new["accessToken"] != old.access, new["refreshToken"] != old.refresh) == (200, True, True)
    assert [enter(raw, new["accessToken"]), enter(raw, old.access)] == [200, 200]
    assert refresh(raw, str(old.refresh))[0] == 401
    assert refresh(raw, new["refreshToken"])[0] == 200


@pytest.mark.requirement("flow1st.token.expiry")
@pytest.mark.parametrize(("age", "status"), [(timedelta(hours=1, microseconds=-1), 200), (timedelta(hours=1), 401)])
def test_token_ends_on_the_clock(raw: RawClient, workspace: Workspace, age: timedelta, status: int) -> None:
    """
    A token is good for an hour on the provider's clock, and not a microsecond longer.
    """
    workspace.clock.freeze(NOON)
    token = raw.access
    workspace.clock.set(NOON + age)

    assert enter(raw, token) == status


@pytest.mark.requirement("flow1st.token.refresh_once")
@pytest.mark.parametrize(("age", "status"), [(timedelta(days=1, microseconds=-1), 200), (timedelta(days=1), 401)])
def test_refresh_token_ends_on_the_clock(
    raw: RawClient, flow1st: Flow1st, workspace: Workspace, age: timedelta, status: int
) -> None:
    """
    A refresh token is good for a day on the provider's clock, and not a microsecond longer.
    """
    workspace.clock.freeze(NOON)
    token = str(flow1st.authenticate().refresh)
    workspace.clock.set(NOON + age)

    assert refresh(raw, token)[0] == status


@pytest.mark.requirement("flow1st.token.expiry", "flow1st.token.refresh", "flow1st.token.renewed")
@pytest.mark.parametrize("later", [timedelta(hours=2), timedelta(days=2)], ids=["refreshes", "begins anew"])
def test_client_outlives_its_tokens(flow1st: Flow1st, workspace: Workspace, later: timedelta) -> None:
    """
    A client whose tokens have expired refreshes them, or gets new ones, without its caller noticing.
    """
    workspace.clock.freeze(NOON)
    before = flow1st.products()
    workspace.clock.set(NOON + later)

    assert flow1st.products() == before


@pytest.mark.requirement("flow1st.auth.token")
def test_token_of_another_partner_is_refused(
    raw: RawClient, make_workspace: Callable[..., Workspace], target: Target, make_flow1st: Callable[..., Flow1st]
) -> None:
    """
    A token that another partner got is none here.
    """
    with make_workspace() as elsewhere:
        token = make_flow1st(elsewhere).authenticate().access

        assert enter(raw, token) == 401


@pytest.mark.requirement("flow1st.token.answer")
def test_no_journal_shows_a_token(raw: RawClient, flow1st: Flow1st, workspace: Workspace) -> None:
    """
    Neither tokens nor secrets stand in a journal, wherever they were sent.
    """
    tokens = flow1st.authenticate()
    refresh(raw, str(tokens.refresh))
    raw.send("GET", CATALOG, query={"x": tokens.access}, headers={"Authorization": f"Bearer {raw.secret}"})
    shown = json.dumps(list(workspace.journal.entries()))

    assert [each for each in (tokens.access, str(tokens.refresh), raw.secret, raw.signing_key) if each in shown] == []
