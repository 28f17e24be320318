"""
The client of OneFlow (HP Site Flow): print orders. Signs with its own code, and shares none with any mock.

    with OneFlow.production(token, secret) as oneflow:
        receipt = oneflow.submit(order)
        done = oneflow.wait_for_order(receipt.id, until={"printready"}, timeout_s=300)

Source:
    seeds/002. What is seen, not documented: providers/oneflow.md.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Self, Unpack

from flowproof.clients.client import Client, ClientSettings, normalized_base_url
from flowproof.clients.errors import NotFound, NotInTime
from flowproof.clients.oneflow.bodies import Address, CarrierAlias, CarrierService
from flowproof.clients.oneflow.problems import problem
from flowproof.clients.oneflow.results import Order, OrderPage, Shipment, Submission
from flowproof.clients.oneflow.signing import Algorithm, Signer, iso_milliseconds
from flowproof.clients.responses import Json, JsonNode
from flowproof.clients.transport import Call, json_bytes, path_of

__all__ = ["PRODUCTION_ORDERS_URL", "PRODUCTION_URL", "OneFlow", "OneFlowSettings"]

PRODUCTION_URL = "https://pro-api.oneflowcloud.com"
PRODUCTION_ORDERS_URL = "https://orders.oneflow.io"


class OneFlowSettings(ClientSettings, total=False):
    """Settings of `OneFlow`."""

    algorithm: Algorithm
    date_format: Callable[[datetime], str]


class OneFlow(Client):
    """
    A client of the OneFlow API.

    5XX and 429 are retried for every call, also for `submit`, as the document asks; each retry is signed afresh.
    A lost response (connection error, timeout, truncated body) is retried for reads and `validate` only: an order may
    have been stored, a cancellation done, so `submit`, `cancel` and `update_shipping` raise `Unreachable` at once.
    Redirects are not followed: the signature holds for one path, and another host must not see it.

    Args:
        base_url: URL before `/api`; a trailing `/api` or slash is taken off.
        token: Names the API key.
        secret: Signs; never shown.
        orders_url: Host of `POST /api/order`, where that is another one.
        algorithm: Digest of the signature.
        date_format: How the date header is written; OneFlow takes any text.
        settings: See `ClientSettings`.

    Raises:
        ConfigurationError: A URL, the token, the secret or the algorithm cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        secret: str,
        *,
        orders_url: str | None = None,
        algorithm: Algorithm = "sha1",
        date_format: Callable[[datetime], str] = iso_milliseconds,
        **settings: Unpack[ClientSettings],
    ) -> None:
        super().__init__(
            _base_url("base_url", base_url),
            api="OneFlow",
            problem=problem,
            **settings,
        )
        self.orders_url = self.base_url if orders_url is None else _base_url("orders_url", orders_url)
        self._signer = Signer(token, secret, algorithm)
        self._date_format = date_format

    @classmethod
    def production(cls, token: str, secret: str, **settings: Unpack[OneFlowSettings]) -> Self:
        """A client of the production hosts."""
        return cls(PRODUCTION_URL, token, secret, orders_url=PRODUCTION_ORDERS_URL, **settings)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r}, orders_url={self.orders_url!r})"

    def validate(self, order: Mapping[str, object]) -> Json:
        """
        Validate an order without submitting it.

        Args:
            order: The order, for its structure see `NewOrder`.

        Returns:
            The order as the provider reads it.

        Raises:
            ValidationFailed: It is not valid; its `validations` are the errors, each with `path` and `message`.
        """
        path = _path("order", "validate")
        return self._do(Call("POST", path, body=json_bytes(order), resend_lost=True)).members()

    def submit(self, order: Mapping[str, object]) -> Submission:
        """
        Submit an order.

        The provider answers before it validates the order: see `validate` and `wait_for_order`.

        Raises:
            Unreachable: The response was lost. The order may have been stored; it is not sent again.
            UnexpectedAnswer: It cannot be read, which is the same.
            ServerFailed: 5XX after all attempts.
        """
        call = Call("POST", _path("order"), body=json_bytes(order))
        return Submission.read(self._do(call, base_url=self.orders_url))

    def orders(self, page: int = 1, pagesize: int = 10) -> OrderPage:
        """One page of the account's orders, newest first; the first page is 1."""
        query = (("page", str(page)), ("pagesize", str(pagesize)))
        return OrderPage.read(self._do(Call("GET", _path("order"), query=query, resend_lost=True)), page=page)

    def all_orders(self, pagesize: int = 100) -> Iterator[Order]:
        """
        Every order of the account once, newest first.

        Orders that arrive meanwhile move others to later pages; those are not returned twice. Where the provider does
        not give the number of pages, a page without a new order is the last.
        """
        seen: set[str] = set()
        number = 1
        while True:
            page = self.orders(number, pagesize)
            fresh = [order for order in page.orders if order.id not in seen]
            seen.update(order.id for order in fresh)
            yield from fresh
            is_last = not fresh if page.pages is None else number >= page.pages
            if is_last:
                return
            number += 1

    def order(self, order_id: str) -> Order:
        """
        The order with the provider's identifier.

        Raises:
            NotFound: There is none, or it is not processed yet, or it was not valid.
        """
        return Order.read(self._do(Call("GET", _path("order", order_id), resend_lost=True)))

    def cancel(self, source_account: str, source_order_id: str) -> Order:
        """
        Cancel an order.

        Args:
            source_account: Name of the account that sent the order.
            source_order_id: The sender's identifier.

        Raises:
            NotFound: There is no such order.
            Refused: It is cancelled already.
        """
        path = _path("order", source_account, source_order_id, "cancel")
        return Order.read(self._do(Call("PUT", path)))

    def update_shipping(
        self,
        source_order_id: str,
        shipment_index: int,
        *,
        ship_to: Address | Mapping[str, object],
        carrier: CarrierService | CarrierAlias | Mapping[str, object] | None = None,
        tracking_number: str | None = None,
    ) -> Shipment:
        """
        Change where a shipment goes, and with whom.

        Args:
            source_order_id: The sender's identifier.
            shipment_index: Index of the shipment as submitted.
            ship_to: The new address, whole.
            carrier: The carrier, left alone by default.
            tracking_number: The tracking number, left alone by default.
        """
        change = {"shipTo": ship_to, "carrier": carrier, "trackingNumber": tracking_number}
        body = json_bytes({name: value for name, value in change.items() if value is not None})
        path = _path("shipment", source_order_id, str(shipment_index), "shipping")
        return Shipment.read(self._do(Call("PUT", path, body=body)))

    def wait_for_order(
        self,
        order_id: str,
        *,
        until: Callable[[Order], bool] | Collection[str] = lambda _: True,
        timeout_s: float = 60.0,
        poll_s: float = 1.0,
    ) -> Order:
        """
        Wait until a submitted order is processed and meets a condition.

        Args:
            order_id: The submission's identifier; not found means not processed yet.
            until: A condition or statuses; by default it is enough that the order can be found.
            timeout_s: How long to wait, in seconds.
            poll_s: Wait between two requests, in seconds.

        Raises:
            NotInTime: The time is over; an order that was not valid is never found.
        """
        started_at, slept_s = self._now(), 0.0
        while True:
            order = self._order_or_none(order_id)
            if order is not None and _fits(order, until):
                return order
            # Both count: a slow provider takes time too, and the clock of a test may stand still.
            waited_s = max(slept_s, (self._now() - started_at).total_seconds())
            if waited_s >= timeout_s:
                raise _not_in_time(order_id, order, waited_s)
            pause_s = min(poll_s, timeout_s - waited_s)
            self._sleep(pause_s)
            slept_s += pause_s

    def _order_or_none(self, order_id: str) -> Order | None:
        try:
            return self.order(order_id)
        except NotFound:
            return None

    def _do(self, call: Call, *, base_url: str | None = None) -> JsonNode:
        """Send a call and return the JSON of the response; each attempt is signed anew."""
        transport = replace(self._transport, base_url=base_url or self.base_url)
        return transport.read(call, self.retry, sign=self._signed)

    def _signed(self, call: Call) -> Call:
        headers = self._signer.headers(call.method, call.path, self._date_format(self._now()))
        signature = headers["x-oneflow-authorization"].rpartition(":")[2]
        return replace(call, headers=headers, hidden=(self._signer.secret, signature))


def _base_url(setting: str, url: str) -> str:
    return normalized_base_url(url, of=f"The OneFlow client's {setting}", below="/api", such_as=PRODUCTION_URL)


def _path(*segments: str) -> str:
    return path_of("api", *segments)


def _fits(order: Order, until: Callable[[Order], bool] | Collection[str]) -> bool:
    if callable(until):
        return until(order)
    return order.status in ({until} if isinstance(until, str) else until)


def _not_in_time(order_id: str, order: Order | None, waited_s: float) -> NotInTime:
    state = "the order is not found yet" if order is None else f"the order has the status {order.status!r}"
    return NotInTime("GET", _path("order", order_id), 404 if order is None else 200, state, waited_s=waited_s)
