"""Clients of Dots.eco that make one mistake violate the requirement that it concerns, judged by their journal."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from time import monotonic, sleep
from typing import Any

import pytest
import requests

from flowproof.clients import NO_RETRY, ClientError, Unreachable
from flowproof.clients.dots_eco import DotsEco
from flowproof.conduct import ConductReport
from flowproof.suites.dots_eco.setup import APPLICATION, CLOSED, EXAMPLE, FOREIGN, OTHER, SEED, SKU, UNKNOWN_TOKEN
from flowproof.target import Workspace

Judge = Callable[[Workspace, str], ConductReport]
Failed = Callable[[Workspace, str], dict[str, str]]
Make = Callable[..., DotsEco]

LOST_ANSWER = "dots_eco.flow_card.lost_answer"
LOST = {"fault": "reset", "moment": "after", "operation": "createFlowCard", "first": 1}
TIMEOUT_S = 10.0


# ---- The reference client ----


def test_reference_client_passes(workspace: Workspace, dots_eco: DotsEco, conduct: Judge) -> None:
    """
    A client that buys the documented example, lists cards and reads a balance violates nothing and is judged on all of
    it.
    """
    workspace.clock.freeze("2024-09-13T12:00:00Z")
    dots_eco.cards(APPLICATION)
    dots_eco.balance(APPLICATION)
    dots_eco.create_card_from(dict(EXAMPLE))

    report = conduct(workspace, "dots_eco")

    assert report.verdict == "PASS"
    assert {each.requirement for each in report.of("SKIP")} == {"dots_eco.transport.tls", LOST_ANSWER}


def test_reference_client_does_not_buy_in_doubt(workspace: Workspace, dots_eco: DotsEco, conduct: Judge) -> None:
    """The reference client does not buy a card again whose response was lost, and is judged on it."""
    workspace.faults.set(LOST)
    with pytest.raises(Unreachable):
        dots_eco.create_card(APPLICATION, SKU)

    report = conduct(workspace, "dots_eco")

    assert (report.verdict, report.on(LOST_ANSWER).verdict) == ("PASS", "PASS")


def test_two_cards_alike_may_be_bought(workspace: Workspace, dots_eco: DotsEco, conduct: Judge) -> None:
    """After a response the same card may be bought again: the client wants two."""
    dots_eco.create_card(APPLICATION, SKU)
    dots_eco.create_card(APPLICATION, SKU)

    assert conduct(workspace, "dots_eco").of("FAIL") == ()


def test_another_card_may_be_bought_after_a_lost_answer(
    workspace: Workspace, make_dots_eco: Make, conduct: Judge
) -> None:
    """After a lost response another card may be bought."""
    workspace.faults.set(LOST)
    client = make_dots_eco(workspace, retry=NO_RETRY)
    with pytest.raises(Unreachable):
        client.create_card(APPLICATION, SKU, message="one")
    client.create_card(APPLICATION, SKU, message="another")

    assert conduct(workspace, "dots_eco").of("FAIL") == ()


# ---- Dates in local time ----

ZONES = {
    "behind, at night": ("2024-09-13T02:00:00Z", -5, "minimum"),
    "ahead, in the evening": ("2024-09-13T20:00:00Z", 9, "maximum"),
}


def limits(today: date) -> Mapping[str, date]:
    """The first and the last day on which a card may expire."""
    return {"minimum": today + timedelta(days=1), "maximum": today.replace(year=today.year + 5)}


@pytest.mark.parametrize("zone", ZONES)
def test_date_in_local_time_fails(workspace: Workspace, make_dots_eco: Make, failed: Failed, zone: str) -> None:
    """A client that computes a card's first or last day in local time violates that limit near midnight."""
    now, offset_h, limit = ZONES[zone]
    workspace.clock.freeze(now)
    local = workspace.clock.now().astimezone(timezone(timedelta(hours=offset_h)))

    with pytest.raises(ClientError):
        make_dots_eco(workspace).create_card(APPLICATION, SKU, expiration_date=limits(local.date())[limit])

    assert set(failed(workspace, "dots_eco")) == {f"dots_eco.flow_card.expiration.{limit}"}


@pytest.mark.parametrize("zone", ZONES)
def test_date_in_the_provider_time_passes(workspace: Workspace, make_dots_eco: Make, conduct: Judge, zone: str) -> None:
    """At the same moment a client that computes the day in UTC fulfils the limit."""
    now, _, limit = ZONES[zone]
    workspace.clock.freeze(now)
    today = workspace.clock.now().astimezone(UTC).date()

    make_dots_eco(workspace).create_card(APPLICATION, SKU, expiration_date=limits(today)[limit])

    report = conduct(workspace, "dots_eco")
    assert (report.verdict, report.on(f"dots_eco.flow_card.expiration.{limit}").verdict) == ("PASS", "PASS")


# ---- The same card twice ----


@pytest.mark.parametrize("fault", [LOST, {"fault": "truncated_body", "first": 1}, {"fault": "reset", "first": 1}])
def test_card_asked_for_again_in_doubt_fails(
    workspace: Workspace, make_dots_eco: Make, failed: Failed, fault: Mapping[str, Any]
) -> None:
    """A client that buys the same card again after a lost response may have bought two, and fails."""
    workspace.faults.set(fault)
    client = make_dots_eco(workspace, retry=NO_RETRY)

    with pytest.raises(Unreachable):
        client.create_card(APPLICATION, SKU)
    client.create_card(APPLICATION, SKU)

    assert set(failed(workspace, "dots_eco")) == {LOST_ANSWER}


def test_card_asked_for_again_on_timeout_fails(workspace: Workspace, failed: Failed) -> None:
    """A client that gives up waiting and buys the same card again before the first response comes fails."""
    workspace.faults.set({"fault": "latency", "seconds": 3, "first": 1})

    with suppress(requests.Timeout):
        bought(workspace, dict(EXAMPLE, expiration_date=None), timeout_s=0.05)
    bought(workspace, dict(EXAMPLE, expiration_date=None))
    wait_for_exchanges(workspace, 2)

    assert set(failed(workspace, "dots_eco")) == {LOST_ANSWER}


def bought(
    workspace: Workspace, body: Any, *, timeout_s: float = TIMEOUT_S, role: str = "default"
) -> requests.Response:
    """Ask for a card with plain `requests`."""
    headers = {"auth-token": workspace.credentials("dots_eco", role).key}
    with requests.Session() as session:
        session.trust_env = False
        url = f"{workspace.url('dots_eco')}/api/v1/flow-card/add"
        return session.post(url, json=body, headers=headers, timeout=timeout_s)


def wait_for_exchanges(workspace: Workspace, count: int) -> None:
    """Wait until the journal has so many exchanges; a delayed one is written when its delay is over."""
    deadline = monotonic() + TIMEOUT_S
    while len(workspace.journal.entries()) < count and monotonic() < deadline:
        sleep(0.02)


# ---- Wrong parameters ----

YEARS_ON = datetime(2030, 9, 14, tzinfo=UTC).date().isoformat()

PARAMETERS: Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]] = {
    "no application": (("flow_card.app_token.required",), {"app_token": None}),
    "unknown application": (("flow_card.app_token.invalid",), {"app_token": "9-00000000"}),
    "number for an application": (("flow_card.app_token.type", "flow_card.app_token.invalid"), {"app_token": 1}),
    "somebody else's application": (("auth.manager",), {"app_token": FOREIGN}),
    "application that may not buy": (("auth.purchase_allowed",), {"app_token": CLOSED}),
    "no SKU": (("flow_card.sku.required",), {"sku": None}),
    "unknown SKU": (("flow_card.sku.invalid",), {"sku": "no-such-sku"}),
    "number for a SKU": (("flow_card.sku.type", "flow_card.sku.invalid"), {"sku": 7}),
    "day before month": (("flow_card.expiration.format",), {"expiration_date": "31/12/2025"}),
    "time beside the date": (("flow_card.expiration.format",), {"expiration_date": "2025-12-31T00:00:00Z"}),
    "seconds for a date": (
        ("flow_card.expiration.type", "flow_card.expiration.format"),
        {"expiration_date": 1_767_139_200},
    ),
    "30 February": (("flow_card.expiration.invalid",), {"expiration_date": "2025-02-30"}),
    "today": (("flow_card.expiration.minimum",), {"expiration_date": "2024-09-13"}),
    "six years on": (("flow_card.expiration.maximum",), {"expiration_date": YEARS_ON}),
    "no address": (("flow_card.recipient_email.invalid",), {"recipient_email": "nobody"}),
    "list of addresses": (
        ("flow_card.recipient_email.type", "flow_card.recipient_email.invalid"),
        {"recipient_email": ["test@test.com"]},
    ),
    "number for a name": (("flow_card.recipient_name.type", "flow_card.recipient_name.invalid"), {"recipient_name": 7}),
    "object for a sender": (("flow_card.from.type", "flow_card.from.invalid"), {"from": {}}),
    "truth for a message": (("flow_card.message.type", "flow_card.message.invalid"), {"message": True}),
}


@pytest.mark.parametrize("fault", PARAMETERS)
def test_wrong_parameter_fails(workspace: Workspace, failed: Failed, fault: str) -> None:
    """Each wrong parameter violates exactly the requirements that concern it."""
    requirements, change = PARAMETERS[fault]
    workspace.clock.freeze("2024-09-13T12:00:00Z")

    bought(workspace, {**EXAMPLE, **change})

    assert set(failed(workspace, "dots_eco")) == {f"dots_eco.{each}" for each in requirements}


def test_sku_of_another_application_fails(workspace: Workspace, failed: Failed) -> None:
    """A card that only another application may buy is not available."""
    (foreign,) = (each["sku"] for each in SEED["skus"] if each["applications"] == [OTHER])

    bought(workspace, {"app_token": APPLICATION, "sku": foreign})

    assert set(failed(workspace, "dots_eco")) == {"dots_eco.flow_card.sku.available"}


# ---- Wrong requests ----

CARD, CARDS, BALANCE = "/api/v1/flow-card/add", "/api/v1/flow-card/list/{}", "/api/v1/application-balance/{}"
TOKEN = "auth-token"

REQUESTS: Mapping[str, tuple[frozenset[str], str, str, Mapping[str, Any]]] = {
    "card without a token": (frozenset({"auth.header", "auth.missing"}), "POST", CARD, {"token": None}),
    "list without a token": (
        frozenset({"auth.header", "catalogue.missing_token"}),
        "GET",
        CARDS.format(APPLICATION),
        {"token": None},
    ),
    "balance with an unknown token": (
        frozenset({"auth.unknown"}),
        "GET",
        BALANCE.format(APPLICATION),
        {"token": UNKNOWN_TOKEN},
    ),
    "list of an unknown application": (frozenset({"catalogue.app_token"}), "GET", CARDS.format("9-00000000"), {}),
    "somebody else's list": (frozenset({"catalogue.manager"}), "GET", CARDS.format(FOREIGN), {}),
    "list of who may not buy": (frozenset({"catalogue.purchase_allowed"}), "GET", CARDS.format(CLOSED), {}),
    "balance of an unknown application": (frozenset({"balance.app_token"}), "GET", BALANCE.format("9-00000000"), {}),
    "somebody else's balance": (frozenset({"balance.manager"}), "GET", BALANCE.format(FOREIGN), {}),
    "card as a form": (
        frozenset({"request.content_type"}),
        "POST",
        CARD,
        {"type": "application/x-www-form-urlencoded", "body": "sku=1"},
    ),
    "half a body": (frozenset({"request.json"}), "POST", CARD, {"body": '{"sku": '}),
    "two megabytes": (frozenset({"request.size"}), "POST", CARD, {"body": " " * 2**21}),
    "another path": (frozenset({"request.route"}), "GET", "/api/v1/flow-card", {}),
    "another method": (frozenset({"request.method"}), "PUT", CARD, {}),
}


@pytest.mark.parametrize("fault", REQUESTS)
def test_wrong_request_fails(workspace: Workspace, failed: Failed, fault: str) -> None:
    """Each wrong request violates exactly the requirements that concern it."""
    requirements, method, path, rest = REQUESTS[fault]
    token = rest.get("token", workspace.credentials("dots_eco").key)
    headers = {"Content-Type": rest.get("type", "application/json")} | ({} if token is None else {TOKEN: token})

    with requests.Session() as session:
        session.trust_env = False
        url = f"{workspace.url('dots_eco')}{path}"
        session.request(method, url, data=rest.get("body"), headers=headers, timeout=TIMEOUT_S)

    assert set(failed(workspace, "dots_eco")) == {f"dots_eco.{each}" for each in requirements}


def test_card_with_a_reading_token_fails(workspace: Workspace, failed: Failed) -> None:
    """A client that buys with a read-only token violates the requirement on the token's right."""
    bought(workspace, dict(EXAMPLE), role="read")

    assert set(failed(workspace, "dots_eco")) == {"dots_eco.auth.right"}
