"""Clients of Otter that make one mistake violate the requirement that it concerns, judged by their journal."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import requests

from flowproof.clients import NO_RETRY, ClientError, Forbidden, Retry, Unreachable
from flowproof.clients.otter import RETRY_WITH_401, AlreadyConnected, Otter
from flowproof.conduct import ConductReport
from flowproof.conformance import load_contract
from flowproof.suites.otter.operations import ORGANIZATION
from flowproof.suites.otter.raw_client import RawClient
from flowproof.suites.otter.setup import BRAND, GRACE, SEED, STORES
from flowproof.target import Workspace
from tests.conduct.changed_requests import RetryWithout, changing_session
from tests.conduct.otter_clients import (
    ADDRESSED_WRONGLY,
    ASKED_WRONGLY,
    EXCHANGED_WRONGLY,
    SENT_WRONGLY,
    AmnesticPartner,
    BluntPartner,
    ConfusedPartner,
    CredulousPartner,
    EncodingPartner,
    ForgetfulPartner,
    HammeringPartner,
    OnePagePartner,
    Partner,
    RefreshingPartner,
    TalkativePartner,
    TimidPartner,
)

Judge = Callable[[Workspace, str], ConductReport]
Failed = Callable[[Workspace, str], dict[str, str]]
Make = Callable[..., Otter]

IMPATIENT = Retry(first_delay_s=0.001, jitter=0.0)
LIMITS = {"authenticated_per_s": 20, "unauthenticated_per_min": 3}


# ---- Scenarios: what a client meets ----


def store_is_onboarded(_: Workspace, partner: Partner) -> None:
    """Nothing goes wrong."""
    partner.connect(partner.ask_user(), "kitchen-1")


def store_has_another_id(_: Workspace, partner: Partner) -> None:
    """The store is connected already, under another id."""
    user = Partner(partner.otter).ask_user()
    user.connect(BRAND, STORES[0], our_store_id="old")
    partner.connect(partner.ask_user(), "new")


def structure_has_pages(_: Workspace, partner: Partner) -> None:
    """There are more brands and stores than a page holds."""
    partner.stores(partner.ask_user())


def lists_are_long(workspace: Workspace, partner: Partner) -> None:
    """A brand has so many stores that the token of some page has a plus sign."""
    large = {**SEED["organizations"][1], "generate": {"seed": "conduct", "brands": 1, "stores_per_brand": 40}}
    workspace.replace_seed("otter", {**SEED, "organizations": [SEED["organizations"][0], large]})
    workspace.control("PUT", "otter/consent", {"consent": "approve", "user": GRACE})
    partner.stores(partner.ask_user())


def token_ends(workspace: Workspace, partner: Partner) -> None:
    """Between two requests the token expires."""
    user = partner.look(partner.ask_user())
    workspace.clock.advance(SEED["settings"]["token_lifetime_s"] + 1)
    partner.look(user)


def good_token_is_refused(workspace: Workspace, partner: Partner) -> None:
    """The provider answers 401 to a valid token, once."""
    user = partner.ask_user()
    workspace.faults.set("otter.spurious_401")
    with suppress(ClientError):
        user.organization()


def provider_fails(workspace: Workspace, partner: Partner) -> None:
    """The provider fails to connect a store once."""
    user = partner.ask_user()
    workspace.faults.set({"fault": "status", "status": 503, "operation": "organizationCreateConnection", "first": 1})
    partner.connect(user, "kitchen-1")


def rate_is_limited(workspace: Workspace, partner: Partner) -> None:
    """One request a second is too many."""
    user = partner.ask_user()
    workspace.clock.freeze()
    workspace.replace_seed("otter", {**SEED, "settings": {**SEED["settings"], "rate_limits": LIMITS}})
    with suppress(ClientError):
        for _ in range(21):
            user.organization()


def page_is_loaded_again(_: Workspace, partner: Partner) -> None:
    """The user's browser asks for the redirect URI twice."""
    authorization = partner.otter.authorization()
    callback = partner.browse(authorization)
    partner.come_back(authorization, callback)
    partner.come_back(authorization, callback)


def callback_is_made_up(_: Workspace, partner: Partner) -> None:
    """An attacker sends the user's browser to the redirect URI with a made-up code."""
    authorization = partner.otter.authorization()
    partner.come_back(authorization, f"{authorization.redirect_uri}?code=of-nobody&state=of-nobody")
    partner.come_back(authorization, partner.browse(authorization))


def callback_is_of_another(_: Workspace, partner: Partner) -> None:
    """An attacker sends the user's browser to the redirect URI with a code of their own account."""
    authorization, others = partner.otter.authorization(), partner.otter.authorization()
    partner.come_back(authorization, partner.browse(others))
    partner.come_back(authorization, partner.browse(authorization))


def user_refuses(workspace: Workspace, partner: Partner) -> None:
    """The user denies, and then allows."""
    workspace.control("PUT", "otter/consent", {"consent": "deny"})
    authorization = partner.otter.authorization()
    partner.come_back(authorization, partner.browse(authorization))
    workspace.control("PUT", "otter/consent", {"consent": "approve"})
    partner.ask_user()


Scenario = Callable[[Workspace, Partner], None]

TOKEN = frozenset({"otter.token.code", "otter.token.code_once", "otter.token.verifier", "otter.token.redirect_uri"})
ACCESS = frozenset({"otter.access.bearer", "otter.access.user_token", "otter.access.read", "otter.token.lifetime"})
CONNECTED = frozenset(
    {
        "otter.access.service_integration",
        "otter.connection.store_id",
        "otter.connection.ids_apart",
        "otter.store.otters_id",
        "otter.request.json",
    }
)

OCCASIONS: dict[str, tuple[Scenario, frozenset[str]]] = {
    "an onboarding": (store_is_onboarded, TOKEN | ACCESS | CONNECTED),
    "another storeId": (store_has_another_id, CONNECTED | {"otter.connection.replace"}),
    "pages": (structure_has_pages, frozenset({"otter.paging.token", "otter.paging.read_on", "otter.paging.limit"})),
    "long lists": (lists_are_long, frozenset({"otter.paging.token", "otter.paging.read_on"})),
    "the end of a token": (token_ends, ACCESS),
    "an occasional 401": (good_token_is_refused, frozenset({"otter.access.retry_401"})),
    "a failure": (provider_fails, frozenset({"otter.error.server"})),
    "a limit": (rate_is_limited, frozenset({"otter.rate.authenticated"})),
    "a page loaded twice": (page_is_loaded_again, frozenset({"otter.token.code_once"})),
    "a callback that was made up": (callback_is_made_up, TOKEN),
    "a callback of another": (callback_is_of_another, TOKEN),
    "a refusal": (user_refuses, TOKEN | {"otter.authorize.state"}),
}


@pytest.mark.parametrize("occasion", OCCASIONS)
def test_reference_client_passes(workspace: Workspace, make_otter: Make, conduct: Judge, occasion: str) -> None:
    """The reference client violates nothing and is judged on what each scenario gives an occasion for."""
    scenario, judged = OCCASIONS[occasion]
    scenario(
        workspace, Partner(make_otter(workspace, retry=RETRY_WITH_401 if occasion == "an occasional 401" else Retry()))
    )

    report = conduct(workspace, "otter")

    assert (report.verdict, report.of("FAIL")) == ("PASS", ())
    assert judged - {each.requirement for each in report.of("PASS")} == set()


def test_occasions_are_enough_for_every_duty(
    make_workspace: Callable[..., Workspace], make_otter: Make, conduct: Judge
) -> None:
    """All scenarios together judge the reference client on every requirement but one, which only a fault can show."""
    judged = set()
    for scenario, _ in OCCASIONS.values():
        with make_workspace() as workspace:
            scenario(workspace, Partner(make_otter(workspace, retry=RETRY_WITH_401)))
            judged |= {each.requirement for each in conduct(workspace, "otter").of("PASS")}

    obliged = {each.id for each in load_contract("otter").requirements.values() if each.binds_clients}
    assert obliged - judged == {"otter.rate.unauthenticated"}


# ---- Faulty clients ----

FAULTY_PARTNERS: dict[str, tuple[type[Partner], Scenario, set[str]]] = {
    "exchanges a code twice": (AmnesticPartner, page_is_loaded_again, {"token.code_once"}),
    "exchanges a made-up code": (CredulousPartner, callback_is_made_up, {"token.code"}),
    "exchanges another's code": (CredulousPartner, callback_is_of_another, {"token.verifier"}),
    "gives up with its token": (TimidPartner, token_ends, {"token.lifetime"}),
    "goes on with an ended token": (HammeringPartner, token_ends, {"token.lifetime", "access.retry_401"}),
    "asks for a refresh": (RefreshingPartner, token_ends, {"token.lifetime", "token.grant_type"}),
    "gives up after 503": (ForgetfulPartner, provider_fails, {"error.server"}),
    "tries something else after 503": (TalkativePartner, provider_fails, {"error.server"}),
    "reads one page": (OnePagePartner, structure_has_pages, {"paging.read_on"}),
    "encodes no token": (EncodingPartner, lists_are_long, {"paging.token"}),
    "posts before it deletes": (BluntPartner, store_has_another_id, {"connection.replace"}),
    "takes its own id for Otter's": (ConfusedPartner, store_is_onboarded, {"store.otters_id"}),
}


@pytest.mark.parametrize("fault", FAULTY_PARTNERS)
def test_faulty_partner_fails(workspace: Workspace, failed: Failed, fault: str) -> None:
    """Each partner with a fault violates exactly the requirement that concerns it."""
    kind, scenario, broken = FAULTY_PARTNERS[fault]
    scenario(workspace, kind(plain_client(workspace)))

    assert set(failed(workspace, "otter")) == {f"otter.{each}" for each in broken}


@pytest.mark.parametrize("fault", ASKED_WRONGLY)
def test_wrong_request_for_permission_fails(workspace: Workspace, failed: Failed, fault: str) -> None:
    """Each wrong authorization request violates exactly the requirement that concerns it."""
    requirement, ask = ASKED_WRONGLY[fault]
    ask(wire_to(workspace))

    assert set(failed(workspace, "otter")) == {f"otter.{requirement}"}


@pytest.mark.parametrize("fault", EXCHANGED_WRONGLY)
def test_wrong_request_for_a_token_fails(workspace: Workspace, failed: Failed, fault: str) -> None:
    """Each wrong token request violates exactly the requirement that concerns it."""
    requirement, ask = EXCHANGED_WRONGLY[fault]
    ask(wire_to(workspace))

    assert set(failed(workspace, "otter")) == {f"otter.{requirement}"}


@pytest.mark.parametrize("fault", SENT_WRONGLY)
def test_wrong_request_of_a_user_fails(workspace: Workspace, failed: Failed, fault: str) -> None:
    """Each wrong request to an organization endpoint violates exactly the requirement that concerns it."""
    requirement, ask = SENT_WRONGLY[fault]
    client = plain_client(workspace)
    ask(wire_to(workspace), Partner(client).ask_user().token.access_token)

    assert set(failed(workspace, "otter")) == {f"otter.{requirement}"}


@pytest.mark.parametrize("fault", ADDRESSED_WRONGLY)
def test_missing_scope_fails(workspace: Workspace, failed: Failed, fault: str) -> None:
    """A client without the scope that it needs violates the requirement on that scope."""
    scopes, (method, path), requirement = ADDRESSED_WRONGLY[fault]
    partner = Partner(plain_client(workspace))
    authorization = partner.otter.authorization(scopes)
    user = partner.come_back(authorization, partner.browse(authorization))
    assert user is not None
    wire_to(workspace).ask(method, path, user.token.access_token)

    assert set(failed(workspace, "otter")) == {f"otter.{requirement}"}


def test_token_of_the_application_itself_fails(workspace: Workspace, failed: Failed) -> None:
    """A client that uses the application's credentials in place of a user's violates the requirement on the flow."""
    client = plain_client(workspace)
    with pytest.raises(Forbidden):
        client.as_user(client.application_token(["stores.manage"])).organization()

    assert set(failed(workspace, "otter")) == {"otter.access.user_token"}


def test_token_in_the_url_fails(workspace: Workspace, failed: Failed) -> None:
    """A client that sends its token in the query violates the requirements on header and URL."""
    token = Partner(plain_client(workspace)).ask_user().token.access_token
    wire_to(workspace).ask("GET", ORGANIZATION, None, params={"access_token": token})

    assert set(failed(workspace, "otter")) == {"otter.access.bearer", "otter.access.secret_in_url"}


def test_unauthenticated_retry_fails(workspace: Workspace, make_otter: Make, failed: Failed) -> None:
    """A client that repeats a request after 503 without its token violates the requirement on the header."""
    user = Partner(
        make_otter(workspace, session=changing_session(RetryWithout("Authorization", below="/organization/")))
    ).ask_user()

    workspace.faults.set({"fault": "status", "status": 503, "operation": "organizationGetOrganization", "first": 1})
    with pytest.raises(ClientError):
        user.organization()

    assert set(failed(workspace, "otter")) == {"otter.access.bearer"}


def test_impatience_with_a_limit_fails(workspace: Workspace, make_otter: Make, failed: Failed) -> None:
    """A client that does not wait until a limit allows its request violates the requirement on the limit."""
    rate_is_limited(workspace, Partner(make_otter(workspace, retry=IMPATIENT)))

    assert set(failed(workspace, "otter")) == {"otter.rate.authenticated"}


def test_asking_without_end_fails(workspace: Workspace, failed: Failed) -> None:
    """A client that sends requests without a token again and again violates the requirements on header and limit."""
    workspace.clock.freeze()
    workspace.replace_seed("otter", {**SEED, "settings": {**SEED["settings"], "rate_limits": LIMITS}})
    wire = wire_to(workspace)
    for _ in range(4):
        wire.ask("GET", ORGANIZATION, None)

    assert set(failed(workspace, "otter")) == {"otter.access.bearer", "otter.rate.unauthenticated"}


@pytest.mark.parametrize("is_known", [True, False])
def test_refused_connection_is_no_replacement(workspace: Workspace, conduct: Judge, is_known: bool) -> None:
    """A refused POST is no replacement, under the known id or under another one."""
    user = Partner(plain_client(workspace)).ask_user()
    user.connect(BRAND, STORES[0], our_store_id="kitchen-1")
    if not is_known:
        workspace.journal.clear()
    with pytest.raises(AlreadyConnected):
        user.connect(BRAND, STORES[0], our_store_id="kitchen-1" if is_known else "kitchen-2")

    report = conduct(workspace, "otter")

    assert report.on("otter.connection.replace").verdict == "SKIP"
    assert [each.requirement for each in report.of("FAIL")] == ["otter.connection.looked_at"] * is_known


def test_connection_after_a_look_is_right(workspace: Workspace, conduct: Judge) -> None:
    """Whoever looks before each POST fulfils the requirement, also where the store was connected and let go before."""
    user = Partner(plain_client(workspace)).ask_user()
    for _ in range(2):
        assert user.connection(BRAND, STORES[0]) is None
        user.connect(BRAND, STORES[0], our_store_id="kitchen-1")
        user.disconnect(BRAND, STORES[0])

    report = conduct(workspace, "otter")

    assert (report.of("FAIL"), report.on("otter.connection.looked_at").verdict) == ((), "PASS")


def test_repeat_of_a_lost_connection_is_no_violation(workspace: Workspace, failed: Failed) -> None:
    """A POST whose answer was lost is sent again without a look, whatever comes of it."""
    user = Partner(plain_client(workspace)).ask_user()
    workspace.faults.set({"fault": "reset", "moment": "after", "operation": "organizationCreateConnection", "first": 1})
    with pytest.raises(Unreachable):
        user.connect(BRAND, STORES[0], our_store_id="kitchen-1")
    with pytest.raises(AlreadyConnected):
        user.connect(BRAND, STORES[0], our_store_id="kitchen-1")

    assert failed(workspace, "otter") == {}


def wire_to(workspace: Workspace) -> RawClient:
    """Handmade requests without a record."""
    return RawClient(plain_client(workspace), workspace.credentials("otter"))


def plain_client(workspace: Workspace, **settings: Any) -> Otter:
    """The reference client without a record of its exchanges and without retries."""
    credentials = workspace.credentials("otter")
    session = requests.Session()
    session.trust_env = False
    return Otter(
        workspace.url("otter"),
        credentials.key,
        credentials.secret,
        redirect_uri=credentials.values["redirect_uri"],
        session=session,
        **{"retry": NO_RETRY, **settings},
    )
