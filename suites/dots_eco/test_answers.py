"""Every refusal of a request for a card: its exact body, and the order of checks."""

import json
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import example, given

from flowproof.clients.dots_eco import DotsEco
from flowproof.edge_cases import EACH_TIME
from flowproof.target import Target, Workspace

from .calendar import Day, day_at
from .oracle import expected_answer
from .profiles import NETWORKED
from .raw_client import ADD, NO_PURCHASE, NOT_A_MANAGER, RawClient, compact, invalid
from .setup import APPLICATION, CLOSED, EXAMPLE, FOREIGN, OTHER, SKU, UNKNOWN_TOKEN
from .strategies import any_json, bodies

TODAY = day_at(datetime(2024, 9, 13, tzinfo=UTC))
DOCUMENTED = (
    "app_token_missing",
    "app_token_invalid",
    "sku_missing",
    "sku_invalid",
    "expiration_invalid",
    "expiration_format",
    "expiration_minimum",
    "expiration_maximum",
    "recipient_email_invalid",
    "purchase_not_allowed",
    "wrong_auth_token",
)
"""The eleven documented refusals, by the cases that hold them."""


def step_of(case: str) -> dict[str, Any]:
    """The only step of a case in fixtures/dots_eco/cases."""
    file = files("flowproof.fixtures").joinpath("dots_eco").joinpath("cases").joinpath(f"{case}.json")
    (step,) = json.loads(file.read_text(encoding="utf-8"))["steps"]
    return dict(step)


def moved_to(today: Day, body: dict[str, Any]) -> dict[str, Any]:
    """A documented body whose day is as far from today as it is from the document's day."""
    year, dash, rest = str(body.get("expiration_date", "")).partition("-")
    if not (year.isdecimal() and dash):
        return body
    return {**body, "expiration_date": f"{int(year) + today[0] - TODAY[0]:04}-{rest}"}


@pytest.mark.requirement("dots_eco.error.body", "dots_eco.auth.forbidden_body", "dots_eco.answer.json")
@pytest.mark.requirement("dots_eco.error.success_boolean", "dots_eco.error.objects", "dots_eco.error.either")
@pytest.mark.parametrize("case", DOCUMENTED)
def test_documented_refusal_is_answered_to_the_letter(raw: RawClient, today: Day, case: str) -> None:
    """
    Each of the eleven documented refusals has its status and its body, with the present days in place of those of 2024.
    """
    step = step_of(case)
    body, token = moved_to(today, step["request"]["body"]), step["request"].get("headers", {}).get("auth-token")
    status, expected = step["expect"]["status"], step["expect"]["body"]

    answer = raw.add(body, token=token)

    if today != TODAY and status == 422:
        status, expected = expected_answer(body, today)
    assert (answer.status_code, raw.same(answer, expected)) == (status, True), answer.content
    assert answer.headers["Content-Type"].partition(";")[0] == "application/json"


@pytest.mark.requirement("dots_eco.error.every_field", "dots_eco.error.one_message", "dots_eco.order.access")
@pytest.mark.requirement("dots_eco.order.application", "dots_eco.flow_card.recipient_email.syntax")
@NETWORKED
@given(body=bodies())
@example(body={**EXAMPLE})
@example(body={"app_token": APPLICATION, "sku": SKU})
@example(body={"app_token": CLOSED, "expiration_date": "2024-09-13"})
@example(body={"app_token": FOREIGN})
@example(body={"sku": "reef5"})
@example(body={"app_token": True, "sku": SKU})
def test_request_is_judged_as_a_whole(today: Day, raw: RawClient, body: dict[str, Any]) -> None:
    """
    Whatever parameters are right, wrong or missing together, the answer is the one that the stated order gives.
    """
    status, expected = expected_answer(body, today)

    answer = raw.add(body)

    assert answer.status_code == status
    assert expected is None or raw.same(answer, expected)


@pytest.mark.requirement("dots_eco.request.not_an_object", "dots_eco.error.body")
@NETWORKED
@given(body=any_json())
@example(body=None)
@example(body=[])
@example(body=[{**EXAMPLE}])
@example(body="")
@example(body=0)
@example(body=False)
@example(body={})
@example(body={"": {"": [None]}})
@example(body={"app_token": {"app_token": APPLICATION}, "sku": {"sku": SKU}})
@example(body=10**30)
@example(body={"message": "\x00"})
def test_any_json_is_answered_by_contract(raw: RawClient, body: Any) -> None:
    """
    Whatever JSON is sent, the answer is 200, 403 or 422, and valid by the contract.
    """
    answer = raw.add(body)

    assert answer.status_code in {200, 403, 422}
    assert set(answer.json()) in ({"success", "response"}, {"message"}, {"success", "errors"})


@pytest.mark.requirement("dots_eco.error.every_field", "dots_eco.error.one_message")
def test_all_faults_are_told_in_the_order_of_the_page(raw: RawClient) -> None:
    """
    All seven parameters may be invalid at once: each has one message, in the order of the page, not of the request.
    """
    body = {"message": 1, "from": 2, "recipient_name": 3, "recipient_email": "", "expiration_date": "", "sku": 4}

    answer = raw.add(body)

    expected = invalid(
        app_token="The app_token is required.",
        sku="The sku is invalid.",
        expiration_date="The expiration_date format should be YYYY-mm-dd.",
        recipient_email="The recipient_email is invalid.",
        recipient_name="The recipient_name is invalid.",
        sender="The from is invalid.",
        message="The message is invalid.",
    )
    assert raw.same(answer, expected)


@pytest.mark.requirement("dots_eco.request.empty", "dots_eco.request.null", "dots_eco.flow_card.app_token.required")
@pytest.mark.requirement("dots_eco.flow_card.sku.required")
@pytest.mark.parametrize("nothing", [{}, {"app_token": None, "sku": None}, {"app_token": "", "sku": ""}], ids=str)
def test_nothing_is_as_good_as_missing(raw: RawClient, nothing: dict[str, Any]) -> None:
    """
    An application and a SKU that are left out, null or empty are required.
    """
    assert raw.add(nothing).json() == invalid(app_token="The app_token is required.", sku="The sku is required.")


@pytest.mark.requirement("dots_eco.flow_card.app_token.invalid", "dots_eco.flow_card.app_token.type")
@pytest.mark.parametrize(
    "app_token", [1, 1.5, True, [], {}, " ", "1", "f2b086b3", f" {APPLICATION}", APPLICATION.upper(), "x" * 10_000]
)
def test_unknown_application_is_invalid(raw: RawClient, app_token: object) -> None:
    """
    An app_token that is not exactly an application's is invalid, whatever it is.
    """
    assert raw.add({"app_token": app_token, "sku": SKU}).json() == invalid(app_token="The app_token is invalid.")


@pytest.mark.requirement("dots_eco.flow_card.sku.invalid", "dots_eco.flow_card.sku.type")
@pytest.mark.parametrize("sku", [123, 0.5, False, [SKU], {"sku": SKU}, " ", SKU.upper(), f"{SKU} ", "x" * 10_000])
def test_unknown_sku_is_invalid(raw: RawClient, sku: object) -> None:
    """
    A sku that is not exactly a flow card's is invalid, whatever it is.
    """
    assert raw.card(sku=sku).json() == invalid(sku="The sku is invalid.")


@pytest.mark.requirement("dots_eco.flow_card.sku.available")
def test_sku_of_another_application_is_invalid(raw: RawClient) -> None:
    """
    A flow card can be bought for the applications that it is available for, and for no other.
    """
    refused, bought = raw.card(sku="reef5"), raw.add({"app_token": OTHER, "sku": "reef5"})

    assert refused.json() == invalid(sku="The sku is invalid.")
    assert bought.status_code == 200


@pytest.mark.requirement("dots_eco.order.authentication", "dots_eco.auth.unknown")
@pytest.mark.parametrize("body", [EXAMPLE, {}, {"app_token": CLOSED}, {"app_token": "9-00000000"}, []], ids=str)
def test_wrong_token_is_told_before_the_body_is_looked_at(raw: RawClient, body: Any) -> None:
    """
    Whoever has no token of the provider's learns nothing about applications, SKUs or dates.
    """
    sent = dict(body) if body else body

    assert raw.add(sent, token=UNKNOWN_TOKEN).json() == NOT_A_MANAGER


@pytest.mark.requirement("dots_eco.order.authentication", "dots_eco.auth.unknown")
@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
def test_wrong_token_is_told_before_broken_json(raw: RawClient, body: bytes) -> None:
    """
    A wrong token is refused before a body that is no JSON.
    """
    answer = raw.send("POST", ADD, body=body, headers={"auth-token": UNKNOWN_TOKEN})

    assert (answer.status_code, answer.json()) == (403, NOT_A_MANAGER)


@pytest.mark.requirement("dots_eco.order.access", "dots_eco.auth.purchase_allowed", "dots_eco.auth.manager")
@pytest.mark.parametrize(("app_token", "refusal"), [(CLOSED, NO_PURCHASE), (FOREIGN, NOT_A_MANAGER)])
@pytest.mark.parametrize("rest", [{}, {"sku": "nothing"}, {"expiration_date": "", "recipient_email": ""}], ids=str)
def test_access_is_told_before_other_faults(
    raw: RawClient, app_token: str, refusal: dict[str, str], rest: dict[str, str]
) -> None:
    """
    Where the application is known, its 403 comes before whatever is wrong with the other parameters.
    """
    answer = raw.add({**EXAMPLE, "app_token": app_token, **rest})

    assert (answer.status_code, raw.same(answer, refusal)) == (403, True)


@pytest.mark.requirement("dots_eco.order.manager", "dots_eco.auth.manager")
def test_manager_is_told_before_purchase(raw: RawClient, target: Target) -> None:
    """
    A manager of another company is refused as such, also where the company may not buy.
    """
    answer = raw.add({**EXAMPLE, "app_token": CLOSED}, token=target.credentials("dots_eco", "other").key)

    assert answer.json() == NOT_A_MANAGER


@pytest.mark.requirement("dots_eco.request.json")
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"no JSON", b"{'app_token': 1}", b'{"sku": NaN}', b'{"sku": "a", "sku": "b"}', b'{"sku": "\xff"}'),
        *(b"app_token=1-f2b086b3&sku=123kdfgf", b'{"sku": "\\ud800"}', b"[" * 5_000 + b"]" * 5_000),
    ],
)
def test_body_that_is_no_json_is_a_syntax_error(raw: RawClient, body: bytes) -> None:
    """
    A body that is no JSON, or that two parsers would read differently, is a syntax error each time.
    """
    answers = [raw.send("POST", ADD, body=body) for _ in EACH_TIME]

    assert [(each.status_code, each.json()) for each in answers] == [(400, {"message": "Syntax error"})] * 2


@pytest.mark.requirement("dots_eco.request.content_type")
@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_other_media_type_is_not_supported(raw: RawClient, content_type: str | None) -> None:
    """
    A body that does not say that it is JSON is not read, the second time neither.
    """
    headers = {"Content-Type": content_type}
    answers = [raw.send("POST", ADD, body=compact(dict(EXAMPLE)), headers=headers) for _ in EACH_TIME]

    assert [(each.status_code, list(each.json())) for each in answers] == [(415, ["message"])] * 2


@pytest.mark.requirement("dots_eco.request.content_type")
def test_charset_of_json_is_accepted(raw: RawClient) -> None:
    """
    A media type may name UTF-8, in any case.
    """
    headers = {"Content-Type": "Application/JSON; charset=UTF-8"}

    assert raw.send("POST", ADD, body=compact({"app_token": APPLICATION, "sku": SKU}), headers=headers).ok


@pytest.mark.requirement("dots_eco.request.size")
def test_body_over_the_limit_is_too_large(raw: RawClient) -> None:
    """
    A body over the limit is refused as too large, not read, the second time neither.
    """
    answers = [raw.card(message="x" * (1024 * 1024)) for _ in EACH_TIME]

    assert [(each.status_code, list(each.json())) for each in answers] == [(413, ["message"])] * 2


@pytest.mark.requirement("dots_eco.request.route")
@pytest.mark.parametrize(
    "path", ["/", "/api/v1", "/api/v1/flow-card", "/api/v1/flow-card/add/", "/api/v2/flow-card/add"]
)
def test_unknown_path_is_not_found(raw: RawClient, path: str) -> None:
    """
    A path that the API does not have is answered 404 each time.
    """
    answers = [raw.send("GET", path) for _ in EACH_TIME]

    assert [(each.status_code, list(each.json())) for each in answers] == [(404, ["message"])] * 2


@pytest.mark.requirement("dots_eco.request.method")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_method_is_not_allowed(raw: RawClient, method: str) -> None:
    """
    A card is asked for with POST only, and the answer to other methods says so.
    """
    answers = [raw.send(method, ADD) for _ in EACH_TIME]

    assert [(each.status_code, each.headers["Allow"]) for each in answers] == [(405, "POST")] * 2


@pytest.mark.requirement("dots_eco.answer.rate_limit", "dots_eco.answer.failure", "dots_eco.flow_card.refused")
@pytest.mark.parametrize("status", [429, 500, 503])
def test_failure_has_a_message_and_makes_no_card(
    workspace: Workspace, raw: RawClient, dots_eco: DotsEco, status: int
) -> None:
    """
    Each answer of 429 or 5XX has a message, and no card is made.
    """
    with workspace.faults.during({"fault": "status", "status": status, "provider": "dots_eco"}):
        answers = [raw.card() for _ in EACH_TIME]

    assert [(each.status_code, list(each.json())) for each in answers] == [(status, ["message"])] * 2
    assert workspace.control("GET", "dots_eco/cards") == {"cards": []}
