"""Clients of OneFlow that make one mistake violate the requirement that it concerns, judged by their journal."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from hypothesis import given, settings

from flowproof.clients import NO_RETRY, ClientError, Retry, ServerFailed, Unreachable, ValidationFailed
from flowproof.clients.oneflow import OneFlow
from flowproof.conduct import ConductReport
from flowproof.conformance import load_contract
from flowproof.inbox import Inbox
from flowproof.suites.oneflow.invalid_examples import BrokenOrder, broken_orders
from flowproof.suites.oneflow.raw_client import RawClient
from flowproof.suites.oneflow.strategies import full_orders, minimum_order
from flowproof.target import Workspace
from tests.conduct.changed_requests import RetryWithout, changing_session
from tests.conduct.oneflow_clients import (
    AFTER_A_LOST_ANSWER,
    FAULTY_HEADERS,
    AmnesticCustomer,
    Customer,
    OnePageCustomer,
    RestlessCustomer,
    TimidCustomer,
)

Judge = Callable[[Workspace, str], ConductReport]
Failed = Callable[[Workspace, str], dict[str, str]]
Make = Callable[..., OneFlow]

UNIQUE = "oneflow.order.source_order_id_unique"
LOST = {"fault": "reset", "moment": "after", "operation": "submitOrder", "first": 1}
IMPATIENT = Retry(first_delay_s=0.01, jitter=0.0)


# ---- Scenarios: what a client meets ----


def answer_is_lost(workspace: Workspace, customer: Customer) -> None:
    """The order is stored, but the connection breaks before the response."""
    workspace.faults.set(LOST)
    customer.place(minimum_order("1"))


def provider_scales_up(workspace: Workspace, customer: Customer) -> None:
    """The first submissions get 503."""
    workspace.faults.set("oneflow.scaling_up")
    customer.place(minimum_order("1"))


def rate_is_limited(workspace: Workspace, customer: Customer) -> None:
    """The first list is refused with 429 and a time to wait."""
    workspace.faults.set({"fault": "status", "status": 429, "retry_after_s": 18, "operation": "listOrders", "first": 1})
    customer.stock()


def there_are_many_orders(workspace: Workspace, customer: Customer) -> None:
    """More orders than a page holds."""
    there_are_others(workspace, customer.oneflow)
    customer.stock()


def two_orders_are_wanted(workspace: Workspace, customer: Customer) -> None:
    """Nothing goes wrong."""
    customer.place(minimum_order("1"))
    customer.place(minimum_order("2"))


def order_is_refused(workspace: Workspace, customer: Customer) -> None:
    """An order has no items and is corrected."""
    customer.fix(empty_order("1"), minimum_order("1"))


Scenario = Callable[[Workspace, Customer], None]

OCCASIONS: dict[str, tuple[Scenario, frozenset[str]]] = {
    "a lost answer": (answer_is_lost, frozenset({UNIQUE})),
    "scaling up": (provider_scales_up, frozenset({"oneflow.submission.scaling"})),
    "too many requests": (rate_is_limited, frozenset({"oneflow.error.rate_limit"})),
    "many orders": (there_are_many_orders, frozenset({"oneflow.order.list_all_pages", UNIQUE})),
    "two orders": (two_orders_are_wanted, frozenset({UNIQUE})),
}


@pytest.mark.parametrize("occasion", OCCASIONS)
def test_reference_client_passes(workspace: Workspace, oneflow: OneFlow, conduct: Judge, occasion: str) -> None:
    """The reference client violates nothing and is judged on what each scenario gives an occasion for."""
    scenario, judged = OCCASIONS[occasion]
    scenario(workspace, Customer(oneflow, workspace.clock.advance))

    report = conduct(workspace, "oneflow")

    assert (report.verdict, report.of("FAIL")) == ("PASS", ())
    assert judged <= {each.requirement for each in report.of("PASS")}


def test_corrected_order_is_judged_by_its_fault(workspace: Workspace, oneflow: OneFlow, conduct: Judge) -> None:
    """An order that was submitted without items violates that requirement; resubmitting it once is right."""
    order_is_refused(workspace, Customer(oneflow, workspace.clock.advance))

    report = conduct(workspace, "oneflow")

    assert [each.requirement for each in report.of("FAIL")] == ["oneflow.order.items"]
    assert report.on("oneflow.submission.error_resubmit_once").verdict == "PASS"


@given(order=full_orders())
def test_reference_client_is_judged_on_all_it_sends(
    make_workspace: Callable[..., Workspace], make_oneflow: Make, conduct: Judge, order: dict[str, Any]
) -> None:
    """A valid order that is validated, submitted and found violates nothing."""
    with make_workspace() as workspace:
        oneflow = make_oneflow(workspace)
        oneflow.validate(order)
        oneflow.wait_for_order(oneflow.submit(order).id)
        report = conduct(workspace, "oneflow")

    assert report.of("FAIL") == ()
    assert report.on("oneflow.order.sku_configured").verdict == "PASS"


# ---- What is no fault ----


def test_corrected_order_is_exempt(workspace: Workspace, oneflow: OneFlow, failed: Failed) -> None:
    """An order that is corrected after validation refused it is no violation."""
    with pytest.raises(ValidationFailed):
        oneflow.validate(empty_order("1"))
    oneflow.validate(minimum_order("1"))

    assert failed(workspace, "oneflow") == {}


def test_order_that_was_not_corrected_is_not_exempt(workspace: Workspace, oneflow: OneFlow, failed: Failed) -> None:
    """A refused order is a violation where another, valid order follows."""
    with pytest.raises(ValidationFailed):
        oneflow.validate(empty_order("1"))
    oneflow.validate(minimum_order("2"))

    assert set(failed(workspace, "oneflow")) == {"oneflow.order.items"}


def test_refused_order_is_not_submitted_as_it_is(workspace: Workspace, oneflow: OneFlow, failed: Failed) -> None:
    """An order that is submitted unchanged after validation refused it is a violation, though it is answered 201."""
    order = with_sku(minimum_order("1"), "NO-SUCH-SKU")
    with pytest.raises(ValidationFailed):
        oneflow.validate(order)
    oneflow.submit(order)

    assert set(failed(workspace, "oneflow")) == {"oneflow.order.sku_configured"}


def test_page_with_the_order_that_was_looked_for_is_enough(
    workspace: Workspace, oneflow: OneFlow, conduct: Judge
) -> None:
    """A client that finds the order it looked for need not read the next page."""
    there_are_others(workspace, oneflow)
    workspace.faults.set(LOST)
    OnePageCustomer(oneflow, workspace.clock.advance).place(minimum_order("lost"))

    report = conduct(workspace, "oneflow")
    assert (report.of("FAIL"), report.on(UNIQUE).verdict) == ((), "PASS")


def test_one_page_is_no_look_at_all_orders(workspace: Workspace, oneflow: OneFlow, failed: Failed) -> None:
    """A client that has read one of two pages does not know whether an order is missing."""
    workspace.faults.set(LOST)
    with pytest.raises(Unreachable):
        oneflow.submit(minimum_order("lost"))
    there_are_others(workspace, oneflow)
    OnePageCustomer(oneflow, workspace.clock.advance).stock()
    oneflow.submit(minimum_order("lost"))

    assert set(failed(workspace, "oneflow")) == {UNIQUE, "oneflow.order.list_all_pages"}


def there_are_others(workspace: Workspace, oneflow: OneFlow) -> None:
    """Create more orders than a page holds, all processed."""
    for number in range(12):
        oneflow.submit(minimum_order(str(number)))
    workspace.clock.advance(60)


def test_whoever_submitted_again_may_give_up(workspace: Workspace, oneflow: OneFlow, conduct: Judge) -> None:
    """A client that has submitted again after pauses may give up while 5XX goes on."""
    workspace.faults.set({"fault": "status", "status": 500, "operation": "submitOrder"})
    with pytest.raises(ServerFailed):
        oneflow.submit(minimum_order("1"))

    report = conduct(workspace, "oneflow")
    assert (report.of("FAIL"), report.on("oneflow.submission.scaling").verdict) == ((), "PASS")


def test_pause_cannot_be_told_on_a_frozen_clock(workspace: Workspace, make_oneflow: Make, conduct: Judge) -> None:
    """On a frozen clock a repeated submission is judged, and its pause is not."""
    workspace.clock.freeze()
    provider_scales_up(workspace, Customer(make_oneflow(workspace, sleep=lambda _: None), workspace.clock.advance))

    report = conduct(workspace, "oneflow")
    assert (report.of("FAIL"), report.on("oneflow.submission.scaling").verdict) == ((), "PASS")


def test_accounts_number_their_orders_each_for_itself(workspace: Workspace, make_oneflow: Make, conduct: Judge) -> None:
    """Two accounts may use the same number."""
    for role in ("default", "other"):
        make_oneflow(workspace, role=role).submit(minimum_order("1"))

    report = conduct(workspace, "oneflow")
    assert (report.of("FAIL"), report.on(UNIQUE).verdict) == ((), "PASS")


def test_submission_says_nothing_of_the_account_s_set_up(
    workspace: Workspace, oneflow: OneFlow, conduct: Judge
) -> None:
    """A submitted order that was not found later is no evidence that its SKU is configured."""
    oneflow.submit(with_sku(minimum_order("1"), "NO-SUCH-SKU"))

    assert conduct(workspace, "oneflow").on("oneflow.order.sku_configured").verdict == "SKIP"


@pytest.mark.parametrize("way", ["by its identifier", "in the list"])
def test_order_that_is_found_was_right(workspace: Workspace, oneflow: OneFlow, conduct: Judge, way: str) -> None:
    """An order that is found after it was submitted has a valid configuration."""
    receipt = oneflow.submit(minimum_order("1"))
    workspace.clock.advance(60)
    found = oneflow.order(receipt.id) if way == "by its identifier" else oneflow.orders().orders[0]

    assert found.source_order_id == "1"
    assert conduct(workspace, "oneflow").on("oneflow.order.sku_configured").verdict == "PASS"


def test_number_may_be_asked_for(workspace: Workspace, oneflow: OneFlow, failed: Failed) -> None:
    """Validating a used number is no violation; submitting it is one."""
    oneflow.wait_for_order(oneflow.submit(minimum_order("1")).id)
    with pytest.raises(ValidationFailed):
        oneflow.validate(minimum_order("1"))

    assert failed(workspace, "oneflow") == {}


def test_validation_tells_whether_an_order_is_there(workspace: Workspace, oneflow: OneFlow, conduct: Judge) -> None:
    """Validating an order again after a lost response is a way to look for it."""
    workspace.faults.set(LOST)
    with pytest.raises(Unreachable):
        oneflow.submit(minimum_order("1"))
    workspace.clock.advance(10)
    with pytest.raises(ValidationFailed):
        oneflow.validate(minimum_order("1"))

    report = conduct(workspace, "oneflow")
    assert (report.of("FAIL"), report.on(UNIQUE).what) == ((), "Looked for order 1, whose answer was lost.")


def test_order_that_did_not_become_one_may_be_submitted_again(
    workspace: Workspace, oneflow: OneFlow, conduct: Judge
) -> None:
    """An order that was looked for in time and not found may be submitted again under its number."""
    workspace.faults.set(LOST)
    customer = Customer(oneflow, workspace.clock.advance)
    customer.place(with_sku(minimum_order("1"), "NO-SUCH-SKU"))

    report = conduct(workspace, "oneflow")
    assert report.of("FAIL") == ()
    assert report.on(UNIQUE).what == "Order 1 was looked for and not there before it was submitted again; and 1 more."


def test_submission_error_that_was_posted_back_may_be_mended(
    workspace: Workspace, oneflow: OneFlow, conduct: Judge, inbox: Inbox
) -> None:
    """A client that learns of an error from a postback may correct the order and submit it once more."""
    trigger = {"event": "orderSubmissionError", "url": inbox.url, "method": "POST", "contentType": "application/json"}
    seed = workspace.seed("oneflow")
    workspace.replace_seed("oneflow", {**seed, "triggers": [{**trigger, "template": None, "authorization": None}]})
    oneflow.submit(with_sku(minimum_order("1"), "NO-SUCH-SKU"))
    workspace.clock.advance(10)
    workspace.webhooks.wait_until_idle()
    oneflow.submit(minimum_order("1"))

    report = conduct(workspace, "oneflow")
    assert report.of("FAIL") == ()
    assert report.on("oneflow.submission.error_resubmit_once").verdict == "PASS"


def empty_order(number: str) -> dict[str, Any]:
    """An order without items."""
    order = minimum_order(number)
    return {**order, "orderData": {**order["orderData"], "items": []}}


def with_sku(order: dict[str, Any], sku: str) -> dict[str, Any]:
    """The order with another SKU."""
    (item,) = order["orderData"]["items"]
    return {**order, "orderData": {**order["orderData"], "items": [{**item, "sku": sku}]}}


# ---- Faulty clients ----


@pytest.mark.parametrize("fault", FAULTY_HEADERS)
def test_faulty_headers_fail(workspace: Workspace, make_oneflow: Make, failed: Failed, fault: str) -> None:
    """Each wrong way to sign violates exactly the requirement that concerns it."""
    requirement, spoil = FAULTY_HEADERS[fault]
    secret = workspace.credentials("oneflow").secret
    client = make_oneflow(workspace, session=changing_session(lambda request: spoil(request, secret)), retry=NO_RETRY)

    with pytest.raises(ClientError):
        client.orders()

    assert set(failed(workspace, "oneflow")) == {f"oneflow.{requirement}"}


def test_unsigned_retry_fails(workspace: Workspace, make_oneflow: Make, failed: Failed) -> None:
    """A client that repeats a submission after 503 without a signature violates the requirement on the header."""
    client = make_oneflow(
        workspace, session=changing_session(RetryWithout("x-oneflow-authorization", "x-oneflow-date"))
    )

    workspace.faults.set({"fault": "status", "status": 503, "first": 1})
    with pytest.raises(ClientError):
        client.submit(minimum_order("1"))

    assert set(failed(workspace, "oneflow")) == {"oneflow.auth.header"}


@pytest.mark.parametrize("kind", AFTER_A_LOST_ANSWER)
def test_double_submission_fails(workspace: Workspace, oneflow: OneFlow, failed: Failed, kind: type[Customer]) -> None:
    """After a lost response, submitting again blindly, too soon or although it was found is a violation."""
    answer_is_lost(workspace, kind(oneflow, workspace.clock.advance))

    assert set(failed(workspace, "oneflow")) == {UNIQUE}


FAULTY_CUSTOMERS: dict[str, tuple[type[Customer], Scenario, str]] = {
    "one number for all orders": (AmnesticCustomer, two_orders_are_wanted, UNIQUE),
    "only the first page": (OnePageCustomer, there_are_many_orders, "oneflow.order.list_all_pages"),
    "gives up after 503": (TimidCustomer, provider_scales_up, "oneflow.submission.scaling"),
}


@pytest.mark.parametrize("fault", FAULTY_CUSTOMERS)
def test_faulty_customer_fails(workspace: Workspace, make_oneflow: Make, failed: Failed, fault: str) -> None:
    """Each customer with a fault violates exactly the requirement that concerns it."""
    kind, scenario, requirement = FAULTY_CUSTOMERS[fault]
    scenario(workspace, kind(make_oneflow(workspace, retry=NO_RETRY), workspace.clock.advance))

    assert set(failed(workspace, "oneflow")) == {requirement}


def test_restless_resubmission_fails(workspace: Workspace, oneflow: OneFlow, failed: Failed) -> None:
    """A submission error that was resubmitted without an error is not resubmitted again."""
    order_is_refused(workspace, RestlessCustomer(oneflow, workspace.clock.advance))

    assert set(failed(workspace, "oneflow")) == {"oneflow.order.items", "oneflow.submission.error_resubmit_once"}


def test_hammering_while_scaling_up_fails(workspace: Workspace, make_oneflow: Make, failed: Failed) -> None:
    """A client that submits again without a pause violates the requirement to wait for a few seconds."""
    workspace.clock.freeze()  # only the client's pauses advance it
    provider_scales_up(workspace, Customer(make_oneflow(workspace, retry=IMPATIENT), workspace.clock.advance))

    assert set(failed(workspace, "oneflow")) == {"oneflow.submission.scaling"}


def test_impatience_with_a_rate_limit_fails(workspace: Workspace, make_oneflow: Make, failed: Failed) -> None:
    """A client that repeats a request sooner than Retry-After allows violates the requirement on the rate."""
    rate_is_limited(workspace, Customer(make_oneflow(workspace, sleep=lambda _: None), workspace.clock.advance))

    assert set(failed(workspace, "oneflow")) == {"oneflow.error.rate_limit"}


# Each example needs a workspace and a judgement; the suite shows that each example is refused.
FEW = settings(max_examples=min(30, settings().max_examples))
# A missing member of a return address is cited by its own requirement, not by that of the address.
BY_ITS_MEMBERS = "oneflow.order.shipment.return_address"
BY_SCHEMA = {each.id for each in load_contract("oneflow").requirements.values() if each.enforced == "contract"} - {
    BY_ITS_MEMBERS
}


@FEW
@given(broken=broken_orders().filter(lambda broken: broken.requirement != BY_ITS_MEMBERS))
def test_broken_order_fails(make_workspace: Callable[..., Workspace], failed: Failed, broken: BrokenOrder) -> None:
    """Whatever is wrong with a validated order, the requirement on it fails, perhaps with others."""
    with make_workspace() as workspace:
        client = plain_client(workspace)
        with pytest.raises(ClientError):
            client.validate(broken.order)
        found = failed(workspace, "oneflow")

    assert broken.requirement in found


@FEW
@given(broken=broken_orders().filter(lambda broken: broken.requirement in BY_SCHEMA))
def test_submitted_broken_order_fails(
    make_workspace: Callable[..., Workspace], failed: Failed, broken: BrokenOrder
) -> None:
    """A wrong form of a submitted order fails its requirement, although the submission is answered 201."""
    with make_workspace() as workspace:
        plain_client(workspace).submit(broken.order)
        found = failed(workspace, "oneflow")

    assert broken.requirement in found


def plain_client(workspace: Workspace) -> OneFlow:
    """The reference client without a record of its exchanges."""
    credentials = workspace.credentials("oneflow")
    session = requests.Session()
    session.trust_env = False
    return OneFlow(workspace.url("oneflow"), credentials.key, credentials.secret, session=session, retry=NO_RETRY)


JSON = "application/json"

SENT_WRONGLY: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "an order as text": ("request.content_type", "POST", "/api/order", {"type": "text/plain", "body": b"{}"}),
    "NaN": ("request.json", "POST", "/api/order", {"type": JSON, "body": b'{"a": NaN}'}),
    "two megabytes": ("request.size", "POST", "/api/order", {"type": JSON, "body": b" " * 2**21}),
    "another path": ("request.route", "GET", "/api/orders", {}),
    "another method": ("request.method", "PATCH", "/api/order", {}),
    "page 0": ("order.list_page", "GET", "/api/order", {"query": "page=0"}),
    "half an order a page": ("order.list_pagesize", "GET", "/api/order", {"query": "pagesize=0.5"}),
    "a number for an identifier": ("order.id_format", "GET", "/api/order/17", {}),
    "a shipment below 0": ("shipment.index_path", "PUT", "/api/shipment/1/-1/shipping", {"type": JSON, "body": b"{}"}),
    "an update to nowhere": (
        "shipping_update.ship_to",
        "PUT",
        "/api/shipment/1/0/shipping",
        {"type": JSON, "body": b"{}"},
    ),
}


@pytest.mark.parametrize("fault", SENT_WRONGLY)
def test_wrong_request_fails(workspace: Workspace, failed: Failed, fault: str) -> None:
    """Each wrong request violates the requirement that concerns it."""
    requirement, method, path, rest = SENT_WRONGLY[fault]
    headers = {"Content-Type": rest["type"]} if "type" in rest else None
    wire = RawClient(plain_client(workspace), workspace.credentials("oneflow"))

    wire.send(method, path, query=rest.get("query", ""), body=rest.get("body"), headers=headers)

    assert f"oneflow.{requirement}" in failed(workspace, "oneflow")
