"""Signatures of orders: over timestamp and exact bytes, within five minutes, to the nanosecond."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flowproof.clients.flow1st import Flow1st, Signer
from flowproof.target import Target, Workspace

from .accounts import Account
from .profiles import NETWORKED
from .raw_client import ORDER, RawClient, hex_hmac, refusal
from .setup import BUNDLES, CHEAP, RECIPIENT
from .strategies import SECOND_NS, an_order, instants_ns, written, wrong_signatures

VECTORS = json.loads(
    files("flowproof.fixtures").joinpath("flow1st").joinpath("vectors").joinpath("signatures.json").read_bytes()
)
REFUSED = 400
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_NS = int(NOON.timestamp()) * SECOND_NS
WINDOW_NS = 300 * SECOND_NS


@pytest.mark.requirement("flow1st.signature.hmac", "flow1st.signature.hex")
@pytest.mark.parametrize("vector", VECTORS, ids=[each["timestamp"] for each in VECTORS])
def test_client_signs_as_the_known_answers(raw: RawClient, vector: dict[str, Any]) -> None:
    """
    The client's signature is the known answer, digit for digit; the target, which has another key, refuses it.
    """
    body = vector["body"].encode()

    answer = raw.send(
        "POST", ORDER, body=body, headers=Signer(vector["signing_key"]).headers(vector["timestamp"], body)
    )

    assert (answer.request.headers["X-SIGNATURE"], refusal(answer)) == (vector["signature"], REFUSED)


@pytest.mark.requirement("flow1st.signature.hmac", "flow1st.signature.iso8601")
def test_target_verifies_the_published_vector(workspace: Workspace, raw: RawClient) -> None:
    """
    The published vector's timestamp, with nine digits, is read and verified with the body that it signs.
    """
    workspace.clock.freeze(VECTORS[0]["timestamp"][:26] + "Z")
    body = VECTORS[0]["body"].encode()
    answer = raw.send("POST", ORDER, body=body, headers=dict(raw.signed(body, VECTORS[0]["timestamp"])))

    assert refusal(answer) == 400  # it is Pay1st's body: signed rightly, and no order


@pytest.mark.requirement("flow1st.signature.hmac", "flow1st.configuration.signing_rule")
def test_client_is_let_in(flow1st: Flow1st, new_reference: Callable[[], str]) -> None:
    """
    An order that the client signs is taken.
    """
    placed = flow1st.complete_order(new_reference(), sku=CHEAP, recipient=RECIPIENT, email="a@b.co")

    assert placed.status == "NEW"


@pytest.mark.requirement("flow1st.signature.header", "flow1st.signature.timestamp")
@pytest.mark.parametrize("name", ["X-SIGNATURE", "X-TIMESTAMP"])
@pytest.mark.parametrize("value", [None, ""])
def test_header_that_is_missing_is_refused(
    raw: RawClient, new_reference: Callable[[], str], name: str, value: str | None
) -> None:
    """
    An order without signature, or without timestamp, is refused.
    """
    assert refusal(raw.order(an_order(new_reference()), headers={name: value})) == REFUSED


@pytest.mark.requirement("flow1st.signature.hmac", "flow1st.signature.hex")
@NETWORKED
@given(signature=wrong_signatures())
def test_another_signature_is_refused(raw: RawClient, new_reference: Callable[[], str], signature: str) -> None:
    """
    Whatever stands in the place of the signature, but for the right one, the order is refused.
    """
    assert refusal(raw.order(an_order(new_reference()), headers={"X-SIGNATURE": signature})) == REFUSED


@pytest.mark.requirement("flow1st.signature.hex", "flow1st.signature.hmac")
@pytest.mark.parametrize("mistake", ["upper case", "key and message swapped", "body only", "no body", "blank between"])
def test_usual_mistake_is_refused_and_named(
    raw: RawClient, target: Target, new_reference: Callable[[], str], mistake: str
) -> None:
    """
    A signature with a usual mistake in it is refused; a mock's journal says what is wrong, without the key.
    """
    body = json.dumps(an_order(new_reference())).encode()
    at = raw.now()
    signature = {
        "upper case": hex_hmac(raw.signing_key, at.encode() + body).upper(),
        "key and message swapped": hex_hmac(at + body.decode(), raw.signing_key.encode()),
        "body only": hex_hmac(raw.signing_key, body),
        "no body": hex_hmac(raw.signing_key, at.encode()),
        "blank between": hex_hmac(raw.signing_key, f"{at} ".encode() + body),
    }[mistake]
    answer = raw.send("POST", ORDER, body=body, headers={"X-SIGNATURE": signature, "X-TIMESTAMP": at})

    assert refusal(answer) == REFUSED
    if target.workspace is not None:
        shown = target.workspace.server.ask("GET", f"/exchanges/{answer.headers['Flowproof-Exchange']}")
        assert ("mistake" in shown["explanation"], raw.signing_key in shown["explanation"]) == (True, False)


@pytest.mark.requirement("flow1st.signature.exact_body")
@NETWORKED
@given(place=st.integers(0, 400), replacement=st.sampled_from([b" ", b"\n", b"", b"x"]))
def test_changed_byte_is_noticed(
    raw: RawClient, new_reference: Callable[[], str], place: int, replacement: bytes
) -> None:
    """
    Whichever byte of the body is changed after signing, the order is refused.
    """
    body = json.dumps(an_order(new_reference()), indent=1).encode()
    at = place % len(body)
    changed = body[:at] + replacement + body[at + 1 :]
    assume(changed != body)

    assert refusal(raw.send("POST", ORDER, body=changed, headers=dict(raw.signed(body)))) == REFUSED


@pytest.mark.requirement("flow1st.signature.exact_body")
@pytest.mark.parametrize("signed", ["without blanks", "with a line break more", "with other names first"])
def test_same_json_in_another_layout_is_refused(raw: RawClient, new_reference: Callable[[], str], signed: str) -> None:
    """
    A signature over the same JSON in another layout than the one that is sent is refused.
    """
    order = an_order(new_reference())
    body = json.dumps(order).encode()
    other = {
        "without blanks": json.dumps(order, separators=(",", ":")).encode(),
        "with a line break more": body + b"\n",
        "with other names first": json.dumps(dict(reversed(order.items()))).encode(),
    }[signed]

    assert refusal(raw.send("POST", ORDER, body=body, headers={**raw.signed(other)})) == REFUSED
    assert refusal(raw.send("POST", ORDER, body=other, headers={**raw.signed(body)})) == REFUSED


@pytest.mark.requirement("flow1st.signature.exact_body")
@pytest.mark.parametrize("layout", [{}, {"indent": 4}, {"separators": (",", ":")}, {"ensure_ascii": False}])
def test_json_may_be_laid_out_as_one_likes(
    raw: RawClient, new_reference: Callable[[], str], layout: dict[str, Any]
) -> None:
    """
    However the JSON is laid out, the order is taken where its very bytes are signed.
    """
    body = json.dumps(an_order(new_reference(), recipientIdentifier="größer ✓"), **layout).encode()

    assert raw.send("POST", ORDER, body=body).status_code == 201


@pytest.mark.requirement("flow1st.signature.exact_body")
def test_blanks_around_the_body_are_signed_too(raw: RawClient, new_reference: Callable[[], str]) -> None:
    """
    Blanks and line breaks before and after the JSON are bytes of the body, and signed with it.
    """
    body = b" \n" + json.dumps(an_order(new_reference())).encode() + b"\r\n"

    assert raw.send("POST", ORDER, body=body).status_code == 201


@pytest.mark.requirement("flow1st.signature.window", "flow1st.signature.iso8601")
@NETWORKED
@given(off_ns=instants_ns(), digits=st.integers(0, 9), zone=st.sampled_from([0, 0, 60, -330, 840, -720]))
def test_window_is_kept_to_the_nanosecond(
    raw: RawClient, staging: Account, new_reference: Callable[[], str], off_ns: int, digits: int, zone: int
) -> None:
    """
    A timestamp is taken up to exactly five minutes before and after the clock, in every zone, however many digits.
    """
    staging.workspace.clock.freeze(NOON)
    staging.top_up(next(sold.price_minor for sold in BUNDLES if sold.sku == CHEAP))
    headers = raw.signed(
        json.dumps(order := an_order(new_reference())).encode(), written(NOON_NS + off_ns, digits, zone)
    )
    answer = raw.order(order, headers=dict(headers))

    assert (answer.status_code == 201) is (abs(off_ns) <= WINDOW_NS)


@pytest.mark.requirement("flow1st.signature.window")
@pytest.mark.parametrize("window_s", [0, 1, 86400, None])
def test_window_is_a_setting(
    raw: RawClient, workspace: Workspace, new_reference: Callable[[], str], window_s: int | None
) -> None:
    """
    The window is as long as the account's setting says; without one there is none.
    """
    seed = dict(workspace.seed("flow1st"))
    workspace.replace_seed("flow1st", {**seed, "settings": {**seed["settings"], "signature_window_s": window_s}})
    workspace.clock.freeze(NOON)

    def status(off_ns: int) -> int:
        """The status of an order with that offset."""
        order = an_order(new_reference())
        at = written(NOON_NS + off_ns, 0, 0)
        return raw.order(order, headers=dict(raw.signed(json.dumps(order).encode(), at))).status_code

    edge_ns = (10**6 if window_s is None else window_s) * SECOND_NS
    assert [status(-edge_ns), status(edge_ns)] == [201, 201]
    assert status(edge_ns + 1) == (201 if window_s is None else 400)


OTHER_FORMS: dict[str, Callable[[datetime], str]] = {
    "no zone": lambda at: f"{at:%Y-%m-%dT%H:%M:%S}",
    "a blank for the T": lambda at: f"{at:%Y-%m-%d %H:%M:%SZ}",
    "ten digits": lambda at: f"{at:%Y-%m-%dT%H:%M:%S}.1234567890Z",
    "a point alone": lambda at: f"{at:%Y-%m-%dT%H:%M:%S}.Z",
    "no seconds": lambda at: f"{at:%Y-%m-%dT%H:%MZ}",
    "no hyphens": lambda at: f"{at:%Y%m%dT%H%M%SZ}",
    "month 13": lambda at: f"{at:%Y}-13-01T12:00:00Z",
    "30 February": lambda at: f"{at:%Y}-02-30T12:00:00Z",
    "second 60": lambda at: f"{at:%Y-%m-%dT%H:%M}:60Z",
    "a zone too far": lambda at: f"{at:%Y-%m-%dT%H:%M:%S}+25:00",
    "a small z": lambda at: f"{at:%Y-%m-%dT%H:%M:%Sz}",
    "seconds since 1970": lambda at: str(int(at.timestamp())),
    "that of HTTP": lambda at: f"{at:%a, %d %b %Y %H:%M:%S GMT}",
    "the year 0": lambda _: "0000-01-01T00:00:00Z",
    "a word": lambda _: "now",
}


@pytest.mark.requirement("flow1st.signature.iso8601")
@pytest.mark.parametrize("form", OTHER_FORMS)
def test_timestamp_in_another_form_is_refused(raw: RawClient, new_reference: Callable[[], str], form: str) -> None:
    """
    A timestamp that is no ISO 8601 with a zone, or names no moment, is refused although it is signed rightly.
    """
    body = json.dumps(an_order(new_reference())).encode()
    timestamp = OTHER_FORMS[form](datetime.fromisoformat(raw.now()))

    assert refusal(raw.send("POST", ORDER, body=body, headers=dict(raw.signed(body, timestamp)))) == REFUSED


@pytest.mark.requirement("flow1st.signature.window", "flow1st.signature.iso8601")
@pytest.mark.parametrize("zone_minutes", [0, 60, -330, 840, -720])
@pytest.mark.parametrize(("off_s", "is_taken"), [(-420, False), (-180, True), (0, True), (180, True), (420, False)])
def test_window_is_five_minutes_either_way(
    raw: RawClient, new_reference: Callable[[], str], off_s: int, is_taken: bool, zone_minutes: int
) -> None:
    """
    Three minutes before the provider's clock and after it a timestamp is taken, seven minutes off it is refused.
    """
    now_ns = int(datetime.fromisoformat(raw.now()).timestamp()) * SECOND_NS
    order = an_order(new_reference())
    at = written(now_ns + off_s * SECOND_NS, 0, zone_minutes)

    answer = raw.order(order, headers=dict(raw.signed(json.dumps(order).encode(), at)))

    assert (answer.status_code == 201) is is_taken
    assert is_taken or refusal(answer) == REFUSED


@pytest.mark.requirement("flow1st.signature.repeat", "flow1st.order.same_again")
def test_same_bytes_may_come_again(raw: RawClient, new_reference: Callable[[], str]) -> None:
    """
    A request that is repeated to the letter, signature and all, is answered as before.
    """
    body = json.dumps(an_order(new_reference())).encode()
    headers: dict[str, str | None] = {**raw.signed(body)}
    answers = [raw.send("POST", ORDER, body=body, headers=headers).json() for _ in range(3)]

    assert answers == [answers[0]] * 3


@pytest.mark.requirement("flow1st.signature.hmac", "flow1st.environment.separate")
def test_key_of_production_signs_nothing_in_staging(
    target: Target, raw: RawClient, new_reference: Callable[[], str]
) -> None:
    """
    An order in staging that is signed with the key of production is refused.
    """
    raw.signing_key = target.credentials("flow1st", "production").values["signing_key"]

    assert refusal(raw.order(an_order(new_reference()))) == REFUSED


@pytest.mark.requirement("flow1st.signature.hmac", "flow1st.credentials.three_parts")
def test_api_secret_signs_nothing(raw: RawClient, new_reference: Callable[[], str]) -> None:
    """
    An order that is signed with the API secret is refused: the signing key is a part of its own.
    """
    raw.signing_key = raw.secret

    assert refusal(raw.order(an_order(new_reference()))) == REFUSED


@pytest.mark.requirement("flow1st.signature.window")
def test_late_request_is_refused_by_the_clock(
    raw: RawClient, workspace: Workspace, new_reference: Callable[[], str]
) -> None:
    """
    What was signed in time and comes five minutes and a second later is refused.
    """
    workspace.clock.freeze(NOON)
    body = json.dumps(an_order(new_reference())).encode()
    headers: dict[str, str | None] = {**raw.signed(body)}
    workspace.clock.set(NOON + timedelta(seconds=301))

    assert refusal(raw.send("POST", ORDER, body=body, headers=headers)) == REFUSED
