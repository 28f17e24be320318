"""OneFlow's own SDK for JavaScript, version 2.2.0 from npm and unmodified, against the mock over HTTP."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote, unquote

import pytest

from tests.interop.account import Account
from tests.interop.orders import as_sent, make_order
from tests.interop.sdk import Attempt, Sdk
from tests.interop.transcript import render, tell

SIGNED = ("x-oneflow-authorization", "x-oneflow-date", "x-oneflow-algorithm")
TAKEN = "Source Order ID already exists"
# Blanks, slashes, percent signs, letters beyond ASCII: what has to be escaped in a path.
AWKWARD_IDS = ("SO 1", "SO/1", "SO%1", "SO%2F1", "Bücher-é", "a+b&c=d;e@f")


def test_a_good_order_is_validated_and_returned(sdk: Sdk) -> None:
    """
    validateOrder() of a good order returns the order itself.
    """
    order = make_order()

    call = sdk.validate(order)

    assert (call.statuses, call.returned) == ([200], as_sent(order))


def test_validation_names_what_is_wrong(sdk: Sdk) -> None:
    """
    validateOrder() of a bad order rejects with an Axios error, whose body has the path and message that SDKs read.
    """
    call = sdk.validate(make_order(town=None))

    error = call.thrown["body"]["error"]
    assert (call.thrown["kind"], call.thrown["status"], error["code"]) == ("AxiosError", 400, 208)
    assert error["validations"] == [{"path": "orderData.shipments.0.shipTo.town", "message": "is required"}]


def test_a_submitted_order_is_received_and_read(sdk: Sdk, partner: Account) -> None:
    """
    submitOrder() returns a receipt; once the order is processed, it is read under the receipt's id.
    """
    submitted = sdk.submit(make_order("SO-1"))
    partner.advance(2)
    read = sdk.request("GET", f"/order/{submitted.returned['_id']}")

    assert (submitted.statuses, set(submitted.returned)) == ([201], {"_id", "url", "timestamp", "sourceAccountId"})
    data = read.returned["orderData"]
    assert (data["sourceOrderId"], data["status"], data["items"][0]["quantity"]) == ("SO-1", "received", 2)


def test_a_bad_order_gets_a_receipt_and_is_not_found(sdk: Sdk, partner: Account) -> None:
    """
    submitOrder() of a bad order returns a receipt too; the order is not found later, but its errors are.
    """
    submitted = sdk.submit(make_order(town=None))
    partner.advance(2)
    read = sdk.request("GET", f"/order/{submitted.returned['_id']}")

    assert read.thrown["body"] == {
        "success": False,
        "error": {"message": "Couldn't find a thing with that ID", "name": "NotFound", "code": 404},
    }
    errors = [(each["_id"], [error["path"] for error in each["errors"]]) for each in partner.submission_errors()]
    assert errors == [(submitted.returned["_id"], ["orderData.shipments.0.shipTo.town"])]


def test_submission_rejects_with_the_error_of_a_400(sdk: Sdk, partner: Account) -> None:
    """
    Where submission is answered with 400, submitOrder() rejects with the body's ``error``, which is no Axios error.
    """
    partner.go_wrong({"fault": "status", "status": 400, "operation": "submitOrder"})

    call = sdk.submit(make_order())

    error = {"message": "Your request had an error", "name": "BadRequest", "code": 400}
    assert (call.statuses, call.thrown) == ([400], {"kind": "object", "body": error})


def test_orders_are_listed_newest_first_by_page(sdk: Sdk, partner: Account) -> None:
    """
    A list has the newest order first; page and pagesize go into the query, which the SDK does not sign.
    """
    for name in ("SO-1", "SO-2", "SO-3"):
        sdk.submit(make_order(name))
        partner.advance(2)

    pages = [sdk.request("GET", f"/order?page={page}&pagesize=2").returned for page in (1, 2)]

    named = [[order["orderData"]["sourceOrderId"] for order in page["data"]] for page in pages]
    assert (named, pages[1]["count"], pages[1]["pages"]) == ([["SO-3", "SO-2"], ["SO-1"]], 3, 2)


def test_an_order_is_cancelled_once(sdk: Sdk, partner: Account) -> None:
    """
    A cancellation returns the cancelled order, the next one is refused; it makes no difference that the SDK sends
    ``{}`` for null and nothing for undefined.
    """
    sdk.submit(make_order("SO-1"))
    partner.advance(2)

    with_body = sdk.request("PUT", "/order/brandx/SO-1/cancel", None)
    without = sdk.request("PUT", "/order/brandx/SO-1/cancel")

    assert with_body.returned["orderData"]["status"] == "cancelled"
    assert without.thrown["body"]["error"]["message"] == "Order is already cancelled"
    assert [exchange["request"]["body"]["size"] for exchange in partner.journal()[-2:]] == [2, 0]


@pytest.mark.parametrize("source_order_id", AWKWARD_IDS)
def test_escaped_paths_are_signed_decoded_and_found(sdk: Sdk, partner: Account, source_order_id: str) -> None:
    """
    The SDK signs a percent-encoded path decoded, and the mock finds the order that the path means.
    """
    sdk.submit(make_order(source_order_id))
    partner.advance(2)

    call = sdk.request("PUT", f"/order/brandx/{quote(source_order_id, safe='')}/cancel", None)

    assert call.returned["orderData"]["sourceOrderId"] == source_order_id
    assert _is_signed(call.attempts[0], partner, unquote(call.attempts[0].path))


@pytest.mark.parametrize("place", ["base_url", "named_base_url"])
def test_the_sdk_signs_the_mocks_own_prefix_too(sdk: Sdk, partner: Account, place: str) -> None:
    """
    The SDK signs the whole path of its base URL with SHA-256, our prefix included, with or without the workspace in it.
    """
    call = replace(sdk, base_url=getattr(partner, place)).validate(make_order())

    prefix = {"base_url": "/oneflow", "named_base_url": f"/w/{partner.workspace}/oneflow"}[place]
    assert call.statuses == [200]
    assert _is_signed(call.attempts[0], partner, f"{prefix}/api/order/validate")


def test_a_wrong_secret_and_token_are_refused(sdk: Sdk, partner: Account) -> None:
    """
    A wrong secret and an unknown token are answered with 401, each with its own body, and are not tried again.
    """
    wrong = replace(sdk, secret="not-the-secret").request("GET", "/order")
    unknown = replace(sdk, base_url=partner.named_base_url, token="nobody").request("GET", "/order")

    assert (wrong.statuses, wrong.thrown["body"]["error"]["message"]) == ([401], "Your API key is wrong")
    assert (unknown.statuses, unknown.thrown["body"]) == ([401], {"message": "Token Not Found"})


@pytest.mark.parametrize(("method", "path"), [("GET", "/order"), ("PUT", "/order/brandx/SO-1/cancel")])
def test_a_503_is_retried_with_the_same_signature(sdk: Sdk, partner: Account, method: str, path: str) -> None:
    """
    The SDK, at its own pace, repeats a GET and a PUT after a 503 with date and signature unchanged: that is no replay.
    """
    sdk.submit(make_order("SO-1"))
    partner.advance(2)
    partner.go_wrong({"fault": "status", "status": 503, "first": 1})

    call = sdk.request(method, path)

    assert (call.statuses, len(_signatures(call.attempts))) == ([503, 200], 1)
    assert [bool(exchange["faults"]) for exchange in partner.journal()[-2:]] == [True, False]


def test_a_429_is_retried_for_any_method(hasty_sdk: Sdk, partner: Account) -> None:
    """
    The SDK repeats a POST after a 429 too, with date and signature unchanged, and it becomes one order.
    """
    partner.go_wrong({"fault": "status", "status": 429, "retry_after_s": 60, "operation": "submitOrder", "first": 2})

    call = hasty_sdk.submit(make_order("SO-1"))
    partner.advance(2)

    assert (call.statuses, len(_signatures(call.attempts))) == ([429, 429, 201], 1)
    assert hasty_sdk.request("GET", "/order").returned["count"] == 1


def test_the_sdk_gives_up_after_its_retries(hasty_sdk: Sdk, partner: Account) -> None:
    """
    A 429 that does not end is thrown when the retries are used up, with the provider's own body.
    """
    partner.go_wrong({"fault": "status", "status": 429})

    call = replace(hasty_sdk, retries=2).request("GET", "/order")

    assert (call.statuses, call.thrown["body"]["error"]["code"]) == ([429, 429, 429], 429)


def test_a_503_to_a_submission_is_left_to_the_caller(sdk: Sdk, partner: Account) -> None:
    """
    While the provider scales up, submitOrder() throws each 503 at once; the caller submits again until it is taken.
    """
    partner.go_wrong({"named": "oneflow.scaling_up"})
    submission = {"call": "submitOrder", "order": make_order("SO-1")}

    calls = sdk.session(*[submission] * 4).calls

    assert [call.statuses for call in calls] == [[503], [503], [503], [201]]
    assert [call.thrown and call.thrown["kind"] for call in calls] == [*["AxiosError"] * 3, None]


def test_a_lost_answer_has_the_order_submitted_twice(hasty_sdk: Sdk, partner: Account) -> None:
    """
    The SDK repeats even a submission whose answer was lost; the mock makes one order, and an error of the repetition.
    """
    partner.go_wrong({"fault": "reset", "moment": "after", "operation": "submitOrder", "first": 1})

    call = hasty_sdk.submit(make_order("SO-1"))
    partner.advance(2)

    assert call.statuses == [None, 201]
    assert hasty_sdk.request("GET", "/order").returned["count"] == 1
    assert [error["message"] for each in partner.submission_errors() for error in each["errors"]] == [TAKEN]


def test_the_journal_keeps_no_secret_of_the_sdk(sdk: Sdk, partner: Account) -> None:
    """
    The journal has the SDK's requests, and neither its signature nor the secret.
    """
    call = sdk.validate(make_order())

    journal = str(partner.journal())
    _, _, signature = call.attempts[0].headers["x-oneflow-authorization"].partition(":")
    assert call.attempts[0].headers["x-oneflow-date"] in journal
    assert (signature in journal, partner.secret in journal) == (False, False)


def test_the_transcript_tells_the_whole_session(sdk: Sdk, partner: Account) -> None:
    """
    The session that release notes show: printed here, with tokens and signatures masked.
    """
    steps = list(tell(partner))
    text = render(steps)
    print(f"\n{text}")  # noqa: T201 (seen with pytest -s)

    statuses = [[200], [400], [201], [201], [200], [404], [200], [503, 200], [429, 429, 200], [503], [200], [400]]
    kept = [partner.token, partner.secret, *(each for call in steps for each in _signatures(call.call.attempts))]
    assert [each.call.statuses for each in steps] == statuses
    assert [each for each in kept if each in text] == []


def _is_signed(attempt: Attempt, partner: Account, path: str) -> bool:
    """Whether the SDK signed that path with SHA-256, computed here again."""
    text = f"{attempt.method} {path} {attempt.headers['x-oneflow-date']}"
    signature = hmac.new(partner.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    expected = (f"{partner.token}:{signature}", attempt.headers["x-oneflow-date"], "SHA256")
    return tuple(attempt.headers[name] for name in SIGNED) == expected


def _signatures(attempts: Sequence[Attempt]) -> set[str]:
    """The distinct signatures of these requests, without their token."""
    return {attempt.headers["x-oneflow-authorization"].partition(":")[2] for attempt in attempts}
