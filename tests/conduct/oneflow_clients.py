"""Customers of OneFlow: one that makes no mistake with the reference client, and others that each make one."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import requests

from flowproof.clients import ServerFailed, Unreachable
from flowproof.clients.oneflow import OneFlow

__all__ = [
    "AFTER_A_LOST_ANSWER",
    "FAULTY_HEADERS",
    "AmnesticCustomer",
    "Customer",
    "HastyCustomer",
    "HeedlessCustomer",
    "HurriedCustomer",
    "OnePageCustomer",
    "OrderJson",
    "RestlessCustomer",
    "TimidCustomer",
]

PROCESSED_S = 10.0
OrderJson = dict[str, Any]
AUTHORIZATION, DATE = "x-oneflow-authorization", "x-oneflow-date"


class Customer:
    """
    A customer that places orders and makes no mistake.

    Args:
        oneflow: The client.
        wait: Waits that many seconds.
    """

    def __init__(self, oneflow: OneFlow, wait: Callable[[float], object]) -> None:
        self.oneflow = oneflow
        self.wait = wait

    def place(self, order: OrderJson) -> None:
        """Place an order once, whatever happens to the response."""
        try:
            self.oneflow.submit(order)
        except Unreachable:
            self.wait(PROCESSED_S)
            if order["orderData"]["sourceOrderId"] not in self.stock():
                self.oneflow.submit(order)

    def stock(self) -> set[str]:
        """The numbers of all orders."""
        return {str(order.source_order_id) for order in self.oneflow.all_orders(pagesize=10)}

    def fix(self, order: OrderJson, corrected: OrderJson) -> None:
        """Place an order that was not accepted once more."""
        self.oneflow.submit(order)
        self.oneflow.submit(corrected)


class HastyCustomer(Customer):
    """Submits again when there is no response."""

    def place(self, order: OrderJson) -> None:
        try:
            self.oneflow.submit(order)
        except Unreachable:
            self.oneflow.submit(order)


class HeedlessCustomer(Customer):
    """Looks for the order and submits it again whether it is there or not."""

    def place(self, order: OrderJson) -> None:
        try:
            self.oneflow.submit(order)
        except Unreachable:
            self.wait(PROCESSED_S)
            self.stock()
            self.oneflow.submit(order)


class HurriedCustomer(Customer):
    """Looks for the order before it can be there, and submits it again."""

    def place(self, order: OrderJson) -> None:
        try:
            self.oneflow.submit(order)
        except Unreachable:
            if order["orderData"]["sourceOrderId"] not in self.stock():
                self.oneflow.submit(order)


class AmnesticCustomer(Customer):
    """Gives two orders one number."""

    def place(self, order: OrderJson) -> None:
        self.oneflow.submit({**order, "orderData": {**order["orderData"], "sourceOrderId": "the order"}})


class OnePageCustomer(Customer):
    """Reads only the first page of the list."""

    def stock(self) -> set[str]:
        return {str(order.source_order_id) for order in self.oneflow.orders().orders}


class TimidCustomer(Customer):
    """Gives up at the first failure of the provider."""

    def place(self, order: OrderJson) -> None:
        try:
            self.oneflow.submit(order)
        except ServerFailed:
            return


class RestlessCustomer(Customer):
    """Resubmits a submission error again and again."""

    def fix(self, order: OrderJson, corrected: OrderJson) -> None:
        """Place an order that was not accepted twice more."""
        super().fix(order, corrected)
        self.oneflow.submit(corrected)


AFTER_A_LOST_ANSWER = (HastyCustomer, HeedlessCustomer, HurriedCustomer)


# ---- Headers ----


def signed(
    request: requests.PreparedRequest,
    secret: str,
    *,
    digest: str = "sha1",
    write: Callable[[bytes], str] = bytes.hex,
    path: Callable[[str], str] = str,
    date: Callable[[str], str] = str,
    key: Callable[[str], str] = str,
) -> None:
    """Sign again, with one step changed."""
    own = "/api" + (request.path_url.partition("/api")[2]).partition("?")[0]
    text = f"{request.method} {path(own)} {date(str(request.headers[DATE]))}"
    made = hmac.new(key(secret).encode(), text.encode(), getattr(hashlib, digest)).digest()
    token = str(request.headers[AUTHORIZATION]).partition(":")[0]
    request.headers[AUTHORIZATION] = f"{token}:{write(made)}"


def with_query(request: requests.PreparedRequest, secret: str) -> None:
    """Sign the query too."""
    query = request.path_url.partition("?")[2]
    signed(request, secret, path=lambda path: f"{path}?{query}" if query else path)


def without(name: str, request: requests.PreparedRequest, _: str) -> None:
    """Leave a header out."""
    del request.headers[name]


def renamed_token(request: requests.PreparedRequest, _: str) -> None:
    """Send a token that the provider did not issue."""
    request.headers[AUTHORIZATION] = "ffffffffffffffffffff:" + str(request.headers[AUTHORIZATION]).partition(":")[2]


def without_signature(request: requests.PreparedRequest, _: str) -> None:
    """Send the token without a signature."""
    request.headers[AUTHORIZATION] = str(request.headers[AUTHORIZATION]).partition(":")[0]


def _seconds(date: str) -> str:
    return date.partition(".")[0].replace("T", " ")


FAULTY_HEADERS: Mapping[str, tuple[str, Callable[[requests.PreparedRequest, str], None]]] = {
    "upper-case digest": ("auth.signature", partial(signed, write=lambda made: made.hex().upper())),
    "base64 digest": ("auth.signature", partial(signed, write=lambda made: base64.b64encode(made).decode())),
    "cut-off digest": ("auth.signature", partial(signed, write=lambda made: made.hex()[:20])),
    "key with a line feed": ("auth.signature", partial(signed, key="{}\n".format)),
    "another secret": ("auth.signature", partial(signed, key=lambda _: "another")),
    "SHA-256 unannounced": ("auth.algorithm", partial(signed, digest="sha256")),
    "MD5": ("auth.algorithm", partial(signed, digest="md5")),
    "path without /api": ("auth.path", partial(signed, path=lambda path: path.removeprefix("/api"))),
    "path with a slash after it": ("auth.path", partial(signed, path="{}/".format)),
    "query signed too": ("auth.path", with_query),
    "date signed in another form": ("auth.date", partial(signed, date=_seconds)),
    "no date": ("auth.date", partial(without, DATE)),
    "no authorization": ("auth.header", partial(without, AUTHORIZATION)),
    "token alone": ("auth.header", without_signature),
    "unknown token": ("auth.header", renamed_token),
}
"""What a client does to its headers, each with the requirement that it breaks."""
