"""Clients of the Integrations API that make one mistake violate the requirement that it concerns, by their journal."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from flowproof.clients import NO_RETRY, ClientError
from flowproof.clients.integrations import Integrations
from flowproof.conduct import ConductReport
from flowproof.conformance import load_contract
from flowproof.suites.integrations.raw_client import CONFIGURE, CONFIGURE_WORKFLOW, SAVE_SUBSCRIPTION, RawClient
from flowproof.suites.integrations.strategies import (
    INVALID_CONFIGURATIONS,
    INVALID_SUBSCRIPTIONS,
    INVALID_WORKFLOWS,
    InvalidExample,
)
from flowproof.target import Workspace
from tests.conduct.changed_requests import RetryWithout, changing_session
from tests.conduct.integrations_clients import (
    CREDENTIALS,
    FAULTY_REQUESTS,
    PLATFORM,
    BlindShop,
    BluntShop,
    CodeShop,
    HeedlessShop,
    PlatformShop,
    Shop,
    StubbornShop,
)

Judge = Callable[[Workspace, str], ConductReport]
Failed = Callable[[Workspace, str], dict[str, str]]
Make = Callable[..., Integrations]
Scenario = Callable[[Workspace, Shop], None]

TOGGLE_ONCE = "integrations.workflow.toggle_once"
REPLACED = "integrations.configure.replaced"
NOT_REPEATED = "integrations.error.not_repeated"
RATE = "integrations.error.rate_limit"
ACTIONS = (
    {"type": "send_email", "recipient": "customer", "template": "delivery_confirmation"},
    {"type": "send_push", "title": "Delivered", "message": "Your shipment is there"},
    {"type": "webhook", "url": "http://127.0.0.1:9/hook"},
    {"type": "update_status", "status": "closed"},
)


# ---- Scenarios: what a client meets ----


def all_is_well(_: Workspace, shop: Shop) -> None:
    """Every operation and every action once."""
    api, guid = shop.integrations, shop.connect()
    keys = {"p256dh": "public-key-string", "auth": "auth-secret-string"}
    api.save_push_subscription({"endpoint": "https://push.example/1", "keys": keys})
    made = [shop.automate(f"Workflow {number}", action) for number, action in enumerate(ACTIONS)]
    api.workflows("Shipment", managed=True)
    shop.switch_off(made[0].guid)
    api.resume(made[1].guid)
    api.delete(made[2].guid)
    shop.disconnect(guid)


def answer_is_lost(workspace: Workspace, shop: Shop) -> None:
    """A workflow is toggled, but the connection breaks before the response."""
    guid = shop.automate("One").guid
    workspace.faults.set({"fault": "reset", "moment": "after", "operation": "toggleWorkflow", "first": 1})
    shop.switch_off(guid)


def request_is_lost(workspace: Workspace, shop: Shop) -> None:
    """A toggle gets 503."""
    guid = shop.automate("One").guid
    workspace.faults.set({"fault": "status", "status": 503, "operation": "toggleWorkflow", "first": 1})
    shop.switch_off(guid)


def rate_is_limited(workspace: Workspace, shop: Shop) -> None:
    """The first two requests are refused with 429 and a second to wait."""
    workspace.faults.set("integrations.rate_limited")
    shop.automate("One")


def credentials_change(_: Workspace, shop: Shop) -> None:
    """A connected platform is connected with other credentials."""
    shop.reconnect(shop.connect())


def platform_is_given_up(_: Workspace, shop: Shop) -> None:
    """A connected platform is removed."""
    shop.disconnect(shop.connect())


def workflow_is_wanted(_: Workspace, shop: Shop) -> None:
    """Nothing goes wrong."""
    shop.automate("One")


def platform_is_gone(_: Workspace, shop: Shop) -> None:
    """The integration to be removed does not exist any more."""
    guid = shop.connect()
    shop.integrations.remove(guid)
    with suppress(ClientError):
        shop.disconnect(guid)


SCENARIOS: dict[str, tuple[Scenario, str]] = {
    "all is well": (all_is_well, "integrations.auth.bearer"),
    "a lost answer": (answer_is_lost, TOGGLE_ONCE),
    "a lost request": (request_is_lost, TOGGLE_ONCE),
    "too many requests": (rate_is_limited, RATE),
    "other credentials": (credentials_change, REPLACED),
    "a refusal": (platform_is_gone, NOT_REPEATED),
}


# ---- The reference client ----


@pytest.mark.parametrize("occasion", SCENARIOS)
def test_reference_client_passes(
    workspace: Workspace, integrations: Integrations, conduct: Judge, occasion: str
) -> None:
    """The reference client violates nothing and is judged on what each scenario gives an occasion for."""
    scenario, judged = SCENARIOS[occasion]
    scenario(workspace, Shop(integrations))

    report = conduct(workspace, "integrations")

    assert (report.verdict, report.of("FAIL")) == ("PASS", ())
    assert report.on(judged).verdict == "PASS"


def test_every_duty_of_a_client_can_be_judged(
    make_workspace: Callable[..., Workspace], make_integrations: Make, conduct: Judge
) -> None:
    """The scenarios together give an occasion for each requirement that obliges a client."""
    passed: set[str] = set()
    for scenario, _ in SCENARIOS.values():
        with make_workspace() as workspace:
            scenario(workspace, Shop(make_integrations(workspace, sleep=workspace.clock.advance)))
            passed |= {each.requirement for each in conduct(workspace, "integrations").of("PASS")}

    duties = {each.id for each in load_contract("integrations").requirements.values() if each.binds_clients}
    assert passed == duties


def test_nothing_done_is_nothing_judged(workspace: Workspace, conduct: Judge) -> None:
    """A client that sent nothing has passed nothing."""
    report = conduct(workspace, "integrations")

    assert (report.verdict, len(report.of("SKIP"))) == ("SKIP", len(report.judgements))
    assert {each.exchanges for each in report.judgements} == {()}


# ---- Faulty clients ----


@pytest.mark.parametrize("fault", FAULTY_REQUESTS)
def test_faulty_request_fails(workspace: Workspace, make_integrations: Make, failed: Failed, fault: str) -> None:
    """Each wrong form of a request violates exactly the requirement that concerns it."""
    requirement, spoil = FAULTY_REQUESTS[fault]
    token = workspace.credentials("integrations").key
    session = changing_session(lambda request: spoil(request, token))
    client = make_integrations(workspace, session=session, retry=NO_RETRY)

    with suppress(ClientError):
        client.configure(PLATFORM, CREDENTIALS)

    assert set(failed(workspace, "integrations")) == {f"integrations.{requirement}"}


def test_unauthenticated_retry_fails(workspace: Workspace, make_integrations: Make, failed: Failed) -> None:
    """A client that repeats a request after 503 without its token violates the requirement on the header."""
    session = changing_session(RetryWithout("Authorization"))
    client = make_integrations(workspace, session=session, sleep=workspace.clock.advance)

    workspace.faults.set({"fault": "status", "status": 503, "first": 1})
    with pytest.raises(ClientError):
        client.triggers("Order")

    assert set(failed(workspace, "integrations")) == {"integrations.auth.bearer"}


FAULTY_SHOPS: dict[str, tuple[type[Shop], Scenario, str]] = {
    "toggles again blindly": (BlindShop, answer_is_lost, TOGGLE_ONCE),
    "toggles again after 503": (BlindShop, request_is_lost, TOGGLE_ONCE),
    "does not wait after 429": (HeedlessShop, rate_is_limited, RATE),
    "configures before it clears away": (BluntShop, credentials_change, REPLACED),
    "takes the platform for the integration": (
        PlatformShop,
        platform_is_given_up,
        "integrations.integration.identifier",
    ),
    "takes a code for a guid": (CodeShop, workflow_is_wanted, "integrations.workflow.trigger_id"),
    "repeats what was refused": (StubbornShop, platform_is_gone, NOT_REPEATED),
}


@pytest.mark.parametrize("fault", FAULTY_SHOPS)
def test_faulty_shop_fails(workspace: Workspace, make_integrations: Make, failed: Failed, fault: str) -> None:
    """Each shop with a fault violates exactly the requirement that concerns it."""
    kind, scenario, requirement = FAULTY_SHOPS[fault]
    scenario(workspace, kind(make_integrations(workspace, retry=NO_RETRY)))

    assert set(failed(workspace, "integrations")) == {requirement}


@pytest.mark.parametrize("occasion", ["a lost answer", "a lost request"])
def test_giving_up_after_a_toggle_is_no_fault(
    workspace: Workspace, make_integrations: Make, conduct: Judge, occasion: str
) -> None:
    """A client that does not toggle again after an unknown outcome has repeated nothing."""
    scenario, judged = SCENARIOS[occasion]
    with pytest.raises(ClientError):
        scenario(workspace, TimidShop(make_integrations(workspace, retry=NO_RETRY)))

    assert conduct(workspace, "integrations").on(judged).verdict == "PASS"


class TimidShop(Shop):
    """Gives up at the first failure."""

    def switch_off(self, guid: str) -> None:
        self.integrations.toggle(guid)


@pytest.mark.parametrize("then", ["disable", "remove"])
def test_same_request_after_a_change_is_no_repetition(
    workspace: Workspace, make_integrations: Make, failed: Failed, then: str
) -> None:
    """A refused request may be sent again unchanged once the provider's state has changed."""
    shop = Shop(make_integrations(workspace, retry=NO_RETRY))
    guid = shop.connect()
    with pytest.raises(ClientError):
        shop.connect()
    getattr(shop.integrations, then)(guid)
    shop.connect()

    assert set(failed(workspace, "integrations")) == {REPLACED}


def test_conflict_after_a_lost_answer_is_no_fault(
    workspace: Workspace, make_integrations: Make, failed: Failed
) -> None:
    """After a lost response a client may find out by configuring the integration again."""
    shop = Shop(make_integrations(workspace, retry=NO_RETRY))
    workspace.faults.set({"fault": "reset", "moment": "after", "operation": "configureIntegration", "first": 1})
    for _ in range(2):
        with pytest.raises(ClientError):
            shop.connect()

    assert failed(workspace, "integrations") == {}


RIGHT_WORKFLOW = {"name": "One", "entityType": "Shipment", "action": ACTIONS[0], "conditions": {}}
RIGHT_CONFIGURATION = {
    "providerId": PLATFORM,
    "providerType": "ecommerce",
    "credentials": CREDENTIALS,
    "settings": {"syncProducts": True},
}
RIGHT_SUBSCRIPTION = {"endpoint": "https://push.example/1", "keys": {"p256dh": "key", "auth": "secret"}}
BROKEN = (
    *((CONFIGURE_WORKFLOW, RIGHT_WORKFLOW, each) for each in INVALID_WORKFLOWS),
    *((CONFIGURE, RIGHT_CONFIGURATION, each) for each in INVALID_CONFIGURATIONS),
    *((SAVE_SUBSCRIPTION, RIGHT_SUBSCRIPTION, each) for each in INVALID_SUBSCRIPTIONS),
)


@pytest.mark.parametrize(
    ("path", "right", "example"), [pytest.param(*each, id=f"{each[0][5:]} {each[2]}") for each in BROKEN]
)
def test_broken_body_fails(
    workspace: Workspace,
    integrations: Integrations,
    failed: Failed,
    path: str,
    right: dict[str, object],
    example: InvalidExample,
) -> None:
    """Each wrong body violates exactly the requirement that concerns it."""
    trigger = {"triggerId": integrations.triggers("Shipment")[0].guid} if path == CONFIGURE_WORKFLOW else {}
    RawClient(integrations, workspace.credentials("integrations")).send(
        "POST", path, value=example.of({**right, **trigger})
    )

    assert set(failed(workspace, "integrations")) == {example.requirement}


SENT_WRONGLY: dict[str, tuple[str, str, str, dict[str, str | bytes]]] = {
    "a list of configurations": ("configure.body", "POST", CONFIGURE, {"body": b"[]"}),
    "a workflow as text": ("workflow.body", "POST", CONFIGURE_WORKFLOW, {"body": b'"One"'}),
    "no subscription": ("push.body", "POST", SAVE_SUBSCRIPTION, {"body": b"null"}),
    "an entity type in small letters": ("workflow.entity_types", "GET", "/api/workflows/triggers/order", {}),
    "managed=yes": ("workflow.managed_filter", "GET", "/api/workflows/Order/configured", {"query": "managed=yes"}),
    "nothing to resume": ("workflow.resume_id", "GET", "/api/workflows/resume-workflow", {}),
}


@pytest.mark.parametrize("fault", SENT_WRONGLY)
def test_request_sent_wrongly_fails(
    workspace: Workspace, integrations: Integrations, failed: Failed, fault: str
) -> None:
    """A request with a wrong method, path, query or form violates the requirement on it."""
    requirement, method, path, sent = SENT_WRONGLY[fault]
    RawClient(integrations, workspace.credentials("integrations")).send(method, path, **sent)  # type: ignore[arg-type]  # (query is text, body bytes)

    assert set(failed(workspace, "integrations")) == {f"integrations.{requirement}"}
