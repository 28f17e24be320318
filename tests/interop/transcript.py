"""
A partner's session at the mock, made with OneFlow's own SDK, as text for a release note.

    python -m tests.interop.transcript
"""

import json
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.interop import programs
from tests.interop.account import Account, open_account, serving
from tests.interop.orders import make_order
from tests.interop.sdk import Attempt, Call, Sdk

__all__ = ["Step", "render", "tell"]

WIDTH = 118
SHOWN_HEADERS = ("x-oneflow-algorithm", "x-oneflow-authorization")


@dataclass(frozen=True, slots=True)
class Step:
    """
    One call, with the reason why it is shown.

    Args:
        title: What it shows.
        call: What came of it.
    """

    title: str
    call: Call


def tell(account: Account) -> Iterator[Step]:
    """Validate, submit, read, list and cancel an order, with two invalid orders and an outage."""
    sdk = Sdk.of(account, hurry=True)
    good, bad = make_order("SO 1/é"), make_order("SO-2", town=None)
    yield Step("A good order is validated", sdk.validate(good))
    yield Step("A bad one is not: the recipient has no town", sdk.validate(bad))
    submitted = sdk.submit(good)
    yield Step("The good order is submitted", submitted)
    refused = sdk.submit(bad)
    yield Step("So is the bad one: the answer comes before anybody looks at it", refused)
    account.advance(2)
    yield Step("Two seconds later the good one is an order", sdk.request("GET", f"/order/{submitted.returned['_id']}"))
    yield Step("The bad one is none", sdk.request("GET", f"/order/{refused.returned['_id']}"))
    yield Step("The orders are listed; the query is not signed", sdk.request("GET", "/order?page=1&pagesize=10"))
    account.go_wrong({"fault": "status", "status": 503, "operation": "listOrders", "first": 1})
    yield Step("The SDK reads again after a 503", sdk.request("GET", "/order"))
    account.go_wrong({"fault": "status", "status": 429, "retry_after_s": 1, "operation": "validateOrder", "first": 2})
    yield Step("It writes again after a 429", sdk.validate(make_order("SO-3")))
    account.go_wrong({"fault": "status", "status": 503, "operation": "submitOrder", "first": 1})
    yield Step("It does not write again after a 503: that is its caller's to do", sdk.submit(make_order("SO-3")))
    path = "/order/brandx/SO%201%2F%C3%A9/cancel"
    yield Step("The order is cancelled; the path is signed decoded", sdk.request("PUT", path, None))
    yield Step("But only once", sdk.request("PUT", path, None))


def render(step: Iterable[Step]) -> str:
    """The session as text, without tokens and signatures."""
    session = list(step)
    headers = {_headers(attempt) for each in session for attempt in each.call.attempts}
    heading = [f"Every request has {each}." for each in sorted(headers)]
    return "\n\n".join([*heading, *("\n".join(_lines(number, each)) for number, each in enumerate(session, 1))])


def _headers(attempt: Attempt) -> str:
    masked = {**attempt.headers, "x-oneflow-authorization": "[token]:[signature]"}
    return " and ".join(f"{name}: {masked[name]}" for name in SHOWN_HEADERS if name in attempt.headers)


def _lines(number: int, step: Step) -> Iterator[str]:
    call = step.call
    yield f"{number}. {step.title}"
    yield from (f"   {each.method} {each.path} -> {each.status or 'no answer'}" for each in call.attempts)
    if call.thrown is None:
        yield from _wrapped(f"{call.name}() returned {_json(call.returned)}")
    else:
        yield from _wrapped(f"{call.name}() threw {call.thrown['kind']}: {_json(call.thrown['body'])}")


def _json(value: Any) -> str:
    return json.dumps(_gist(value), ensure_ascii=False)


def _gist(value: Any) -> Any:
    """A short form of an order; anything else is shown whole."""
    match value:
        case {"data": [*orders]}:
            return {**value, "data": [_gist(order) for order in orders]}
        case {"_id": order_id, "orderData": {"sourceOrderId": source_order_id, "status": status}}:
            return {"_id": order_id, "orderData": {"sourceOrderId": source_order_id, "status": status, "…": "…"}}
        case {"orderData": {"sourceOrderId": source_order_id}}:
            return {**value, "orderData": {"sourceOrderId": source_order_id, "…": "…"}}
    return value


def _wrapped(text: str) -> list[str]:
    lines = textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False, subsequent_indent="  ")
    return [f"   {line}" for line in lines]


def main() -> None:
    programs.install()
    with serving() as url, open_account(url) as account:
        versions = Sdk.of(account).session()
        heading = f"oneflow-sdk-js {versions.sdk} from npm, on Node {versions.node}, at {account.base_url}"
        sys.stdout.write(f"{heading}\n\n{render(tell(account))}\n")


if __name__ == "__main__":
    main()
