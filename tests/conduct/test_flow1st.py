"""Clients of Flow1st that make one mistake violate the requirement that it concerns, judged by their journal."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import requests
from hypothesis import given

from flowproof.clients import NO_RETRY, ClientError
from flowproof.clients.flow1st import Flow1st
from flowproof.conduct import ConductReport
from flowproof.inbox import Inbox, Received
from flowproof.suites.flow1st.accounts import Account
from flowproof.suites.flow1st.raw_client import CATALOG, ORDER, REFRESH, TOKEN, VALIDATION, RawClient
from flowproof.suites.flow1st.receiver import receiving
from flowproof.suites.flow1st.setup import BUNDLES
from flowproof.suites.flow1st.strategies import a_validation, an_order, broken_orders
from flowproof.target import Workspace
from tests.conduct.changed_requests import RetryWithout, changing_session
from tests.conduct.flow1st_clients import (
    FAULTY_HEADERS,
    FAULTY_TIMESTAMPS,
    LAGOS,
    AmnesticPartner,
    DisguisedPartner,
    DoublePartner,
    HastyPartner,
    HeedlessPartner,
    LastingFlow1st,
    Partner,
    RepeatingFlow1st,
)

Judge = Callable[[Workspace, str], ConductReport]
Failed = Callable[[Workspace, str], dict[str, str]]
Scenario = Callable[[Workspace, Partner], None]

KNOWN, UNKNOWN = "GEDKZW", "NOBODY"
BEFORE_MIDNIGHT = "2026-03-31T23:59:30Z"
HOUR_S, DAY_S = 3_600.0, 86_400.0


def connect(workspace: Workspace, kind: type[Flow1st] = Flow1st, **settings: Any) -> Flow1st:
    """A client with the workspace's clock that repeats nothing by itself unless the settings say so."""
    keys = workspace.credentials("flow1st")
    session = requests.Session()
    session.trust_env = False
    own = {"session": session, "now": workspace.clock.now, "retry": NO_RETRY, "resend_lost_orders": False, **settings}
    return kind(workspace.url("flow1st"), keys.key, keys.secret, keys.values["signing_key"], **own)


def wire_to(workspace: Workspace) -> RawClient:
    """Handmade requests, signed correctly unless a test changes that."""
    client = connect(workspace)
    return RawClient(client, workspace.credentials("flow1st"), lambda: f"{workspace.clock.now():%Y-%m-%dT%H:%M:%SZ}")


# ---- Scenarios: what a partner meets ----


def one_order_is_sold(_: Workspace, partner: Partner) -> None:
    """Nothing goes wrong."""
    partner.sell("1", KNOWN)


def two_orders_are_sold(_: Workspace, partner: Partner) -> None:
    """Nothing goes wrong with two orders."""
    partner.sell("1", KNOWN)
    partner.sell("2", KNOWN)


def answer_is_lost(workspace: Workspace, partner: Partner) -> None:
    """The order is stored, but the connection breaks before the response."""
    workspace.faults.set("flow1st.order_answer_lost")
    partner.sell("1", KNOWN)


def provider_fails(workspace: Workspace, partner: Partner) -> None:
    """The first order is answered 500."""
    workspace.faults.set({"fault": "status", "status": 500, "operation": "completeOrder", "first": 1})
    partner.sell("1", KNOWN)


def tokens_end(workspace: Workspace, partner: Partner, pause_s: float = 2 * HOUR_S, times: int = 2) -> None:
    """Between two sales an access token expires."""
    workspace.clock.freeze()
    partner.sell("0", KNOWN)
    for number in range(times):
        workspace.clock.advance(pause_s)
        partner.sell(str(number + 1), KNOWN)


def refresh_tokens_end(workspace: Workspace, partner: Partner) -> None:
    """Between two sales a refresh token expires."""
    tokens_end(workspace, partner, pause_s=2 * DAY_S)


def user_is_unknown(workspace: Workspace, partner: Partner) -> None:
    """The game does not know the user; in the end every order has its outcome."""
    workspace.clock.freeze()
    staging = Account(workspace, "staging")
    with receiving(workspace.credentials("flow1st").values["signing_key"]) as receiver:
        staging.configure(receiver.url)
        partner.sell("1", UNKNOWN)
        staging.pass_time(10)


OCCASIONS: dict[str, tuple[Scenario, frozenset[str]]] = {
    "one order": (
        one_order_is_sold,
        frozenset(
            {
                "flow1st.onboarding.user_validation",
                "flow1st.signature.hmac",
                "flow1st.signature.window",
                "flow1st.user_validation.amount",
                "flow1st.order.email",
                "flow1st.token.basic",
            }
        ),
    ),
    "two orders": (two_orders_are_sold, frozenset({"flow1st.order.reference_taken"})),
    "a lost answer": (answer_is_lost, frozenset({"flow1st.order.lost_answer"})),
    "a failing provider": (provider_fails, frozenset({"flow1st.order.lost_answer"})),
    "expired access tokens": (tokens_end, frozenset({"flow1st.token.renewed", "flow1st.token.refresh_once"})),
    "expired refresh tokens": (refresh_tokens_end, frozenset({"flow1st.token.renewed"})),
    "an unknown user": (user_is_unknown, frozenset({"flow1st.onboarding.user_validation"})),
}


@pytest.mark.parametrize("occasion", OCCASIONS)
def test_reference_partner_passes(workspace: Workspace, conduct: Judge, occasion: str) -> None:
    """The reference client violates nothing and is judged on what each scenario gives an occasion for."""
    scenario, judged = OCCASIONS[occasion]
    scenario(workspace, Partner(connect(workspace)))

    report = conduct(workspace, "flow1st")

    assert (report.verdict, report.of("FAIL")) == ("PASS", ())
    assert judged <= {each.requirement for each in report.of("PASS")}


def test_client_that_sends_again_by_itself_passes(workspace: Workspace, conduct: Judge) -> None:
    """The reference client repeats a lost order with the same reference."""
    answer_is_lost(workspace, Partner(connect(workspace, resend_lost_orders=True)))

    report = conduct(workspace, "flow1st")

    assert (report.of("FAIL"), report.on("flow1st.order.lost_answer").verdict) == ((), "PASS")


def test_nothing_done_is_nothing_passed(workspace: Workspace, conduct: Judge) -> None:
    """Without an exchange no requirement is judged, and each has a reason."""
    report = conduct(workspace, "flow1st")

    assert report.verdict == "SKIP"
    assert [each.requirement for each in report.judgements if not each.what] == []


def test_country_that_has_to_be_asked_is_no_fault(workspace: Workspace, conduct: Judge) -> None:
    """A client may ask for a country where a bundle is not sold, since the catalog does not show it."""
    client = connect(workspace)
    bundle = client.bundle("codm80cp")
    assert bundle is not None
    with pytest.raises(ClientError):
        client.validate_user(KNOWN, bundle, external_reference="1", country="GH")

    assert conduct(workspace, "flow1st").of("FAIL") == ()


# ---- Webhooks ----


def delivered(workspace: Workspace, url: str, *, pauses_s: tuple[float, ...] = (1, 9)) -> None:
    """Sell an order from end to end, with its webhooks sent to a URL."""
    workspace.clock.freeze()
    staging = Account(workspace, "staging")
    staging.configure(url)
    Partner(connect(workspace)).sell("1", KNOWN)
    for pause_s in pauses_s:
        staging.pass_time(pause_s)


def test_order_from_end_to_end_passes(workspace: Workspace, conduct: Judge) -> None:
    """One order from end to end fulfils every step of the checklist that a journal can show."""
    with receiving(workspace.credentials("flow1st").values["signing_key"]) as receiver:
        delivered(workspace, receiver.url)

    report = conduct(workspace, "flow1st")

    assert report.of("FAIL") == ()
    assert {each.requirement.removeprefix("flow1st.onboarding.") for each in report.of("PASS")} >= {
        "credentials",
        "authentication",
        "catalog",
        "user_validation",
        "order_completion",
        "webhooks",
        "end_to_end",
    }
    assert report.on("flow1st.webhook.acknowledgement").verdict == "PASS"


def test_late_acknowledgement_passes(workspace: Workspace, conduct: Judge) -> None:
    """A receiver that is down for a while and acknowledges in the end fulfils the requirement."""
    with receiving(workspace.credentials("flow1st").values["signing_key"]) as receiver:
        answers = iter([500, 503])
        receiver.answers = lambda _: next(answers, 200)
        delivered(workspace, receiver.url, pauses_s=(1, 9, 100, 600))

    report = conduct(workspace, "flow1st")

    assert (report.of("FAIL"), report.on("flow1st.webhook.acknowledgement").verdict) == ((), "PASS")


@pytest.mark.parametrize("status", [302, 404, 500])
def test_deaf_receiver_fails(workspace: Workspace, failed: Failed, status: int) -> None:
    """A receiver that never answers with 2xx violates the requirement to acknowledge."""
    with receiving(workspace.credentials("flow1st").values["signing_key"]) as receiver:
        receiver.answers = lambda _: status
        delivered(workspace, receiver.url)

    assert set(failed(workspace, "flow1st")) == {"flow1st.webhook.acknowledgement"}


FORGERIES: list[dict[str, Any]] = [{"signature": "wrong"}, {"signature": "missing"}, {"old_timestamp_s": 4_000}]


@pytest.mark.parametrize("forgery", FORGERIES[:2], ids=str)
def test_verifying_receiver_passes(workspace: Workspace, conduct: Judge, forgery: dict[str, Any]) -> None:
    """A receiver that refuses forged webhooks fulfils the requirements, although it does not acknowledge those."""
    workspace.webhooks.adversary(**forgery)
    with receiving(workspace.credentials("flow1st").values["signing_key"]) as receiver:
        delivered(workspace, receiver.url)

    report = conduct(workspace, "flow1st")

    assert (report.of("FAIL"), report.on("flow1st.webhook.receiver_verifies").verdict) == ((), "PASS")


@pytest.mark.parametrize("forgery", FORGERIES, ids=str)
def test_trusting_receiver_fails(workspace: Workspace, failed: Failed, forgery: dict[str, Any]) -> None:
    """A receiver that acknowledges every webhook violates the requirement to verify."""
    workspace.webhooks.adversary(**forgery)

    def trust(_: Received) -> int:
        return 200

    with Inbox(trust) as inbox:
        delivered(workspace, inbox.url)

    assert set(failed(workspace, "flow1st")) == {"flow1st.webhook.receiver_verifies"}


# ---- Faulty clients ----


@pytest.mark.parametrize("fault", FAULTY_HEADERS)
def test_faulty_headers_fail(workspace: Workspace, failed: Failed, fault: str) -> None:
    """Each wrong header of an order violates exactly the requirement that concerns it."""
    requirement, spoil = FAULTY_HEADERS[fault]
    key = workspace.credentials("flow1st").values["signing_key"]
    session = changing_session(lambda request: spoil(request, key) if request.path_url.endswith(ORDER) else None)

    with pytest.raises(ClientError):
        Partner(connect(workspace, session=session)).complete("1", KNOWN)

    assert set(failed(workspace, "flow1st")) == {f"flow1st.{requirement}"}


@pytest.mark.parametrize("fault", FAULTY_TIMESTAMPS)
def test_faulty_timestamp_fails(workspace: Workspace, failed: Failed, fault: str) -> None:
    """Each wrong form of the time violates the requirement on the timestamp, near midnight in another time zone."""
    requirement, write = FAULTY_TIMESTAMPS[fault]
    workspace.clock.freeze(BEFORE_MIDNIGHT)

    with pytest.raises(ClientError):
        Partner(connect(workspace, timestamp_format=write)).complete("1", KNOWN)

    assert set(failed(workspace, "flow1st")) == {f"flow1st.{requirement}"}


def test_local_time_with_its_zone_passes(workspace: Workspace, conduct: Judge) -> None:
    """A timestamp in local time with its zone is right."""
    workspace.clock.freeze(BEFORE_MIDNIGHT)

    def local(at: datetime) -> str:
        """A clock in Lagos."""
        return at.astimezone(LAGOS).isoformat()

    Partner(connect(workspace, timestamp_format=local)).complete("1", KNOWN)
    report = conduct(workspace, "flow1st")

    assert (report.of("FAIL"), report.on("flow1st.signature.window").verdict) == ((), "PASS")


def test_unsigned_retry_fails(workspace: Workspace, failed: Failed) -> None:
    """A client that repeats an order after 500 without a signature violates the requirement on the header."""
    with pytest.raises(ClientError):
        provider_fails(
            workspace,
            Partner(
                connect(
                    workspace,
                    session=changing_session(RetryWithout("X-SIGNATURE", "X-TIMESTAMP", below="/order-complete")),
                )
            ),
        )

    assert set(failed(workspace, "flow1st")) == {"flow1st.signature.header"}


@pytest.mark.parametrize("kind", [DoublePartner, DisguisedPartner])
@pytest.mark.parametrize("scenario", [answer_is_lost, provider_fails])
def test_double_order_fails(workspace: Workspace, failed: Failed, scenario: Scenario, kind: type[Partner]) -> None:
    """An order without a response that is sent again with another reference may be paid twice, whatever its e-mail."""
    scenario(workspace, kind(connect(workspace)))

    assert set(failed(workspace, "flow1st")) == {"flow1st.order.lost_answer"}


def test_one_reference_for_all_orders_fails(workspace: Workspace, failed: Failed) -> None:
    """A partner that gives two orders one reference violates the requirement on it."""
    with pytest.raises(ClientError):
        two_orders_are_sold(workspace, AmnesticPartner(connect(workspace)))

    assert set(failed(workspace, "flow1st")) == {"flow1st.order.reference_taken"}


@pytest.mark.parametrize("kind", [HastyPartner, HeedlessPartner])
def test_order_for_nobody_fails(workspace: Workspace, failed: Failed, kind: type[Partner]) -> None:
    """An order for a user without a validation, or against it, that fails violates the requirement to validate."""
    user_is_unknown(workspace, kind(connect(workspace)))

    assert set(failed(workspace, "flow1st")) == {"flow1st.onboarding.user_validation"}


@pytest.mark.parametrize(
    ("kind", "requirement"),
    [(LastingFlow1st, "flow1st.token.renewed"), (RepeatingFlow1st, "flow1st.token.refresh_once")],
)
def test_client_without_new_tokens_fails(
    workspace: Workspace, failed: Failed, kind: type[Flow1st], requirement: str
) -> None:
    """A client that keeps an expired token, or uses a refresh token twice, violates the requirement on it."""
    partner = Partner(connect(workspace, kind))
    try:
        tokens_end(workspace, partner)
    except ClientError:
        assert kind is LastingFlow1st

    assert set(failed(workspace, "flow1st")) == {requirement}


def test_wrong_secret_fails(workspace: Workspace, failed: Failed) -> None:
    """A client with a wrong API secret violates the requirement on the pair."""
    keys = workspace.credentials("flow1st")
    client = Flow1st(workspace.url("flow1st"), keys.key, "another", "another", retry=NO_RETRY)

    with pytest.raises(ClientError):
        client.products()

    assert set(failed(workspace, "flow1st")) == {"flow1st.token.basic"}


JSON = "application/json"
RIGHT = a_validation(BUNDLES[0])

SENT_WRONGLY: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "a catalog as plain JSON": ("request.content_type", "GET", CATALOG, {"headers": {"Content-Type": JSON}}),
    "a token as plain JSON": ("token.content_type", "POST", TOKEN, {"headers": {"Content-Type": JSON}, "body": b"{}"}),
    "a refresh as plain JSON": (
        "token.refresh_content_type",
        "POST",
        REFRESH,
        {"headers": {"Content-Type": JSON}, "body": b"{}"},
    ),
    "another role": ("token.role", "POST", TOKEN, {"body": b'{"role": "ADMIN"}'}),
    "an unknown refresh token": (
        "token.refresh_once",
        "POST",
        REFRESH,
        {"body": b'{"role": "API_USER", "refreshToken": "bm9ib2R5"}'},
    ),
    "half an object": ("request.json", "POST", TOKEN, {"body": b"{"}),
    "two megabytes": ("request.size", "POST", TOKEN, {"body": b" " * 2**21}),
    "a status that is polled": ("request.route", "GET", f"{ORDER}/C-123456789012345-P", {}),
    "another method": ("request.method", "DELETE", CATALOG, {}),
    "a reference twice": (
        "user_validation.once",
        "GET",
        VALIDATION,
        {"query": "&".join(f"{name}={value}" for name, value in (*RIGHT.items(), ("externalReference", "other")))},
    ),
    "a SKU of no catalog": ("user_validation.product_bundle_sku", "GET", VALIDATION, {"productBundleSku": "nothing"}),
    "a country of three letters": ("user_validation.country_code", "GET", VALIDATION, {"countryCode": "NGA"}),
    "another currency": ("user_validation.currency_code", "GET", VALIDATION, {"currencyCode": "EUR"}),
    "an old price": ("user_validation.amount", "GET", VALIDATION, {"amount": "29"}),
    "two of them": ("user_validation.quantity", "GET", VALIDATION, {"quantity": "2"}),
    "no recipient": ("user_validation.recipient_identifier", "GET", VALIDATION, {"recipientIdentifier": ""}),
    "no reference": ("user_validation.external_reference", "GET", VALIDATION, {"externalReference": ""}),
}


@pytest.mark.parametrize("fault", SENT_WRONGLY)
def test_wrong_request_fails(workspace: Workspace, failed: Failed, fault: str) -> None:
    """Each wrong request violates exactly the requirement that concerns it."""
    requirement, method, path, rest = SENT_WRONGLY[fault]
    given = rest if path != VALIDATION or "query" in rest else {"query": {**RIGHT, **rest}}

    wire_to(workspace).send(method, path, **given)

    assert set(failed(workspace, "flow1st")) == {f"flow1st.{requirement}"}


def test_unknown_sku_fails(workspace: Workspace, failed: Failed) -> None:
    """An order for an unknown SKU violates the requirement on it."""
    wire_to(workspace).order(an_order("1", productBundleSku="nothing"))

    assert set(failed(workspace, "flow1st")) == {"flow1st.order.unknown_sku"}


FIELDS = {
    "externalReference": "external_reference",
    "productBundleSku": "product_bundle_sku",
    "quantity": "quantity",
    "recipientIdentifier": "recipient_identifier",
    "email": "email",
    "webhookUrl": "webhook_url",
}


@given(broken=broken_orders())
def test_broken_order_fails(
    make_workspace: Callable[..., Workspace], failed: Failed, broken: tuple[str, dict[str, Any]]
) -> None:
    """Each wrong field of an order violates exactly the requirement on that field."""
    name, change = broken
    with make_workspace() as workspace:
        wire_to(workspace).order(
            {field: value for field, value in {**an_order("1"), **change}.items() if value is not None}
        )
        found = failed(workspace, "flow1st")

    assert set(found) == {f"flow1st.order.{FIELDS[name]}"}
