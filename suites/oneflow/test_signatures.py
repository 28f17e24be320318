"""Authentication: headers, signature, algorithm, path and date."""

import base64
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients.oneflow import OneFlow, Signer
from flowproof.edge_cases import near_misses
from flowproof.target import Target, Workspace

from .profiles import NETWORKED
from .raw_client import DOCUMENTED_DATE, RawClient, error_of, hex_hmac
from .strategies import minimum_order

VECTORS = json.loads(
    files("flowproof.fixtures").joinpath("oneflow").joinpath("vectors").joinpath("signatures.json").read_bytes()
)
PATH = "/api/order"
UNUSUAL = "/api/order/brand%20x/SO%2F1%20%C3%A4%3F/cancel"

SENT_DATES = {
    "document": "2014-03-10 17:16:18",
    "document, later": "2022-03-10T17:16:18Z",
    "JavaScript SDK": "2026-11-22T04:13:20.866Z",
    "Python SDK, local time": "2026-11-22T04:13:21.808032",
    "printos-python": "2026-11-22 04:14:38",
    "Java SDK": "2026-11-22 04:30:09.917",
    "PHP SDK": "1700000000",
    "Ruby SDK": "2016-12-08 10:00:00 UTC",
    "no date at all": "the day before yesterday",
}


@pytest.mark.requirement("oneflow.auth.signature", "oneflow.auth.algorithm")
@pytest.mark.parametrize("vector", VECTORS, ids=[f"{each['algorithm']} {each['string_to_sign']}" for each in VECTORS])
def test_client_signs_as_the_known_answers(raw: RawClient, vector: dict[str, Any]) -> None:
    """
    The client's signature is the known answer, digit for digit; the target, which has another key, refuses it.
    """
    signer = Signer(vector["token"], vector["secret"], "sha256" if vector["algorithm"] == "SHA256" else "sha1")
    method, path = vector["method"], vector["path"]

    answer = raw.send(method, path, headers=signer.headers(method, path, vector["timestamp"]))

    assert answer.request.headers["x-oneflow-authorization"] == f"{vector['token']}:{vector['signature']}"
    assert answer.status_code == 401


@pytest.mark.requirement("oneflow.auth.signature")
def test_client_is_let_in(oneflow: OneFlow) -> None:
    """
    A request that the client signs with SHA-1 is answered.
    """
    assert oneflow.orders().page == 1


@pytest.mark.requirement("oneflow.auth.algorithm")
def test_client_is_let_in_with_sha256(target: Target, make_oneflow: Callable[..., OneFlow]) -> None:
    """
    A request that the client signs with SHA-256, and says so, is answered.
    """
    assert make_oneflow(target, algorithm="sha256").orders().page == 1


@pytest.mark.requirement("oneflow.auth.algorithm")
def test_sha1_may_be_named(raw: RawClient) -> None:
    """
    A SHA-1 signature is accepted with a header that says SHA1.
    """
    assert raw.send("GET", PATH, headers={"x-oneflow-algorithm": "SHA1"}).status_code == 200


@pytest.mark.requirement("oneflow.auth.algorithm")
@pytest.mark.parametrize("announced", [None, "SHA1", "SHA512", "MD5", "none", ""])
def test_digest_that_is_not_announced_is_refused(raw: RawClient, announced: str | None) -> None:
    """
    A SHA-256 signature is refused unless the header says SHA256.
    """
    headers = {**raw.signed("GET", PATH, digest="sha256"), "x-oneflow-algorithm": announced}

    assert error_of(raw.send("GET", PATH, headers=headers))["code"] == 401


@pytest.mark.requirement("oneflow.auth.algorithm")
def test_sha1_signature_is_refused_as_sha256(raw: RawClient) -> None:
    """
    A SHA-1 signature is refused where the header says SHA256.
    """
    assert raw.send("GET", PATH, headers={"x-oneflow-algorithm": "SHA256"}).status_code == 401


@pytest.mark.requirement("oneflow.auth.date_opaque")
@pytest.mark.parametrize("date", SENT_DATES.values(), ids=SENT_DATES)
def test_date_has_any_format(raw: RawClient, date: str) -> None:
    """
    A date is accepted in whichever format it was signed: those that SDKs send, and any other.
    """
    assert raw.send("GET", PATH, headers=raw.signed("GET", PATH, date)).status_code == 200


@pytest.mark.requirement("oneflow.auth.date_opaque")
@NETWORKED
@given(date=st.from_regex(r"[!-~]([ -~]{0,38}[!-~])?", fullmatch=True))
def test_date_is_an_opaque_text(raw: RawClient, date: str) -> None:
    """
    Whatever printable text is signed as the date, the request is accepted.
    """
    assert raw.send("GET", PATH, headers=raw.signed("GET", PATH, date)).status_code == 200


@pytest.mark.requirement("oneflow.auth.repeat")
def test_repeated_signature_is_no_replay(raw: RawClient) -> None:
    """
    The same date and signature are accepted again, as the retries of the SDKs need it.
    """
    headers = raw.signed("GET", PATH)

    assert [raw.send("GET", PATH, headers=headers).status_code for _ in range(3)] == [200, 200, 200]


@pytest.mark.requirement("oneflow.auth.path")
def test_query_is_not_signed(raw: RawClient) -> None:
    """
    The signature is over the path without the query.
    """
    assert raw.send("GET", PATH, query="page=1&pagesize=3").status_code == 200


@pytest.mark.requirement("oneflow.auth.path")
def test_signature_over_the_query_is_refused(raw: RawClient) -> None:
    """
    A signature over path and query is refused.
    """
    assert raw.send("GET", PATH, query="page=1", signed_path=f"{PATH}?page=1").status_code == 401


@pytest.mark.requirement("oneflow.auth.path")
def test_raw_path_may_be_signed(raw: RawClient) -> None:
    """
    A signature over the percent-encoded path is accepted, as older SDKs make it: the order is not found.
    """
    assert raw.send("PUT", UNUSUAL).status_code == 404


@pytest.mark.requirement("oneflow.auth.path")
def test_decoded_path_may_be_signed(raw: RawClient) -> None:
    """
    A signature over the percent-decoded path is accepted, as current SDKs make it: the order is not found.
    """
    assert raw.send_decoded("PUT", UNUSUAL).status_code == 404


@pytest.mark.requirement("oneflow.auth.path")
@pytest.mark.parametrize("signed_path", ["/order", "/api/order/", "api/order", "/API/order", "/api/orders"])
def test_signature_over_another_path_is_refused(raw: RawClient, signed_path: str) -> None:
    """
    A signature over any other path is refused, above all one without `/api`.
    """
    assert raw.send("GET", PATH, signed_path=signed_path).status_code == 401


WRONG_SIGNATURES: dict[str, Callable[[RawClient, str], str]] = {
    "another secret": lambda raw, signed: hex_hmac(f"{raw.secret}x", signed),
    "token and secret swapped": lambda raw, signed: hex_hmac(raw.token, signed),
    "upper-case digits": lambda raw, signed: hex_hmac(raw.secret, signed).upper(),
    "base64": lambda raw, signed: base64.b64encode(bytes.fromhex(hex_hmac(raw.secret, signed))).decode(),
    "method in lower case": lambda raw, signed: hex_hmac(raw.secret, signed.replace("GET", "get")),
    "another method": lambda raw, signed: hex_hmac(raw.secret, signed.replace("GET", "POST")),
    "no blanks": lambda raw, signed: hex_hmac(raw.secret, signed.replace(" ", "")),
    "two blanks": lambda raw, signed: hex_hmac(raw.secret, signed.replace(" ", "  ")),
    "a newline behind": lambda raw, signed: hex_hmac(raw.secret, f"{signed}\n"),
    "another date": lambda raw, signed: hex_hmac(raw.secret, f"{signed}0"),
    "cut off": lambda raw, signed: hex_hmac(raw.secret, signed)[:20],
    "with more behind": lambda raw, signed: hex_hmac(raw.secret, signed) + "00",
    "no hexadecimal": lambda raw, signed: "z" * 40,
    "not ASCII": lambda raw, signed: "\xe4" * 40,
}


@pytest.mark.requirement("oneflow.auth.signature", "oneflow.error.body")
@pytest.mark.parametrize("mistake", WRONG_SIGNATURES)
def test_wrong_signature_is_refused(raw: RawClient, mistake: str) -> None:
    """
    Whatever is wrong with a signature, the request is answered 401 with the documented error body.
    """
    wrong = WRONG_SIGNATURES[mistake](raw, f"GET {PATH} {DOCUMENTED_DATE}")
    answer = raw.send("GET", PATH, headers={"x-oneflow-authorization": f"{raw.token}:{wrong}"})

    assert (answer.status_code, error_of(answer)["code"]) == (401, 401)


@pytest.mark.requirement("oneflow.auth.signature")
@NETWORKED
@given(signature=st.text("0123456789abcdef", min_size=40, max_size=40))
def test_guessed_signature_is_refused(raw: RawClient, signature: str) -> None:
    """
    No signature that is merely well formed is accepted.
    """
    answer = raw.send("GET", PATH, headers={"x-oneflow-authorization": f"{raw.token}:{signature}"})

    assert answer.status_code == 401


@pytest.mark.requirement("oneflow.auth.signature")
def test_body_is_not_signed(raw: RawClient, new_id: Callable[[], str]) -> None:
    """
    The body is no part of the signature: the same headers hold for another order.
    """
    headers = raw.signed("POST", "/api/order/validate")
    sent = [json.dumps(minimum_order(new_id())).encode() for _ in range(2)]

    answered = [raw.send("POST", "/api/order/validate", body=body, headers=headers).status_code for body in sent]

    assert answered == [200, 200]


MALFORMED = ["", ":", "token", "token:", ":signature", "Bearer token", "{token}", "{token}:", "{token};{signature}"]
BLANKS = ["{token} :{signature}", "{token}: {signature}", "{token} : {signature}", "{token}\t:{signature}"]


@pytest.mark.requirement("oneflow.auth.header", "oneflow.error.body")
@pytest.mark.parametrize("header", [*MALFORMED, *BLANKS, "{token}:{signature} {signature}"])
def test_malformed_authorization_is_refused(raw: RawClient, header: str) -> None:
    """
    An authorization header in another form than Token:Signature is answered 401.
    """
    signature = hex_hmac(raw.secret, f"GET {PATH} {DOCUMENTED_DATE}")
    sent = header.format(token=raw.token, signature=signature)
    right = raw.send("GET", PATH, headers={"x-oneflow-authorization": f"{raw.token}:{signature}"})

    assert right.status_code == 200
    assert raw.send("GET", PATH, headers={"x-oneflow-authorization": sent}).status_code == 401


@pytest.mark.requirement("oneflow.auth.header")
def test_missing_authorization_is_refused(raw: RawClient) -> None:
    """
    A request without the authorization header is answered 401 with the documented error body.
    """
    assert error_of(raw.send("GET", PATH, headers={"x-oneflow-authorization": None}))["code"] == 401


@pytest.mark.requirement("oneflow.auth.header")
def test_standard_authorization_header_is_none(raw: RawClient) -> None:
    """
    The same value in the header `Authorization` is no authorization.
    """
    value = raw.signed("GET", PATH)["x-oneflow-authorization"]
    headers = {"x-oneflow-authorization": None, "Authorization": value}

    assert raw.send("GET", PATH, headers=headers).status_code == 401


@pytest.mark.requirement("oneflow.auth.date")
@pytest.mark.parametrize("date", [None, ""])
def test_missing_date_is_refused(raw: RawClient, date: str | None) -> None:
    """
    A request without the date header, or with an empty one, is answered 401, even if nothing was signed as the date.
    """
    signature = hex_hmac(raw.secret, f"GET {PATH} ")
    headers = {"x-oneflow-authorization": f"{raw.token}:{signature}", "x-oneflow-date": date}

    assert error_of(raw.send("GET", PATH, headers=headers))["code"] == 401


@pytest.mark.requirement("oneflow.auth.date")
def test_date_header_must_be_what_was_signed(raw: RawClient) -> None:
    """
    A date header that is not what was signed is refused.
    """
    assert raw.send("GET", PATH, headers={"x-oneflow-date": "2014-03-10 17:16:19"}).status_code == 401


@pytest.mark.requirement("oneflow.auth.token")
def test_unknown_token_is_refused_to_the_letter(raw: RawClient) -> None:
    """
    A token that nobody was issued is answered 401 with a body of its own.
    """
    signature = hex_hmac(raw.secret, f"GET {PATH} {DOCUMENTED_DATE}")
    answer = raw.send("GET", PATH, headers={"x-oneflow-authorization": f"124213431243214:{signature}"})

    assert (answer.status_code, answer.json()) == (401, {"message": "Token Not Found"})


@pytest.mark.requirement("oneflow.auth.token", "oneflow.auth.signature")
@pytest.mark.parametrize("change", ["other letter case", "cut off", "one more"])
def test_token_is_taken_to_the_letter(raw: RawClient, change: str) -> None:
    """
    What nearly is a token is none, also with the signature of the token's own secret.
    """
    signature = hex_hmac(raw.secret, f"GET {PATH} {DOCUMENTED_DATE}")
    right = raw.send("GET", PATH, headers={"x-oneflow-authorization": f"{raw.token}:{signature}"})
    token = near_misses(raw.token, change).get(change, f"{raw.token}0")

    assert right.status_code == 200
    assert raw.send("GET", PATH, headers={"x-oneflow-authorization": f"{token}:{signature}"}).status_code == 401


@pytest.mark.requirement("oneflow.auth.token", "oneflow.auth.identity")
def test_token_of_another_workspace_is_unknown(
    workspace: Workspace, make_workspace: Callable[..., Workspace], make_oneflow: Callable[..., OneFlow]
) -> None:
    """
    Credentials hold in one workspace only: at another's base URL they are unknown.
    """
    mine = workspace.credentials("oneflow")
    with make_workspace() as other, make_oneflow(other) as oneflow:
        answer = RawClient(oneflow, mine).send("GET", PATH)

    assert (answer.status_code, answer.json()) == (401, {"message": "Token Not Found"})


@pytest.mark.requirement("oneflow.auth.header", "oneflow.request.route")
def test_credentials_are_asked_before_the_order_is_read(raw: RawClient) -> None:
    """
    A request without credentials is answered 401, however broken its body is.
    """
    answer = raw.send("POST", "/api/order/validate", body=b"{", headers={"x-oneflow-authorization": None})

    assert answer.status_code == 401


def _window(workspace: Workspace, seconds: float | None) -> None:
    seed = dict(workspace.seed("oneflow"))
    workspace.replace_seed("oneflow", {**seed, "settings": {**seed["settings"], "date_window_s": seconds}})
    workspace.clock.freeze("2014-03-10T17:16:18Z")


@pytest.mark.requirement("oneflow.auth.window")
@pytest.mark.parametrize(
    "date",
    ["2014-03-10 17:16:18", "2014-03-10T17:21:17.000Z", "2014-03-10 17:11:19", "1394471778", "2014-03-10 17:16:18 UTC"],
)
def test_date_within_the_window_is_accepted(workspace: Workspace, raw: RawClient, date: str) -> None:
    """
    Where a date window is set, a date inside it is accepted, before the clock and after it.
    """
    _window(workspace, 300)

    assert raw.send("GET", PATH, headers=raw.signed("GET", PATH, date)).status_code == 200


@pytest.mark.requirement("oneflow.auth.window")
@pytest.mark.parametrize(
    "date", ["2014-03-10 17:10:00", "2014-03-10T17:22:00Z", "2024-03-10 17:16:18", "0", "the day before yesterday"]
)
def test_date_outside_the_window_is_refused(workspace: Workspace, raw: RawClient, date: str) -> None:
    """
    Where a date window is set, a date outside it, or none that can be read, is answered 401.
    """
    _window(workspace, 300)

    assert error_of(raw.send("GET", PATH, headers=raw.signed("GET", PATH, date)))["code"] == 401


@pytest.mark.requirement("oneflow.auth.algorithm")
@pytest.mark.parametrize("algorithm", ["MD5", "SHA512", "none"])
def test_unknown_algorithm_is_refused(raw: RawClient, algorithm: str) -> None:
    """
    A signature that would be right as SHA-1 is refused where the header names an algorithm that nobody knows.
    """
    assert raw.send("GET", PATH, headers={"x-oneflow-algorithm": algorithm}).status_code == 401
