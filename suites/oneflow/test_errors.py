"""Malformed requests: each is answered with the provider's own error, and none with a 500."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowproof.clients.oneflow import OneFlow, Order

from .profiles import NETWORKED
from .raw_client import NOT_FOUND, RawClient, error_of
from .strategies import minimum_order

VALIDATE, SUBMIT = "/api/order/validate", "/api/order"
UPDATE = "/api/shipment/no-such-order/0/shipping"
MEBIBYTE = 1024 * 1024

NO_JSON: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b"  \n",
    "words": b"an order, please",
    "cut off": b'{"destination": {"name": "print',
    "more behind": b'{"destination": {}} {}',
    "single quotes": b"{'destination': {}}",
    "a comma too many": b'{"destination": {},}',
    "a comment": b'{"destination": {} /* printer */}',
    "a key without quotes": b"{destination: {}}",
    "NaN": b'{"orderData": {"items": [{"unitWeight": NaN}]}}',
    "Infinity": b'{"orderData": {"items": [{"unitWeight": Infinity}]}}',
    "minus Infinity": b"-Infinity",
    "a key twice": b'{"destination": {"name": "printcompanyx", "name": "nobody"}}',
    "an escaped key twice": b'{"destination": {}, "destin\\u0061tion": {}}',
    "a control character": b'{"destination": {"name": "a\x01b"}}',
    "invalid UTF-8": b'{"destination": {"name": "\xff\xfe"}}',
    "Latin-1": '{"destination": {"name": "Köln"}}'.encode("latin-1"),
    "UTF-16": '{"destination": {}}'.encode("utf-16"),
    "overlong UTF-8": b'{"destination": {"name": "\xc0\xaf"}}',
    "half a pair": b'{"destination": {"name": "\xed\xa0\x80"}}',
    "leading zero": b'{"orderData": {"items": [{"quantity": 01}]}}',
    "hexadecimal": b'{"orderData": {"items": [{"quantity": 0x1}]}}',
    "a form": b"destination=printcompanyx",
    "deep nesting": b"[" * 5_000 + b"]" * 5_000,
    "very deep nesting": b"[" * 200_000,
    "deep objects": b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
}


def update_of(order: Order) -> str:
    """Where the first shipment of an order is amended: of one that does not exist a 404 would be as right as a 400."""
    return f"/api/shipment/{order.source_order_id}/0/shipping"


@pytest.mark.requirement("oneflow.request.json", "oneflow.error.body", "oneflow.response.json")
@pytest.mark.requirement("oneflow.error.bad_request")
@pytest.mark.parametrize(("method", "path"), [("POST", VALIDATE), ("POST", SUBMIT), ("PUT", UPDATE)])
@pytest.mark.parametrize("body", NO_JSON)
def test_body_that_is_no_json_is_refused(
    raw: RawClient, placed: Callable[..., Order], method: str, path: str, body: str
) -> None:
    """
    A body that is no JSON, or that two parsers would read differently, is answered 400 with the documented body.
    """
    answer = raw.send(method, update_of(placed()) if path == UPDATE else path, body=NO_JSON[body])

    assert (answer.status_code, error_of(answer)["code"]) == (400, 400)


@pytest.mark.requirement("oneflow.request.json", "oneflow.response.json")
@NETWORKED
@given(body=st.binary(max_size=64) | st.text('{}[]",:0123456789.eE+-truefalsn \\u', max_size=40).map(str.encode))
@example(body=b'"\\ud800"')
@example(body=b'{"destination": {"name": "\\ud800"}}')
@example(body=b"1e999")
@example(body=b"123456789012345678901234567890")
@example(body=b"\xef\xbb\xbf{}")
def test_no_body_whatever_is_answered_500(raw: RawClient, body: bytes) -> None:
    """
    Whatever bytes are sent as an order, the answer is JSON, and none of 5XX.
    """
    answer = raw.send("POST", VALIDATE, body=body)

    assert answer.status_code in {200, 400}
    assert isinstance(answer.json(), dict)


@pytest.mark.requirement("oneflow.request.json", "oneflow.submission.answer")
@NETWORKED
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    )
)
@example(body=10**30)
@example(body={"orderData": {"extraData": {"big": 2**64}}})
def test_any_json_is_answered(raw: RawClient, body: Any) -> None:
    """
    Any JSON that is submitted is stored, or refused as a request; it is never a failure of the provider.
    """
    answer = raw.send("POST", SUBMIT, body=json.dumps(body).encode())

    assert answer.status_code in {201, 400}


@pytest.mark.requirement("oneflow.request.content_type", "oneflow.error.body")
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
        "json",
    ],
)
@pytest.mark.parametrize("path", [VALIDATE, SUBMIT])
def test_wrong_content_type_is_refused(
    raw: RawClient, new_id: Callable[[], str], path: str, content_type: str | None
) -> None:
    """
    A valid order whose media type is not JSON is answered 400 with the documented body.
    """
    body = json.dumps(minimum_order(new_id())).encode()
    answer = raw.send("POST", path, body=body, headers={"Content-Type": content_type})

    assert (answer.status_code, error_of(answer)["code"]) == (400, 400)


@pytest.mark.requirement("oneflow.request.content_type")
@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", "application/json ; a=b"],
)
def test_json_content_type_is_accepted(raw: RawClient, new_id: Callable[[], str], content_type: str) -> None:
    """
    The JSON media type is accepted however it is written, also with UTF-8 as its charset.
    """
    body = json.dumps(minimum_order(new_id())).encode()

    assert raw.send("POST", VALIDATE, body=body, headers={"Content-Type": content_type}).status_code == 200


@pytest.mark.requirement("oneflow.request.route", "oneflow.error.body", "oneflow.response.json")
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/",
        "/api/orders",
        "/api/order/",
        "/api//order",
        "/API/order",
        "/order",
        "/api/order/validate/",
        "/api/order/a/b/c/cancel",
        "/api/shipment/1/0",
        "/api/order/5910757faab8ec6f60127999/cancel/now",
        "/api/%6Frder%2F",
        "/static/x",
        "/_flowproof/health",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_path_is_not_found(raw: RawClient, method: str, path: str) -> None:
    """
    A path that the provider does not know is answered 404 with the documented body to the letter.
    """
    answer = raw.send(method, path)

    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@pytest.mark.requirement("oneflow.request.method", "oneflow.error.body")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", SUBMIT),
        ("PUT", SUBMIT),
        ("PATCH", SUBMIT),
        ("OPTIONS", SUBMIT),
        ("DELETE", VALIDATE),
        ("PUT", VALIDATE),
        ("POST", "/api/order/5910757faab8ec6f60127999"),
        ("DELETE", "/api/order/5910757faab8ec6f60127999"),
        ("GET", "/api/order/brandx/1/cancel"),
        ("POST", "/api/order/brandx/1/cancel"),
        ("GET", UPDATE),
        ("POST", UPDATE),
        ("PATCH", UPDATE),
    ],
)
def test_unserved_method_is_not_found(raw: RawClient, method: str, path: str) -> None:
    """
    A known path with a method that it does not serve is answered 404 with the documented body to the letter.
    """
    answer = raw.send(method, path)

    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def order_of_size(number: str, size: int) -> bytes:
    """A valid order whose JSON has that many bytes."""
    order = minimum_order(number)
    order["orderData"]["customerName"] = ""
    order["orderData"]["customerName"] = "x" * (size - len(json.dumps(order)))
    return json.dumps(order).encode()


@pytest.mark.requirement("oneflow.request.size", "oneflow.error.body")
@pytest.mark.parametrize("size", [MEBIBYTE + 1, 3 * MEBIBYTE])
@pytest.mark.parametrize(("method", "path"), [("POST", VALIDATE), ("POST", SUBMIT), ("PUT", UPDATE)])
def test_body_over_the_limit_is_too_large(raw: RawClient, method: str, path: str, size: int) -> None:
    """
    A body of more than one mebibyte is answered 413 with the documented error body.
    """
    answer = raw.send(method, path, body=order_of_size("1", size))

    assert (answer.status_code, error_of(answer)["code"]) == (413, 413)


@pytest.mark.requirement("oneflow.request.size")
def test_body_at_the_limit_is_accepted(raw: RawClient, new_id: Callable[[], str]) -> None:
    """
    A body of exactly one mebibyte is accepted.
    """
    assert raw.send("POST", VALIDATE, body=order_of_size(new_id(), MEBIBYTE)).status_code == 200


@pytest.mark.requirement("oneflow.request.size", "oneflow.order.cancel_body")
def test_huge_body_of_a_cancellation_is_too_large(
    raw: RawClient, placed: Callable[..., Order], oneflow: OneFlow
) -> None:
    """
    Also a cancellation, whose body is ignored, has a limit to it.
    """
    order = placed()
    path = f"/api/order/{order.source_name}/{order.source_order_id}/cancel"

    assert raw.send("PUT", path, body=b"x" * (MEBIBYTE + 1)).status_code == 413
    assert oneflow.order(order.id).status != "cancelled"


@pytest.mark.requirement("oneflow.response.json")
@pytest.mark.parametrize("path", [SUBMIT, "/api/order/5910757faab8ec6f60127999", "/api/nothing-here"])
def test_head_has_headers_and_no_body(raw: RawClient, path: str) -> None:
    """
    HEAD is answered as GET would be, without the body, or as a method that is not served.
    """
    answer = raw.send("HEAD", path)

    assert (answer.status_code in {200, 404}, answer.content) == (True, b"")


@pytest.mark.requirement("oneflow.response.json")
@pytest.mark.parametrize("accept", ["text/html", "application/xml", "", "image/*;q=0.1"])
def test_answer_is_json_whatever_is_asked_for(raw: RawClient, accept: str) -> None:
    """
    Every answer is JSON, success and refusal, whatever the Accept header says.
    """
    answers = [raw.send("GET", path, headers={"Accept": accept}) for path in (SUBMIT, "/api/nothing-here")]

    assert [each.headers["Content-Type"].partition(";")[0] for each in answers] == ["application/json"] * 2


@pytest.mark.requirement("oneflow.error.body")
def test_refusal_gives_nothing_away(raw: RawClient) -> None:
    """
    The body of a refusal has the documented members, and nowhere the secret or the right signature.
    """
    answer = raw.send("GET", SUBMIT, headers={"x-oneflow-authorization": f"{raw.token}:{'0' * 40}"})

    right = raw.signed("GET", SUBMIT)["x-oneflow-authorization"].partition(":")[2]

    assert {"code", "message", "name"} <= set(error_of(answer))
    assert [each for each in (raw.secret, right) if each in answer.text + str(answer.headers)] == []


@pytest.mark.requirement("oneflow.error.bad_request")
def test_bad_request_is_answered_with_a_reason(raw: RawClient, placed: Callable[..., Order]) -> None:
    """
    A 400 says why, in whatever words: what is wrong in different ways gets different messages.
    """
    answers = [
        raw.send("PUT", update_of(placed()), body=b"{}"),
        raw.send("GET", SUBMIT, query="page=0"),
        raw.send("POST", SUBMIT, body=b"{"),
    ]

    assert [each.status_code for each in answers] == [400] * 3
    assert len({error_of(each)["message"] for each in answers}) == 3
