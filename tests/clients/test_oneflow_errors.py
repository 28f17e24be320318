"""What the OneFlow client raises, repeats and never shows, against a scripted HTTP server on loopback."""

import logging
import pickle
import socket
import traceback

import pytest
import requests

from flowproof.clients import (
    NO_RETRY,
    ClientError,
    Forbidden,
    NotFound,
    RateLimited,
    Refused,
    ServerFailed,
    Unauthorized,
    Unreachable,
    Validation,
    ValidationFailed,
)
from flowproof.clients.oneflow import OneFlow, Signer
from flowproof.errors import FlowproofError
from tests.clients.oneflow_answers import INVALID, NOON, NOT_FOUND, ORDER, ORDER_ID, RECEIPT, SECRET, TOKEN, order_json
from tests.clients.scripted import Provider, Reply

# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (401, {"message": "Token Not Found"}, Unauthorized, "Token Not Found"),
        (403, {"message": "Missing Authentication Token"}, Forbidden, "Missing Authentication Token"),
        (404, NOT_FOUND, NotFound, "Couldn't find a thing with that ID"),
        (400, {"success": False, "error": {"message": "Order already cancelled"}}, Refused, "Order already cancelled"),
        (409, {"error": "conflict"}, Refused, "conflict"),
        (400, INVALID, ValidationFailed, "Validation Failed"),
        (429, {"message": "Limit exceeded"}, RateLimited, "Limit exceeded"),
        (500, b"<html>oops</html>", ServerFailed, "<html>oops</html>"),
        (503, b"", ServerFailed, "Service Unavailable"),
        (502, b"[" * 100_000, ServerFailed, "[" * 200 + "…"),
        (400, {"error": {"message": 7}}, Refused, '{"error": {"message": 7}}'),
    ],
)
def test_each_refusal_has_its_error(
    provider: Provider, status: int, body: object, kind: type[ClientError], message: str
) -> None:
    """Each status has its own class, with the provider's message from any envelope."""
    provider.replies(Reply(status, body))

    with OneFlow(provider.url, TOKEN, SECRET, retry=NO_RETRY) as oneflow, pytest.raises(ClientError) as raised:
        oneflow.order(ORDER_ID)

    error = raised.value
    assert (type(error), error.status, error.message) == (kind, status, message)


def test_error_names_the_request(provider: Provider, oneflow: OneFlow) -> None:
    """An error has the request, its status, code and message."""
    provider.replies(Reply(404, NOT_FOUND))

    with pytest.raises(NotFound) as raised:
        oneflow.cancel("acct", "a b")

    assert str(raised.value) == ("PUT /api/order/acct/a%20b/cancel answered 404: Couldn't find a thing with that ID")
    assert raised.value.code == 404


def test_failed_validation_lists_its_faults(provider: Provider, oneflow: OneFlow) -> None:
    """Each validation error has the provider's path and message."""
    provider.replies(Reply(400, INVALID))

    with pytest.raises(ValidationFailed, match=r"\(orderData.sourceOrderId: Source Order ID") as raised:
        oneflow.validate(ORDER)

    assert raised.value.validations == (Validation("orderData.sourceOrderId", "Source Order ID already exists"),)


@pytest.mark.parametrize("told", [{"code": 208}, {"validations": [{"path": "a", "message": "b"}, "noise"]}])
def test_code_or_faults_alone_mean_validation_failed(
    provider: Provider, oneflow: OneFlow, told: dict[str, object]
) -> None:
    """Either the code 208 or a list of errors makes a refusal a failed validation."""
    provider.replies(Reply(400, {"success": False, "error": {"message": "no", **told}}))

    with pytest.raises(ValidationFailed):
        oneflow.validate(ORDER)


def test_errors_stand_below_the_one_root(provider: Provider, oneflow: OneFlow) -> None:
    """FlowproofError is a base class of every error that a client raises."""
    provider.replies(Reply(401, {"message": "Token Not Found"}))

    with pytest.raises(FlowproofError):
        oneflow.order(ORDER_ID)


def test_error_survives_pickling() -> None:
    """An error can be pickled whole."""
    error = ValidationFailed(
        method="POST", path="/api/order", status=400, message="no", validations=(Validation("a", "b"),)
    )

    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), vars(copy)) == (ValidationFailed, vars(error))


# --- trouble on the way ----------------------------------------------------------------------------------------------


def test_submit_is_retried_on_503(provider: Provider, oneflow: OneFlow, sleeps: list[float]) -> None:
    """A submission is sent again after 503, with growing delays."""
    provider.replies(Reply(503, b""), Reply(503, b""), Reply(201, RECEIPT))

    receipt = oneflow.submit(ORDER)

    assert (receipt.id, sleeps, len(provider.seen)) == (ORDER_ID, [1, 2], 3)


def test_each_retry_is_signed_afresh(provider: Provider) -> None:
    """Each retry has its own date and signature."""
    provider.replies(Reply(503, b""), Reply(201, RECEIPT))
    moments = iter(NOON.replace(second=second) for second in range(60))

    with OneFlow(provider.url, TOKEN, SECRET, now=lambda: next(moments), sleep=lambda _: None) as oneflow:
        oneflow.submit(ORDER)

    first, second = provider.seen
    assert first.headers["x-oneflow-date"] != second.headers["x-oneflow-date"]
    assert first.headers["x-oneflow-authorization"] != second.headers["x-oneflow-authorization"]


@pytest.mark.parametrize("header", ["18", "Thu, 01 Jan 2026 12:00:18 GMT"])
def test_retry_after_is_honoured(provider: Provider, oneflow: OneFlow, sleeps: list[float], header: str) -> None:
    """A Retry-After in seconds or as a date is respected."""
    provider.replies(Reply(429, {"message": "slow"}, {"Retry-After": header}), Reply(200, order_json()))

    oneflow.order(ORDER_ID)

    assert sleeps == [18]


def test_rate_limit_tells_how_long_to_wait(provider: Provider, oneflow: OneFlow) -> None:
    """A Retry-After beyond the longest delay is in the error."""
    provider.replies(Reply(429, {"message": "slow"}, {"Retry-After": "3600"}))

    with pytest.raises(RateLimited) as raised:
        oneflow.submit(ORDER)

    assert (raised.value.retry_after_s, len(provider.seen)) == (3600, 1)


def test_submit_is_not_resent_after_a_reset(provider: Provider, oneflow: OneFlow) -> None:
    """A submission with a reset connection is not sent again, since it may have been stored."""
    provider.replies(Reply(reset=True), Reply(201, RECEIPT))

    with pytest.raises(Unreachable):
        oneflow.submit(ORDER)

    assert len(provider.seen) == 1


def test_cancel_is_not_resent_after_a_reset(provider: Provider, oneflow: OneFlow) -> None:
    """A cancellation with a reset connection is not sent again, since it may have been processed."""
    provider.replies(Reply(reset=True), Reply(200, order_json()))

    with pytest.raises(Unreachable):
        oneflow.cancel("acct", "SO-1")

    assert len(provider.seen) == 1


def test_read_is_resent_after_a_reset(provider: Provider, oneflow: OneFlow, sleeps: list[float]) -> None:
    """A read with a reset connection is sent again."""
    provider.replies(Reply(reset=True), Reply(200, order_json()))

    assert (oneflow.order(ORDER_ID).id, sleeps) == (ORDER_ID, [1])


def test_validation_is_resent_after_a_reset(provider: Provider, oneflow: OneFlow) -> None:
    """A validation changes nothing, so it is sent again."""
    provider.replies(Reply(reset=True), Reply(200, ORDER))

    assert oneflow.validate(ORDER) == ORDER


def test_truncated_body_is_unreachable(provider: Provider, oneflow: OneFlow) -> None:
    """A truncated body is a lost response, with its cause."""
    provider.replies(Reply(201, RECEIPT, cut=10))

    with pytest.raises(Unreachable, match="broke off") as raised:
        oneflow.submit(ORDER)

    assert isinstance(raised.value.__cause__, requests.exceptions.ChunkedEncodingError)


def test_silent_provider_is_unreachable(provider: Provider) -> None:
    """A provider that sends nothing is a lost response after the timeout."""
    provider.replies(Reply(stall_s=30))

    with (
        OneFlow(provider.url, TOKEN, SECRET, timeout_s=0.05) as oneflow,
        pytest.raises(Unreachable, match=r"^POST /api/order got no whole answer: nothing came for 0\.05 s$"),
    ):
        oneflow.submit(ORDER)


def test_closed_port_is_unreachable() -> None:
    """A refused connection is a lost response without a status."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with (
        OneFlow(f"http://127.0.0.1:{port}", TOKEN, SECRET, retry=NO_RETRY) as oneflow,
        pytest.raises(Unreachable) as raised,
    ):
        oneflow.order(ORDER_ID)

    assert raised.value.status is None


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_repr_shows_no_credentials() -> None:
    """Neither the client nor its signer shows token or secret."""
    shown = repr(OneFlow("http://localhost", TOKEN, SECRET)) + repr(Signer(TOKEN, SECRET))

    assert (TOKEN in shown, SECRET in shown) == (False, False)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401, {"message": f"bad secret {SECRET}"}),
        Reply(500, f"secret {SECRET}".encode()),
        Reply(
            400, {"error": {"message": SECRET, "code": SECRET, "validations": [{"path": SECRET, "message": SECRET}]}}
        ),
        Reply(200, f"secret {SECRET}".encode()),
        Reply(reset=True),
    ],
)
def test_error_never_shows_the_secret(
    provider: Provider, oneflow: OneFlow, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    """Whatever the provider echoes, no error, traceback with its locals, or log line has the secret."""
    caplog.set_level(logging.DEBUG)
    provider.replies(reply)

    with pytest.raises(ClientError) as raised:
        oneflow.submit(ORDER)

    frames = "".join(traceback.format_exception(raised.value))
    assert SECRET not in repr(raised.value) + str(raised.value) + frames + caplog.text


def test_lost_connection_shows_no_secret_in_locals(provider: Provider, oneflow: OneFlow) -> None:
    """A traceback with the locals of every frame has no secret."""
    provider.replies(Reply(reset=True))

    with pytest.raises(Unreachable) as raised:
        oneflow.submit(ORDER)

    trace = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    assert SECRET not in "".join(trace.format())


def test_error_never_shows_the_signature(provider: Provider, oneflow: OneFlow) -> None:
    """A signature that the provider echoes is hidden."""
    provider.replies(Reply(401, {"message": "bad signature c0c8ebd497c59caa0f0f7210318fadd503aa98cf"}))

    with pytest.raises(Unauthorized) as raised:
        oneflow.submit(ORDER)

    assert raised.value.message == "bad signature [hidden]"
