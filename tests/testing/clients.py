"""
Customers of OneFlow and partners of Flow1st: reference scenarios, and clients that are correct in fair weather alone.

Each faulty client makes one mistake, which its docstring names.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from flowproof.clients import NO_RETRY, ClientError, RateLimited, ServerFailed, UnexpectedAnswer, Unreachable
from flowproof.clients.flow1st import Flow1st
from flowproof.clients.oneflow import OneFlow
from flowproof.inbox import Inbox
from flowproof.suites.oneflow.strategies import minimum_order
from flowproof.target import Workspace

__all__ = [
    "FAULTY",
    "AuthorizedPartner",
    "BlocksForEver",
    "Bookkeeper",
    "Reader",
    "RetriesBlindly",
    "Shop",
    "TimesOut",
]

NUMBER = "A7"
PROCESSED_S = 10.0
PAGE = 2
ATTEMPTS = 5
SOME_TIME_S = 300.0
LOST = (Unreachable, UnexpectedAnswer)
SKU, EMAIL, RECIPIENT = "codm30cp", "player@partner.example", "player-1"


class Shop:
    """Places one order, once, whatever happens to the answer."""

    provider = "oneflow"
    gives_up: tuple[type[BaseException], ...] = ()

    def __init__(self, workspace: Workspace, client: OneFlow, inbox: Inbox) -> None:
        self.workspace, self.client, self.inbox = workspace, client, inbox
        self.placed: set[str] = set()

    def run(self) -> None:
        """Drive the client, and assert what its user wants."""
        self.place()
        self.workspace.clock.advance(PROCESSED_S)
        self.client.retry = NO_RETRY
        self.workspace.faults.clear()
        assert self.placed == self.numbers()

    def place(self, number: str = NUMBER) -> None:
        while number not in self.placed:
            try:
                self.submit(number)
            except LOST:
                self.workspace.clock.advance(PROCESSED_S)
                self.placed |= self.numbers()

    def submit(self, number: str = NUMBER) -> None:
        self.client.submit(minimum_order(number))
        self.placed.add(number)

    def numbers(self) -> set[str]:
        """The numbers of all orders that the provider has, however often an answer is lost."""
        for _ in range(ATTEMPTS):
            with suppress(*LOST):
                return {str(order.source_order_id) for order in self.client.all_orders(pagesize=PAGE)}
        raise AssertionError("the list could not be read")


class GivesUpOn503(Shop):
    """Gives up where the provider scales up."""

    def place(self, number: str = NUMBER) -> None:
        self.client.retry = NO_RETRY
        try:
            super().place(number)
        except ServerFailed:
            self.placed.clear()


class RetriesBlindly(Shop):
    """Submits again after a lost answer, without a look for the order."""

    def place(self, number: str = NUMBER) -> None:
        try:
            self.submit(number)
        except LOST:
            self.submit(number)


class IgnoresRetryAfter(Shop):
    """Repeats at once what was refused with 429."""

    def submit(self, number: str = NUMBER) -> None:
        self.client.retry = NO_RETRY
        for _ in range(10):
            try:
                return super().submit(number)
            except RateLimited:
                continue
            except ServerFailed:
                self.workspace.clock.advance(5)
        return None


class CommitsTooEarly(Shop):
    """Writes the order into its books before the answer is read."""

    def place(self, number: str = NUMBER) -> None:
        self.placed.add(number)
        self.client.retry = NO_RETRY
        try:
            self.submit(number)
        except ClientError:
            return


class BlocksForEver(Shop):
    """Waits for an answer without any time limit."""

    def submit(self, number: str = NUMBER) -> None:
        self.client.timeout_s = None  # type: ignore[assignment]  # (which is the mistake)
        super().submit(number)


class TimesOut(Shop):
    """Waits for an answer for a moment, and then takes it for lost."""

    def submit(self, number: str = NUMBER) -> None:
        self.client.timeout_s = 0.3
        super().submit(number)


class Reader(Shop):
    """Reads a list of several pages, and needs all of it."""

    def run(self) -> None:
        for number in "123":
            self.place(number)
        self.workspace.clock.advance(PROCESSED_S)
        assert self.numbers() == {"1", "2", "3"}


class LosesThePage(Reader):
    """Begins anew at page 1 after an error, and takes what it has for the whole list."""

    def numbers(self) -> set[str]:
        self.client.retry = NO_RETRY
        found: set[str] = set()
        page = 1
        for _ in range(2):
            try:
                orders = self.client.orders(page, PAGE).orders
            except ClientError:
                page = 1
                continue
            found |= {str(order.source_order_id) for order in orders}
            page += 1
        return found


class Bookkeeper(Shop):
    """Keeps books by webhooks, each event once, and looks up the order for its status."""

    def run(self) -> None:
        seed = self.workspace.seed("oneflow")
        events = ("orderReceived", "orderPrintReady")
        self.workspace.replace_seed("oneflow", {**seed, "triggers": [self._trigger(event) for event in events]})
        self.place()
        for _ in range(4):
            self.workspace.clock.advance(SOME_TIME_S)
            self.workspace.webhooks.wait_until_idle()
        self.workspace.faults.clear()
        books, status = self.books()
        assert len(books) == 1, f"{len(books)} orders are in the books"
        assert status == self.status(), f"the books say {status}"

    def books(self) -> tuple[list[str], str]:
        """The orders by the webhooks, and the status of the last one."""
        numbers = {str(event.get("sourceOrderId", NUMBER)) for event in self.events()}
        return sorted(numbers | {NUMBER}), self.status()

    def events(self) -> list[Mapping[str, Any]]:
        return [each.json for each in self.inbox.received if isinstance(each.json, Mapping)]

    def status(self) -> str:
        return next(str(order.status) for order in self.client.all_orders(pagesize=PAGE))

    def _trigger(self, event: str) -> Mapping[str, Any]:
        usual = {"method": "POST", "contentType": "application/json", "template": None, "authorization": None}
        return {"event": event, "url": self.inbox.url, **usual}


class TrustsALateWebhook(Bookkeeper):
    """Takes the status of the webhook that came last for the newest."""

    def books(self) -> tuple[list[str], str]:
        status = [str(event["status"]) for event in self.events() if "status" in event]
        return [NUMBER], status[-1] if status else self.status()


class TakesADuplicateForAnOrder(Bookkeeper):
    """Enters an order for each webhook of a received one."""

    def books(self) -> tuple[list[str], str]:
        received = [str(event["sourceOrderId"]) for event in self.events() if event.get("status") == "received"]
        return received or [NUMBER], self.status()


class AuthorizedPartner:
    """Sells one bundle of Flow1st, and sends the same order again where its outcome is unknown."""

    provider = "flow1st"
    gives_up: tuple[type[BaseException], ...] = ()

    def __init__(self, workspace: Workspace, client: Flow1st, inbox: Inbox) -> None:
        self.workspace, self.client = workspace, client

    def run(self) -> None:
        for _ in range(6):
            try:
                self.sell()
            except (*LOST, ServerFailed):
                self.workspace.clock.advance(5)
            else:
                return
        raise AssertionError("the order could not be placed")

    def sell(self) -> None:
        self.client.complete_order(NUMBER, sku=SKU, recipient=RECIPIENT, email=EMAIL)


class RefreshesForEver(AuthorizedPartner):
    """Takes every failure for an expired token, and refreshes until a flag is reset that nobody resets."""

    def run(self) -> None:
        is_stale = False
        self.client.retry = NO_RETRY
        try:
            self.sell()
        except (*LOST, ServerFailed):
            is_stale = True
        while is_stale:
            self.client.authenticate()


FAULTY = {
    GivesUpOn503: "oneflow.submission.scaling",
    RetriesBlindly: "oneflow.order.source_order_id_unique",
    IgnoresRetryAfter: "oneflow.error.rate_limit",
    CommitsTooEarly: "lost",
    LosesThePage: "scenario",
    TrustsALateWebhook: "scenario",
    TakesADuplicateForAnOrder: "scenario",
    RefreshesForEver: "hang",
}
"""What each is found by."""
