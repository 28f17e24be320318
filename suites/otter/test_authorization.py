"""Authorization: the request's parameters, consent, and redirects."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given

from flowproof.clients.otter import AuthorizationDenied, Otter
from flowproof.target import PreconditionMissing, Target, Workspace

from .profiles import NETWORKED
from .raw_client import CHALLENGE, RawClient, error, page_text, returned
from .setup import ADA, LIN, SEED
from .strategies import states


@pytest.mark.usefixtures("mock_page")
@pytest.mark.requirement("otter.consent.approved", "otter.consent.page", "otter.authorize.state_returned")
@NETWORKED
@example(state=" With blanks and Capitals ")
@example(state="a&code=b#c?d+e%2F=f")
@example(state="s" * 2_000)
@given(state=states())
def test_permission_comes_back_with_code_and_state(raw: RawClient, state: str) -> None:
    """
    Where the user allows it, the browser comes back with a code and the very state that was sent.
    """
    answer = raw.authorize(state=state)

    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (302, raw.redirect_uri)
    assert returned(answer).keys() == {"code", "state"}
    assert returned(answer)["state"] == state


@pytest.mark.usefixtures("mock_page")
@pytest.mark.requirement("otter.consent.approved")
def test_query_of_redirect_uri_is_kept(raw: RawClient, target: Target) -> None:
    """
    A registered redirect URI with a query keeps it, and code and state are added.
    """
    registered = SEED["clients"][0]["redirect_uris"][1]

    found = returned(raw.authorize(redirect_uri=registered))

    assert found.keys() == {"from", "code", "state"}


@pytest.mark.requirement("otter.consent.denied", "otter.consent.user_decides")
def test_refusal_comes_back_without_a_code(otter: Otter, raw: RawClient, workspace: Workspace) -> None:
    """
    Where the user refuses, the application learns access_denied, and gets no code.
    """
    workspace.control("PUT", "otter/consent", {"consent": "deny"})
    request = otter.authorization()

    answer = otter.session.get(request.url, allow_redirects=False)

    assert (answer.status_code, returned(answer)) == (302, {"error": "access_denied", "state": request.state})
    with pytest.raises(AuthorizationDenied, match="access_denied"):
        otter.exchange(request, answer.headers["location"])


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(each, marks=pytest.mark.requirement(f"otter.authorize.{each}"))
        for each in ("client_id", "redirect_uri", "response_type", "scope", "state")
    ],
)
@pytest.mark.parametrize("value", [None, ""])
def test_required_parameter_is_missed(raw: RawClient, name: str, value: str | None) -> None:
    """
    A request for authorization that leaves out a parameter is malformed, and nobody is redirected.
    """
    change: dict[str, Any] = {name: value}

    assert error(raw.authorize(**change))[0] == 400


@pytest.mark.requirement("otter.authorize.once_each")
@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "scope", "state"])
def test_parameter_that_comes_twice_is_refused(raw: RawClient, name: str) -> None:
    """
    A parameter that comes twice is malformed, even where both say the same.
    """
    again = {
        "client_id": raw.client_id,
        "redirect_uri": raw.redirect_uri,
        "scope": "organization.read",
        "state": "xyz",
    }

    assert error(raw.authorize(extra=f"&{name}={again[name]}"))[0] == 400


@pytest.mark.requirement("otter.authorize.client_known")
@pytest.mark.parametrize("client_id", ["c75d9460-5d48-423d-8d01-f825fd5b1672", "store_123", "é"])
def test_unknown_client_is_not_redirected(raw: RawClient, client_id: str) -> None:
    """
    An unknown client is answered 401; nobody is sent to the redirect URI that it names.
    """
    assert error(raw.authorize(client_id=client_id))[0] == 401


@pytest.mark.requirement("otter.authorize.redirect_uri_registered")
@pytest.mark.parametrize(
    "change",
    [
        lambda uri: f"{uri}/",
        lambda uri: f"{uri}?more=1",
        lambda uri: f"{uri}#here",
        lambda uri: uri.upper(),
        lambda uri: uri.replace("://", "s://", 1),
        lambda uri: uri.replace("://", "://user@", 1),
        lambda uri: "/".join([*uri.split("/")[:2], f"{uri.split('/')[2]}.evil.test", *uri.split("/")[3:]]),
        lambda uri: uri[:-1],
        lambda uri: f"{uri}/../elsewhere",
        lambda uri: f" {uri}",
        lambda uri: f"{uri}%00",
        lambda uri: f"{uri[:-1]}%{ord(uri[-1]):02x}",
        lambda uri: "/".join(uri.split("/")[:3]),
        lambda _: "https://another.example/callback",
        lambda _: "javascript:alert(1)",
        lambda _: "//evil.test",
    ],
)
def test_unregistered_redirect_uri_is_not_followed(raw: RawClient, change: Callable[[str], str]) -> None:
    """
    However near to a registered one, another redirect URI is refused on the spot.
    """
    assert error(raw.authorize(redirect_uri=change(raw.redirect_uri)))[0] == 400


@pytest.mark.requirement("otter.authorize.scope_allowed")
@pytest.mark.parametrize(
    "scope",
    ["ping", "organization.read ping", "organization.write", "organization.read,organization.service_integration", " "],
)
def test_scope_of_another_flow_leads_back(raw: RawClient, scope: str) -> None:
    """
    A scope that no user can grant to this application leads back with invalid_scope and no code.
    """
    found = returned(raw.authorize(scope=scope))

    assert ("code" in found, found["error"], found["state"]) == (False, "invalid_scope", "xyz")


@pytest.mark.requirement("otter.authorize.scope_allowed")
def test_scope_that_is_not_enabled_leads_back(target: Target, make_otter: Callable[..., Otter]) -> None:
    """
    A scope of the flow that is not enabled for the application leads back with invalid_scope.
    """
    reader = make_otter(target, role="reader")
    if not reader.redirect_uri:
        raise PreconditionMissing(target.name, "has no redirect_uri for the role reader")
    request = reader.authorization(["organization.read", "organization.service_integration"])

    found = returned(reader.session.get(request.url, allow_redirects=False))

    assert ("code" in found, found["error"], found["state"]) == (False, "invalid_scope", request.state)


@pytest.mark.requirement("otter.authorize.response_type")
@pytest.mark.parametrize("response_type", ["token", "code token", "CODE", "id_token"])
def test_other_response_type_is_refused(raw: RawClient, response_type: str) -> None:
    """
    Only the response type code is accepted.
    """
    assert error(raw.authorize(response_type=response_type))[0] == 400


@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        pytest.param(CHALLENGE, "plain", marks=pytest.mark.requirement("otter.authorize.challenge_method")),
        pytest.param(CHALLENGE, "s256", marks=pytest.mark.requirement("otter.authorize.challenge_method")),
        pytest.param(CHALLENGE, None, marks=pytest.mark.requirement("otter.authorize.challenge_pair")),
        pytest.param(None, "S256", marks=pytest.mark.requirement("otter.authorize.challenge_pair")),
        pytest.param(f"{CHALLENGE}=", "S256", marks=pytest.mark.requirement("otter.authorize.challenge")),
        pytest.param(CHALLENGE[:-1], "S256", marks=pytest.mark.requirement("otter.authorize.challenge")),
        pytest.param(f"{CHALLENGE[:-1]}+", "S256", marks=pytest.mark.requirement("otter.authorize.challenge")),
        pytest.param(f"{CHALLENGE}\n", "S256", marks=pytest.mark.requirement("otter.authorize.challenge")),
    ],
)
def test_unusable_challenge_is_refused(raw: RawClient, challenge: str | None, method: str | None) -> None:
    """
    A challenge that is no S256 challenge, or half of one, is refused.
    """
    assert error(raw.authorize(code_challenge=challenge, code_challenge_method=method))[0] == 400


# ---- The page that a person uses ----


@pytest.mark.usefixtures("mock_page")
@pytest.mark.requirement("otter.consent.page", "otter.consent.user_decides", "otter.consent.approved")
@pytest.mark.parametrize("user", [ADA, LIN])
def test_person_allows_as_somebody(otter: Otter, raw: RawClient, user: str) -> None:
    """
    A browser is sent to the page; who is chosen there is who the application then acts for.
    """
    page = raw.page()

    answer = page.decide("approve", user=user)

    code = returned(answer)["code"]
    token = raw.token(code=code).json()["access_token"]
    organization = raw.ask("GET", "/organization/v1/organization", token).json()
    assert page.users == {each["id"] for each in SEED["users"]}
    assert (answer.status_code, returned(answer)["state"]) == (303, "xyz")
    assert organization["id"] == next(each["organization"] for each in SEED["users"] if each["id"] == user)


@pytest.mark.usefixtures("mock_page")
@pytest.mark.requirement("otter.consent.denied", "otter.consent.user_decides")
@pytest.mark.parametrize("fields", [{}, {"user": ADA}])
def test_person_denies(raw: RawClient, fields: dict[str, Any]) -> None:
    """
    Whoever presses Deny goes back with access_denied, whether a user was chosen or not.
    """
    answer = raw.page().decide("deny", **fields)

    assert (answer.status_code, returned(answer)) == (303, {"error": "access_denied", "state": "xyz"})


@pytest.mark.usefixtures("mock_page")
@pytest.mark.requirement("otter.consent.once")
@pytest.mark.parametrize("first", ["approve", "deny"])
def test_page_is_answered_once(raw: RawClient, first: str) -> None:
    """
    A question that was answered cannot be answered again, nor looked at.
    """
    page = raw.page()
    page.decide(first, user=ADA)

    again, seen = page.decide("approve", user=ADA), page.reload()

    assert [again.status_code, seen.status_code] == [400, 400]
    assert all("nothing to decide" in page_text(each) for each in (again, seen))


@pytest.mark.usefixtures("mock_page")
@pytest.mark.requirement("otter.consent.once")
def test_page_is_for_the_browser_that_was_asked(raw: RawClient) -> None:
    """
    Another browser, without the first one's cookie, can neither see the page nor answer it.
    """
    page = raw.page()

    answer = page.decide("approve", user=ADA, forget_cookie=True)

    assert (answer.status_code, "location" in answer.headers, page.reload().status_code) == (400, False, 400)


@pytest.mark.usefixtures("mock_page")
@pytest.mark.requirement("otter.consent.once")
@pytest.mark.parametrize(("late_s", "status"), [(-1, 303), (0, 400), (1, 400)])
def test_page_does_not_wait_for_ever(raw: RawClient, workspace: Workspace, late_s: int, status: int) -> None:
    """
    A question can be answered for ten minutes, and not from then on.
    """
    workspace.clock.freeze()
    page = raw.page()
    workspace.clock.advance(SEED["settings"]["consent_lifetime_s"] + late_s)

    assert page.decide("approve", user=ADA).status_code == status


@pytest.mark.usefixtures("mock_page")
@pytest.mark.requirement("otter.consent.once")
def test_ticket_is_good_for_its_application_alone(raw: RawClient, workspace: Workspace) -> None:
    """
    Under another application's id a question is neither shown nor answered.
    """
    page, other = raw.page(), workspace.credentials("otter", "other").key
    page.address = page.address.replace(raw.client_id, other)
    page.action = page.action.replace(raw.client_id, other)

    assert [page.reload().status_code, page.decide("approve", user=ADA).status_code] == [400, 400]


@pytest.mark.usefixtures("mock_page")
@pytest.mark.requirement("otter.consent.user_decides")
@pytest.mark.parametrize("fields", [{}, {"user": "somebody"}])
def test_nobody_cannot_allow(raw: RawClient, fields: dict[str, Any]) -> None:
    """
    Without a user of the provider's the page grants nothing, however often, and can still be answered.
    """
    page = raw.page()

    assert [page.decide("approve", **fields).status_code for _ in range(2)] == [422, 422]
    assert "code" in returned(page.decide("approve", user=ADA))


@pytest.mark.usefixtures("mock_page")
@pytest.mark.requirement("otter.consent.once")
def test_page_lets_nothing_in(raw: RawClient) -> None:
    """
    The page runs no script, loads nothing, can be framed by nobody, and leaves no trace of its address.
    """
    headers = raw.page().answer.headers

    policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["frame-ancestors"], policy["base-uri"]) == ("'none'", "'none'", "'none'")
    assert policy["style-src"].startswith("'sha256-")
    assert (headers["x-frame-options"], headers["referrer-policy"]) == ("DENY", "no-referrer")
    assert headers["cache-control"] == "no-store"


@pytest.mark.usefixtures("mock_page")
@pytest.mark.requirement("otter.consent.page", "otter.consent.user_decides")
@pytest.mark.parametrize("scopes", [["organization.read"], ["organization.read", "organization.service_integration"]])
def test_page_says_who_asks_for_what(raw: RawClient, scopes: list[str]) -> None:
    """
    The page names the application and where it is, says each thing that is asked for, and offers Allow and Deny.
    """
    text = page_text(raw.page(scope=" ".join(scopes)).answer)

    texts = ["See your organization", "Connect your stores"]
    assert [each in text for each in texts] == [True, len(scopes) == 2]
    assert f"<h1>Allow {SEED['clients'][0]['name']} to act for you?</h1>" in text
    assert "<strong>partner.example</strong>" in text
    assert all(f'name="decision" value="{each}"' in text for each in ("approve", "deny"))


@pytest.mark.usefixtures("mock_page")
@pytest.mark.requirement("otter.consent.page")
def test_page_shows_names_and_not_markup(raw: RawClient, workspace: Workspace) -> None:
    """
    Whatever applications, users and organizations are called, the page shows it as text.
    """
    nasty = """<script>alert("&amp;'")</script>"""
    seed = {
        **SEED,
        "clients": [{**SEED["clients"][0], "name": nasty}],
        "users": [{**SEED["users"][0], "name": nasty, "email": nasty}],
        "organizations": [{**SEED["organizations"][0], "name": nasty}],
    }
    workspace.replace_seed("otter", seed)

    text = raw.page().answer.text

    assert ("<script" in text, text.count("&lt;script&gt;") >= 4) == (False, True)


@pytest.mark.requirement("otter.token.scope_of_client")
def test_application_gets_all_its_scopes_at_once(raw: RawClient, enabled: frozenset[str]) -> None:
    """
    A client-credentials token can have all scopes of that flow at once that are enabled: on a mock all 27 that exist.
    """
    answer = raw.token(grant_type="client_credentials", scope=" ".join(sorted(enabled)))

    assert set(answer.json()["scope"].split()) == enabled
