"""A clock at either end of the calendar: every provider answers in its own words, and nothing fails afterwards."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from requests import RequestException

from flowproof.errors import FlowproofError
from flowproof.suites.oneflow.strategies import minimum_order
from flowproof.target.workspace import Workspace

ENDS = ("9999-12-31T23:59:59.999999+00:00", "9999-12-31T12:00:00+00:00", "0001-01-01T00:00:00+00:00")
SHIPMENT = {"id": "1", "name": "a", "email": "a@a.example"}
Make = Callable[..., Any]


@pytest.fixture(params=ENDS)
def workspace_at_the_end(request: pytest.FixtureRequest, make_workspace: Make) -> Iterator[Workspace]:
    """A workspace whose clock stands at an end of the calendar."""
    with make_workspace(clock={"mode": "frozen", "now": request.param}) as workspace:
        yield workspace


def failures(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Answers that are errors of ours, failed tasks, and errors in the log."""
    entries = workspace.control("GET", "journal")["exchanges"]
    return [
        *(each["id"] for each in entries if each["response"]["status"] >= 500),
        *(each["error"] for each in workspace.control("GET", "tasks")["failed"]),
        *(record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR),
    ]


def attempt(*calls: Callable[[], Any]) -> None:
    """Make calls, each of which the provider may refuse."""
    for call in calls:
        try:
            call()
        except (FlowproofError, RequestException, OverflowError, ValueError):
            continue  # (a client may be unable to tell such a time; what counts is what the mock answered)


def test_oneflow_at_the_end_of_the_calendar(
    workspace_at_the_end: Workspace, make_oneflow: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Orders are submitted, processed, listed and cancelled at the ends of the calendar."""
    workspace = workspace_at_the_end
    seed = workspace.control("GET", "seed/oneflow")
    trigger = {"event": "orderReceived", "url": "http://127.0.0.1:9/", "method": "POST", "contentType": "text/plain"}
    window = {**seed["settings"], "date_window_s": 3_155_760_000}
    workspace.control(
        "PUT",
        "seed/oneflow",
        {**seed, "triggers": [{**trigger, "template": None, "authorization": None}], "settings": window},
    )
    client = make_oneflow(workspace)
    attempt(
        lambda: client.submit(minimum_order("end-1")),
        lambda: workspace.control("POST", "clock/advance", {"seconds": 0.5}),
        client.orders,
        lambda: client.cancel("brandx", "end-1"),
        lambda: client.submit({"destination": 1}),
        lambda: workspace.control("POST", "clock/advance", {"seconds": -86_400}),
        client.orders,
    )

    assert failures(workspace, caplog) == []


def test_dots_eco_at_the_end_of_the_calendar(
    workspace_at_the_end: Workspace, make_dots_eco: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Cards are bought at the ends of the calendar, in any time zone."""
    workspace = workspace_at_the_end
    seed = workspace.control("GET", "seed/dots_eco")
    client = make_dots_eco(workspace)
    token, sku = seed["applications"][0]["app_token"], seed["skus"][0]["sku"]
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"):
        workspace.control("PUT", "seed/dots_eco", {**seed, "settings": {"time_zone": zone}})
        attempt(lambda: client.create_card(token, sku), lambda: client.cards(token), lambda: client.balance(token))

    assert failures(workspace, caplog) == []


def test_flow1st_at_the_end_of_the_calendar(
    workspace_at_the_end: Workspace, make_flow1st: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Tokens are issued and refreshed, and orders placed, at the ends of the calendar."""
    workspace = workspace_at_the_end
    client = make_flow1st(workspace)
    top_up = {"amount_minor": 1_000_000, "currency": "USD"}
    sku = workspace.control("GET", "seed/flow1st")["products"][0]["bundles"][0]["sku"]
    attempt(
        client.authenticate,
        client.refresh,
        client.products,
        lambda: workspace.control("POST", "flow1st/environments/staging/top-up", top_up),
        lambda: client.complete_order("end-1", sku=sku, recipient="GEDKZW", email="a@b.example"),
        lambda: workspace.control("POST", "clock/advance", {"seconds": 0.5}),
        client.products,
        lambda: workspace.control("GET", "flow1st/environments"),
    )

    assert workspace.control("GET", "journal")["exchanges"]
    assert failures(workspace, caplog) == []


def test_otter_at_the_end_of_the_calendar(
    workspace_at_the_end: Workspace, make_otter: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Codes and tokens are issued and used at the ends of the calendar."""
    workspace = workspace_at_the_end
    client, own = make_otter(workspace), workspace.credentials("otter")
    base = workspace.url("otter")
    query = {
        "client_id": own.key,
        "redirect_uri": own.values["redirect_uri"],
        "response_type": "code",
        "scope": "organization.read",
        "state": "s",
    }
    answer = requests.get(f"{base}/v1/auth/oauth2/authorize", params=query, allow_redirects=False, timeout=10)
    code = answer.headers.get("Location", "").partition("code=")[2].partition("&")[0]
    form = {"grant_type": "authorization_code", "code": code, "scope": "organization.read"}
    token = requests.post(
        f"{base}/v1/auth/token",
        data={**form, "redirect_uri": own.values["redirect_uri"]},
        auth=(own.key, own.secret),
        timeout=10,
    ).json()
    bearer = {"Authorization": f"Bearer {token.get('access_token')}"}
    asked = requests.get(f"{base}/organization/v1/organization", headers=bearer, timeout=10)
    attempt(lambda: client.application_token(["ping"]))

    assert answer.status_code == 302
    assert asked.status_code in (200, 401)
    assert failures(workspace, caplog) == []


def test_integrations_at_the_end_of_the_calendar(
    workspace_at_the_end: Workspace, make_integrations: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """E-mails, webhooks and push messages are made at the ends of the calendar."""
    workspace = workspace_at_the_end
    client = make_integrations(workspace)
    triggers = client.triggers("Shipment")
    keys = {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    }
    client.save_push_subscription({"endpoint": "http://127.0.0.1:9/", "keys": keys})
    for number, action in enumerate(
        (
            {"type": "send_email", "recipient": "a@a.example"},
            {"type": "send_push"},
            {"type": "webhook", "url": "http://127.0.0.1:9/"},
        )
    ):
        attempt(lambda n=number, a=action: client.configure_workflow(f"w{n}", "Shipment", triggers[0].guid, a))  # type: ignore[misc]
    event = {"entityType": "Shipment", "code": triggers[0].code, "entity": SHIPMENT}
    attempt(lambda: workspace.control("POST", "integrations/events", event))

    assert workspace.control("GET", "integrations/executions")["executions"]
    assert failures(workspace, caplog) == []
