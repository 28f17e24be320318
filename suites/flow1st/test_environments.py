"""Staging and production: two accounts of one partner, whose configuration is replicated and credentials are not."""

import json
from typing import Any

import pytest

from flowproof.target import ControlRefused, Workspace

from .accounts import Account
from .raw_client import RawClient
from .setup import RECIPIENT
from .strategies import an_order

CONFIGURATION = {"webhookUrl": "http://127.0.0.1:9/hooks", "emails": ["a@partner.example", "b@partner.example"]}


def export(account: Account) -> dict[str, Any]:
    """The exported configuration."""
    return dict(account.ask("GET", "/configuration/export"))


@pytest.mark.requirement("flow1st.environment.two", "flow1st.credentials.three_parts", "flow1st.credentials.differ")
def test_each_environment_has_credentials_of_its_own(workspace: Workspace) -> None:
    """
    Staging and production each have API key, API secret and signing key, and no part is the same.
    """
    both = [workspace.credentials("flow1st", role) for role in ("default", "production")]
    parts = [(each.key, each.secret, each.values["signing_key"], each.values["webhook_token"]) for each in both]

    assert len({*parts[0], *parts[1]}) == 8
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


@pytest.mark.requirement("flow1st.configuration.export", "flow1st.credentials.differ")
def test_configuration_is_replicated_and_credentials_are_not(
    workspace: Workspace, staging: Account, production: Account
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


@pytest.mark.requirement("flow1st.credentials.differ")
def test_export_holds_no_credential(workspace: Workspace, staging: Account) -> None:
    """
    An export names the credentials that are to be made anew, and holds none of them.
    """
    text = json.dumps(export(staging))
    both = [workspace.credentials("flow1st", role) for role in ("default", "production")]
    held = [each.key for each in both] + [str(part) for each in both for part in each.values.values()]

    assert [each for each in held if each in text and each not in {"staging", "production"}] == []
    assert export(staging)["credentials"] == ["api_key", "api_secret", "signing_key", "webhook_token"]


@pytest.mark.requirement("flow1st.configuration.export")
def test_change_after_replication_is_seen(staging: Account, production: Account) -> None:
    """
    A replication is complete only as long as both configurations are the same.
    """
    production.ask("POST", "/configuration/import", export(staging))
    staging.ask("PUT", "/configuration", CONFIGURATION)

    assert production.facts()["replication"]["complete"] is False
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
def test_document_that_is_no_export_is_refused(staging: Account, production: Account, change: dict[str, Any]) -> None:
    """
    A document that is no export of the other environment, or has a credential in it, is refused.
    """
    with pytest.raises(ControlRefused) as refused:
        production.ask("POST", "/configuration/import", {**export(staging), **change})

    assert (refused.value.status, production.facts()["replication"]["from"]) == (422, None)


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
