"""What only a mock has: explanations, limits as settings, faults, stores that open and close."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
import requests

from flowproof.clients import NO_RETRY, NotFound, RateLimited, ServerFailed, Unauthorized
from flowproof.clients.otter import RETRY_WITH_401, Otter, OtterUser, Token
from flowproof.target import ControlRefused, Workspace

from .operations import CONNECTION, OPERATIONS, ORGANIZATION
from .raw_client import CHALLENGE, VERIFIER, RawClient, error
from .setup import BRAND, BRANDS, LIN, LINS_BRAND, LINS_STORE, SEED, SEEDED, STORES, Account

BELOW = "/organization/v1/organization/brands"


def explanation(workspace: Workspace) -> str:
    """The explanation of the last refused request."""
    refused = workspace.journal.last_refused()
    assert refused is not None
    return str(refused["explanation"])


@pytest.mark.requirement("otter.store.otters_id", "otter.connection.ids_apart")
@pytest.mark.parametrize(
    ("path", "text"),
    [
        (f"{BELOW}/{BRAND}/stores/kitchen-42/connection", f"is your own id of the store that Otter calls {STORES[0]}"),
        (f"{BELOW}/{BRAND}/stores/kitchen-7", "Otter's ids are UUIDs"),
        (f"{BELOW}/{BRANDS[1]}/stores/{STORES[0]}", "belongs to another brand"),
        (f"{BELOW}/{BRAND}/stores/{BRAND}", "the id of a brand, not of a store"),
        (f"{BELOW}/{STORES[0]}", "That is the id of a store"),
        (f"{BELOW}/{SEED['organizations'][0]['id']}", "the id of the organization"),
    ],
)
def test_confused_id_in_the_path_is_explained(
    raw: RawClient, user: OtterUser, workspace: Workspace, path: str, text: str
) -> None:
    """
    The journal explains a wrong id in the path: which id of which thing it is.
    """
    user.connect(BRAND, STORES[0], our_store_id="kitchen-42")

    answer = raw.ask("GET", path, user.token.access_token)

    assert answer.json() == {"message": "Resource not found."}
    assert text in explanation(workspace)


@pytest.mark.requirement("otter.connection.ids_apart", "otter.connection.store_id")
@pytest.mark.parametrize("store_id", STORES[:2], ids=["of the path", "of another store"])
def test_otters_id_as_ones_own_is_explained_or_accepted(
    raw: RawClient, user: OtterUser, workspace: Workspace, store_id: str
) -> None:
    """
    Otter's id in the body is refused with an explanation, unless the set-up says that the partner uses Otter's ids.
    """
    body = {"storeId": store_id}
    refused = error(raw.ask("POST", CONNECTION, user.token.access_token, json=body))[0]
    text = explanation(workspace)
    workspace.replace_seed("otter", {**SEED, "settings": {**SEED["settings"], "refuse_otter_store_id": False}})

    assert (refused, "Two ids were confused" in text) == (422, True)
    assert raw.ask("POST", CONNECTION, user.token.access_token, json=body).status_code == 204


@pytest.mark.requirement("otter.access.silent", "otter.error.message")
def test_silent_refusal_is_explained_in_the_journal(raw: RawClient, workspace: Workspace) -> None:
    """
    The journal gives the reason that the answer does not.
    """
    code = raw.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    forms: list[dict[str, Any]] = [
        {"code_verifier": None},
        {"code_verifier": VERIFIER, "client_secret": "wrong"},
        {"redirect_uri": "other:x"},
    ]
    found = []
    for form in forms:
        raw.token(code=code, **form)
        found.append(explanation(workspace))
    raw.ask("GET", BELOW, "nobody's", params={"limit": "1"})
    found.append(explanation(workspace))

    expected = ["verifier of the challenge", "its secret is another", "redirect_uri", "never issued here"]
    assert [word in text for word, text in zip(expected, found, strict=True)] == [True] * 4


@pytest.mark.requirement("otter.authorize.redirect_uri_registered")
@pytest.mark.parametrize(("change", "text"), [("/", "slash"), ("?a=1", "query"), ("#x", "not registered")])
def test_near_miss_of_a_redirect_uri_is_explained(raw: RawClient, workspace: Workspace, change: str, text: str) -> None:
    """
    The journal explains how a redirect URI differs from a registered one.
    """
    raw.authorize(redirect_uri=raw.redirect_uri + change)

    assert text in explanation(workspace)


@pytest.mark.requirement("otter.rate.authenticated", "otter.rate.unauthenticated")
def test_rate_limits_hold_when_they_are_set(
    raw: RawClient, workspace: Workspace, make_otter: Callable[..., Otter], permit: Callable[..., Token]
) -> None:
    """
    With the published limits on, the 21st request of a second and the 4th without credentials of a minute are refused.
    """
    workspace.clock.freeze()
    impatient = make_otter(workspace, retry=NO_RETRY)
    user = impatient.as_user(permit(impatient))
    limits = {"authenticated_per_s": 20, "unauthenticated_per_min": 3}
    workspace.replace_seed("otter", {**SEED, "settings": {**SEED["settings"], "rate_limits": limits}})

    nobody = [error(raw.ask("GET", BELOW, token, params={"limit": "1"}))[0] for token in (None, None, "unknown", None)]
    for _ in range(20):
        user.organization()
    with pytest.raises(RateLimited):
        user.organization()
    one_too_many = error(raw.ask("GET", ORGANIZATION, user.token.access_token))[0]
    workspace.clock.advance(1)
    user.organization()
    workspace.clock.advance(58)
    too_soon = error(raw.ask("GET", BELOW, None, params={"limit": "1"}))[0]
    workspace.clock.advance(1)

    assert (nobody, one_too_many, too_soon) == ([401, 401, 401, 429], 429, 429)
    assert error(raw.ask("GET", BELOW, None, params={"limit": "1"}))[0] == 401


@pytest.mark.requirement("otter.rate.authenticated")
def test_rate_limits_are_off_by_default(user: OtterUser, workspace: Workspace) -> None:
    """
    Without the setting nobody counts.
    """
    workspace.clock.freeze()

    assert {user.organization().id for _ in range(25)} == {SEED["organizations"][0]["id"]}


@pytest.mark.requirement("otter.access.retry_401")
def test_occasional_401_is_met_with_patience(
    workspace: Workspace, make_otter: Callable[..., Otter], permit: Callable[..., Token]
) -> None:
    """
    The 401 for a valid token, of which the provider warns, is over with the next attempt.
    """
    hasty, patient = make_otter(workspace), make_otter(workspace, retry=RETRY_WITH_401)
    token = permit(hasty)
    with workspace.faults.during("otter.spurious_401"), pytest.raises(Unauthorized):
        hasty.as_user(token).organization()
    with workspace.faults.during("otter.spurious_401"):
        assert patient.as_user(token).organization().id == SEED["organizations"][0]["id"]


@pytest.mark.requirement("otter.error.server", "otter.error.body")
def test_server_error_is_met_with_the_same_request(user: OtterUser, workspace: Workspace) -> None:
    """
    After 5XX the same request passes; where it never does, the error says so.
    """
    plan = {"fault": "status", "status": 503, "provider": "otter"}
    with workspace.faults.during({**plan, "first": 2}):
        user.connect(BRAND, STORES[0], our_store_id="kitchen-42")
    with workspace.faults.during(plan), pytest.raises(ServerFailed):
        user.organization()

    assert user.connection(BRAND, STORES[0]) is not None


@pytest.mark.requirement("otter.error.server", "otter.error.message")
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path.count('/')}")
def test_server_error_says_its_sentence(raw: RawClient, user: OtterUser, workspace: Workspace, operation: Any) -> None:
    """
    A 503 on purpose has its own sentence, leaves the operation undone, and is over with the fault.
    """
    with workspace.faults.during({"fault": "status", "status": 503, "provider": "otter"}):
        answer = raw.ask(operation.method, operation.path, user.token.access_token, json={"storeId": "kitchen"})

    assert error(answer) == (503, "Service unavailable.")
    assert user.connection(BRAND, STORES[0]) is None


Ask = Callable[[RawClient, str, Account], requests.Response]
MALFORMED: list[tuple[Ask, int, dict[str, str]]] = [
    (lambda raw, _, __: raw.authorize(client_id=None), 400, {"client_id": "is required"}),
    (lambda raw, _, __: raw.authorize(redirect_uri=""), 400, {"redirect_uri": "must be a string that is not empty"}),
    (lambda raw, _, __: raw.authorize(scope=None, state=None), 400, {"scope": "is required", "state": "is required"}),
    (lambda raw, _, __: raw.authorize(response_type="token"), 400, {"response_type": 'must be "code"'}),
    (lambda raw, _, __: raw.token(grant_type=None), 422, {"grant_type": "is required"}),
    (lambda raw, _, __: raw.token(), 422, {"code": "is required"}),
    (
        lambda raw, _, __: raw.token(code="a", redirect_uri=""),
        422,
        {"redirect_uri": "must be a string that is not empty"},
    ),
    (
        lambda raw, _, __: raw.post_token(b"{}", content_type="application/json"),
        400,
        {"content-type": "must be application/x-www-form-urlencoded"},
    ),
    (lambda raw, access, _: raw.ask("GET", BELOW, access), 400, {"limit": "is required"}),
    (
        lambda raw, access, account: raw.ask("GET", f"{account.listed}?limit=0", access),
        400,
        {"limit": "must be a whole number from 1"},
    ),
    (
        lambda raw, access, account: raw.ask("GET", f"{account.listed}?limit=1&token=", access),
        400,
        {"token": "must be a string that is not empty"},
    ),
    (
        lambda raw, access, account: raw.ask("POST", account.connection, access, json={}),
        422,
        {"storeId": "is required"},
    ),
    (
        lambda raw, access, account: raw.ask("POST", account.connection, access, json=[]),
        422,
        {"body": "must be an object"},
    ),
    (
        lambda raw, access, account: raw.ask("POST", account.connection, access, data=b"storeId=a"),
        400,
        {"content-type": "must be application/json"},
    ),
]
"""Requests that are wrong in their form, with the status and the mock's own words."""


@pytest.mark.requirement("otter.error.body")
@pytest.mark.parametrize(("ask", "status"), [(ask, status) for ask, status, _ in MALFORMED])
def test_malformed_request_is_refused(raw: RawClient, user: OtterUser, account: Account, ask: Ask, status: int) -> None:
    """
    A request that is wrong in its form is answered by the status of what is wrong.
    """
    answer = ask(raw, user.token.access_token, account)

    assert error(answer)[0] == status


@pytest.mark.requirement("otter.error.body")
@pytest.mark.parametrize(("ask", "status", "details"), MALFORMED)
def test_details_name_what_is_wrong(
    raw: RawClient, user: OtterUser, workspace: Workspace, ask: Ask, status: int, details: dict[str, str]
) -> None:
    """
    A refusal for its form has each wrong attribute, once, with what it has to be.
    """
    answer = ask(raw, user.token.access_token, SEEDED)

    assert error(answer)[0] == status
    assert answer.json()["details"] == [
        {"attribute": name, "message": f"{name} {message}"} for name, message in details.items()
    ]


@pytest.mark.requirement("otter.request.route", "otter.request.method")
@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/v1/auth/oauth2/elsewhere", 404, set()),
        ("GET", f"{ORGANIZATION}/elsewhere", 404, set()),
        ("PUT", "{connection}", 405, {"GET", "POST", "DELETE"}),
        ("DELETE", ORGANIZATION, 405, {"GET"}),
    ],
)
def test_what_is_not_served_is_refused(
    raw: RawClient, user: OtterUser, account: Account, method: str, path: str, status: int, allowed: set[str]
) -> None:
    """
    A path that nobody serves is not found; a method that a path does not have is refused with those that it has.
    """
    answer = raw.ask(method, path.format(connection=account.connection), user.token.access_token)

    text = set(answer.headers.get("allow", "").split(", ")) - {"", "HEAD", "OPTIONS"}
    assert (error(answer)[0], text) == (status, allowed)


@pytest.mark.requirement("otter.token.client_basic")
def test_basic_may_be_percent_encoded(raw: RawClient) -> None:
    """
    Id and secret as Basic are read as RFC 6749, 2.3.1, writes them: encoded as in a form.
    """
    pair = ":".join("".join(f"%{ord(each):02X}" for each in part) for part in (raw.client_id, raw.secret))
    headers = {
        "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    body = "grant_type=client_credentials&scope=ping"

    assert raw.ask("POST", "/v1/auth/token", None, data=body, headers=headers).status_code == 200


@pytest.mark.requirement("otter.connection.per_application")
def test_users_of_one_organization_share_a_connection(
    workspace: Workspace, permit: Callable[..., Token], otter: Otter
) -> None:
    """
    A connection that was made with one user's permission is there for every user of the organization.
    """
    organization = SEED["organizations"][0]["id"]
    users = [{**each, "organization": organization} for each in SEED["users"]]
    workspace.replace_seed("otter", {**SEED, "users": users})
    ada, lin = otter.as_user(permit(otter)), otter.as_user(permit(otter, user=LIN))
    ada.connect(BRAND, STORES[0], our_store_id="kitchen-42")

    found = lin.connection(BRAND, STORES[0])
    lin.disconnect(BRAND, STORES[0])

    assert found is not None
    assert (found.store_id, ada.connection(BRAND, STORES[0])) == ("kitchen-42", None)


@pytest.mark.requirement(
    "otter.connection.per_application", "otter.store.not_found", "otter.store.list", "otter.store.get"
)
def test_closed_store_takes_its_connection_along(user: OtterUser, workspace: Workspace) -> None:
    """
    A store that closed is not found, and comes back unconnected.
    """
    user.connect(BRAND, STORES[0], our_store_id="kitchen-42")
    workspace.control("DELETE", f"otter/brands/{BRAND}/stores/{STORES[0]}")

    assert [each.id for each in user.stores(BRAND)] == list(STORES[1:])
    with pytest.raises(NotFound):
        user.store(BRAND, STORES[0])
    workspace.control("POST", f"otter/brands/{BRAND}/stores", {"id": STORES[0], "name": "Again", "address": None})
    assert [each.name for each in user.stores(BRAND)][-1] == user.store(BRAND, STORES[0]).name == "Again"
    assert user.connection(BRAND, STORES[0]) is None


@pytest.mark.requirement("otter.store.body")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"otter/brands/{BRAND}/stores", {"id": STORES[1], "name": "Again", "address": None}),
        ("POST", f"otter/brands/{BRAND}/stores", {"name": "Without an id"}),
        ("POST", "otter/brands/nowhere/stores", {"id": "x", "name": "x", "address": None}),
        ("DELETE", f"otter/brands/{BRAND}/stores/nowhere", None),
        ("PUT", "otter/consent", {"consent": "perhaps"}),
        ("PUT", "otter/consent", {"user": "nobody"}),
    ],
)
def test_control_refuses_what_makes_no_sense(
    workspace: Workspace, user: OtterUser, method: str, path: str, body: Any
) -> None:
    """
    The control API refuses what would break the structure, and the user's stores stay as they were.
    """
    with pytest.raises(ControlRefused):
        workspace.control(method, path, body)

    assert [each.id for each in user.stores(BRAND)] == list(STORES)


@pytest.mark.requirement("otter.access.token_known")
def test_reset_workspace_knows_no_token(user: OtterUser, workspace: Workspace) -> None:
    """
    After a reset tokens of before are of no use, and the application can start again.
    """
    workspace.reset()

    with pytest.raises(Unauthorized):
        user.organization()


@pytest.mark.requirement("otter.consent.page")
@pytest.mark.parametrize(
    ("mode", "accept", "goes_to_page"),
    [
        ("browser", "text/html,application/xhtml+xml,*/*;q=0.8", True),
        ("browser", "*/*", False),
        ("page", "*/*", True),
        ("approve", "text/html", False),
        ("deny", "text/html", False),
    ],
)
def test_setting_says_who_decides(
    raw: RawClient, workspace: Workspace, mode: str, accept: str, goes_to_page: bool
) -> None:
    """
    A page for browsers, for everybody or for nobody, as the set-up has it.
    """
    workspace.replace_seed("otter", {**SEED, "settings": {**SEED["settings"], "consent": mode}})

    location = raw.authorize(accept=accept).headers["location"]

    assert location.startswith(raw.redirect_uri) is not goes_to_page


@pytest.mark.requirement("otter.request.size")
def test_body_beyond_the_limit_is_malformed(raw: RawClient, user: OtterUser, account: Account) -> None:
    """
    A body of more than a megabyte is not read.
    """
    body = {"storeId": "x" * 1_100_000}

    assert error(raw.ask("POST", account.connection, user.token.access_token, json=body))[0] == 400


@pytest.mark.requirement("otter.access.own_organization", "otter.token.code_of_client", "otter.token.form")
def test_requirement_names_the_reason(raw: RawClient, user: OtterUser, workspace: Workspace) -> None:
    """
    What is another's, another client's code and a body that is no form each cite a requirement of their own.
    """
    other = workspace.credentials("otter", "other")
    answers = [
        raw.ask("GET", f"{BELOW}/{LINS_BRAND}", user.token.access_token),
        raw.ask("GET", f"{BELOW}/{BRAND}/stores/{LINS_STORE}", user.token.access_token),
        raw.token(basic=(other.key, other.secret), code=raw.code()),
        raw.post_token(b"{}", content_type="application/json"),
    ]

    assert [each.headers["Flowproof-Requirement"] for each in answers] == [
        "otter.access.own_organization",
        "otter.access.own_organization",
        "otter.token.code_of_client",
        "otter.token.form",
    ]


@pytest.mark.requirement("otter.brand.get", "otter.store.get", "otter.paging.last_page", "otter.paging.limit")
def test_mock_is_strict_where_documents_are_silent(raw: RawClient, user: OtterUser, workspace: Workspace) -> None:
    """
    On a mock a UUID in capitals is not found, a page that is just full is the last, and a limit has nine digits.
    """
    paths = [f"{BELOW}/{BRAND.upper()}", f"{SEEDED.listed}/{STORES[0].upper()}", f"{BELOW}?limit={'9' * 10}"]

    assert [error(raw.ask("GET", each, user.token.access_token))[0] for each in paths] == [404, 404, 400]
    assert user.brands_page(len(BRANDS)).next_token is None
    assert user.stores_page(BRAND, len(STORES)).next_token is None
