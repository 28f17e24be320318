"""Staging and production: two accounts of one partner. The configuration is replicated, credentials are not."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from flowproof.clients import Refused, Unauthorized
from flowproof.clients.flow1st import Flow1st
from flowproof.target import ControlRefused, Workspace

from .accounts import Account
from .raw_client import RawClient
from .receiver import receiving
from .setup import RECIPIENT
from .strategies import an_order

PENDING_S = 1.5  # long enough for PENDING, too short for the outcome
STAGING = "flow1st/environments/staging"
CONFIGURATION = {"webhookUrl": "http://127.0.0.1:9/hooks", "emails": ["a@partner.example", "b@partner.example"]}


def export(account: Account) -> dict[str, Any]:
    """The exported configuration of an account."""
    return dict(account.ask("GET", "/configuration/export"))


def parts(made: dict[str, Any]) -> dict[str, str]:
    """An API key as a client takes it."""
    return {name: made[name] for name in ("api_key", "api_secret", "signing_key")}


def order(client: Flow1st, reference: str) -> None:
    """Place a valid order."""
    client.complete_order(reference, sku="codm30cp", recipient=RECIPIENT, email="a@b.co")


@pytest.fixture
def notified_urls(make_flow1st: Callable[..., Flow1st], production: Account) -> Callable[[], list[str]]:
    """Orders in production and lists the URLs that are notified when the order is pending."""
    references = itertools.count(1)

    def order() -> list[str]:
        production.top_up(3000)
        client = make_flow1st(production.workspace, role="production")
        client.complete_order(f"own-{next(references)}", sku="codm30cp", recipient=RECIPIENT, email="a@b.co")
        production.workspace.clock.advance(PENDING_S)
        return [each["webhook"]["url"] for each in production.outbox()]

    return order


@pytest.mark.requirement("flow1st.environment.two", "flow1st.credentials.three_parts", "flow1st.credentials.differ")
def test_each_environment_has_credentials_of_its_own(
    workspace: Workspace, make_flow1st: Callable[..., Flow1st]
) -> None:
    """
    Staging and production each have API key, API secret and signing key. No part is the same, or valid with another's.
    """
    both = [workspace.credentials("flow1st", role) for role in ("default", "production")]
    parts = [(each.key, each.secret, each.values["signing_key"], each.values["webhook_token"]) for each in both]

    tokens = [make_flow1st(workspace, role=role).authenticate().access for role in ("default", "production")]
    with pytest.raises(Unauthorized):
        make_flow1st(workspace, api_secret=both[1].secret).authenticate()

    assert len({*parts[0], *parts[1], *tokens}) == 10
    assert [each.values["environment"] for each in both] == ["staging", "production"]


@pytest.mark.requirement("flow1st.environment.separate", "flow1st.environment.two")
def test_nothing_of_staging_is_seen_in_production(raw: RawClient, staging: Account, production: Account) -> None:
    """
    Orders, money and configuration of staging change nothing in production.
    """
    before = production.facts()
    staging.ask("PUT", "/configuration", CONFIGURATION)
    staging.top_up(500)
    raw.order(an_order("here"))

    assert production.facts() == before


@pytest.mark.requirement("flow1st.environment.two", "flow1st.environment.separate", "flow1st.order.same_again")
def test_reference_is_one_for_each_environment(make_flow1st: Any, staging: Account, production: Account) -> None:
    """
    The same reference in both environments makes two orders.
    """
    production.top_up(3000)
    for role in ("default", "production"):
        client = make_flow1st(staging.workspace, role=role)
        client.complete_order("same", sku="codm30cp", recipient=RECIPIENT, email="a@b.co")

    assert [len(staging.orders()), len(production.orders())] == [1, 1]
    assert staging.orders()[0]["reference"] != production.orders()[0]["reference"]


@pytest.mark.requirement("flow1st.environment.separate", "flow1st.order.same_again", "flow1st.balance.debit_once")
def test_order_is_found_by_its_reference_in_its_environment(
    make_flow1st: Any, staging: Account, production: Account
) -> None:
    """
    An order that is sent again is the first one, also when the other environment has had its reference in between.
    """
    production.top_up(3000)
    clients = [make_flow1st(staging.workspace, role=role) for role in ("default", "production", "default")]
    orders = [
        each.complete_order("same", sku="codm30cp", recipient=RECIPIENT, email="a@b.co").reference for each in clients
    ]

    assert (orders[0] == orders[2], len(set(orders))) == (True, 2)
    assert [len(each.orders()) for each in (staging, production)] == [1, 1]


@pytest.mark.requirement("flow1st.token.basic", "flow1st.auth.token", "flow1st.webhook.signature")
@pytest.mark.requirement("flow1st.webhook.access_token", "flow1st.signature.hmac")
def test_secrets_of_before_a_rotation_are_of_no_use(make_flow1st: Callable[..., Flow1st], staging: Account) -> None:
    """
    On a mock, an API key that got new secrets opens, signs and is told by these alone, each time that it gets some.
    """
    keys = [staging.workspace.control("POST", f"{STAGING}/credentials")]
    for _ in range(2):
        keys.append(staging.workspace.control("POST", f"{STAGING}/credentials/{keys[0]['api_key']}/rotate"))
        old, new = keys[-2], keys[-1]
        with receiving(new["signing_key"], new["webhook_token"]) as receiver:
            for secret in (old["api_secret"], old["signing_key"]):
                with pytest.raises(Unauthorized):
                    make_flow1st(staging.workspace, **{**parts(new), "api_secret": secret}).authenticate()
            with pytest.raises(Refused):
                order(make_flow1st(staging.workspace, **{**parts(new), "signing_key": old["signing_key"]}), "old")
            staging.configure(receiver.url)
            order(make_flow1st(staging.workspace, **parts(new)), f"new {len(keys)}")
            staging.pass_time(10)

        assert [each.status for each in receiver.news()] == ["PENDING", "SUCCESSFUL"]
        assert len(receiver.got) == 2


@pytest.mark.requirement("flow1st.configuration.export", "flow1st.credentials.differ")
def test_configuration_is_replicated_and_credentials_are_not(
    workspace: Workspace, staging: Account, production: Account, notified_urls: Callable[[], list[str]]
) -> None:
    """
    What is exported from staging is production's configuration after the import; its credentials are as before.
    """
    before = workspace.credentials("flow1st", "production")
    staging.ask("PUT", "/configuration", CONFIGURATION)
    production.ask("POST", "/configuration/import", export(staging))
    shown = workspace.server.ask("GET", f"/workspaces/{workspace.id}")
    after = Workspace(workspace.server, shown).credentials("flow1st", "production")

    assert production.facts()["configuration"] == CONFIGURATION
    assert production.facts()["replication"] == {"from": "staging", "complete": True, "credentials_differ": True}
    assert (after.key, after.values) == (before.key, before.values)
    assert notified_urls() == [CONFIGURATION["webhookUrl"]]


@pytest.mark.requirement("flow1st.credentials.differ")
def test_export_holds_no_credential(workspace: Workspace, staging: Account, raw: RawClient) -> None:
    """
    An export names the credentials that are to be made anew, and holds none of them, nor an access token.
    """
    token = raw.access
    text = json.dumps(export(staging))
    both = [workspace.credentials("flow1st", role) for role in ("default", "production")]
    secrets = [token, *(each.key for each in both), *(str(part) for each in both for part in each.values.values())]

    assert [each for each in secrets if each in text and each not in {"staging", "production"}] == []
    assert export(staging)["credentials"] == ["api_key", "api_secret", "signing_key", "webhook_token"]


@pytest.mark.requirement("flow1st.configuration.export")
def test_change_after_replication_is_seen(
    staging: Account, production: Account, notified_urls: Callable[[], list[str]]
) -> None:
    """
    A replication is complete only as long as both configurations are the same; a change of one is not the other's.
    """
    production.ask("POST", "/configuration/import", export(staging))
    staging.ask("PUT", "/configuration", CONFIGURATION)

    assert (production.facts()["replication"]["complete"], notified_urls()) == (False, [])
    production.ask("POST", "/configuration/import", export(staging))
    assert production.facts()["replication"]["complete"] is True
    production.ask("PUT", "/configuration", CONFIGURATION)
    assert production.facts()["replication"]["from"] is None


@pytest.mark.requirement("flow1st.configuration.export")
@pytest.mark.parametrize(
    "change",
    [
        {"flowproof": "flow1st-configuration/2"},
        {"environment": "production"},
        {"environment": "sandbox"},
        {"configuration": {"webhookUrl": "nowhere", "emails": []}},
        {"configuration": {"webhookUrl": None}},
        {"configuration": {"webhookUrl": None, "emails": [], "signing_key": "x"}},
        {"credentials": []},
        {"api_key": "x"},
    ],
    ids=str,
)
def test_document_that_is_no_export_is_refused(
    staging: Account, production: Account, notified_urls: Callable[[], list[str]], change: dict[str, Any]
) -> None:
    """
    A document that is no export of the other environment, or has a credential in it, is refused and changes nothing.
    """
    with pytest.raises(ControlRefused) as refused:
        production.ask("POST", "/configuration/import", {**export(staging), **change})

    assert (refused.value.status, production.facts()["replication"]["from"], notified_urls()) == (422, None, [])


@pytest.mark.requirement("flow1st.environment.two")
def test_reset_makes_both_as_new(raw: RawClient, workspace: Workspace, staging: Account, production: Account) -> None:
    """
    A workspace that is reset has both accounts as they were at first.
    """
    before = [staging.facts(), production.facts()]
    production.top_up(5)
    raw.order(an_order("gone"))
    workspace.reset()

    assert [staging.facts(), production.facts()] == before
