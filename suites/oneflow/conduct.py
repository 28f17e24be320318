"""
What OneFlow obliges its clients to, as far as a journal shows it.

An order is identified by its sender and its `sourceOrderId`. A submission is answered before it is validated: the
journal shows that it became an order where the client finds the order later.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flowproof.conduct import (
    Exemption,
    Fulfilled,
    Journal,
    JournalExchange,
    Obligation,
    Obligations,
    Observation,
    Violated,
    accepted_requests,
    every_mistake_is_named,
    pause_s,
    respects_retry_after,
    signing_mistake,
)

__all__ = ["OBLIGATIONS"]

SUBMIT, VALIDATE, LIST, GET = "submitOrder", "validateOrder", "listOrders", "getOrder"
SUBMISSION_ERROR = "webhook:orderSubmissionError"
SIGNATURE = "oneflow.auth.signature"
UNIQUE = "oneflow.order.source_order_id_unique"

# The document asks for "a few seconds"; SDKs begin with less. A shorter pause than this was not intended.
SHORTEST_PAUSE_S = 0.5

# An order is processed after its submission was answered, so it cannot be found earlier than this.
PROCESSED_AFTER_S = 5.0

# A signing mistake whose code begins with one of these words violates a requirement of its own instead of that on the
# signature as a whole.
MISTAKES = (
    ("oneflow.auth.path", ("path", "base", "slash", "leading", "mount", "query", "full", "host")),
    ("oneflow.auth.date", ("timestamp",)),
    ("oneflow.auth.algorithm", ("digest",)),
)


# ---- Orders ----


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """
    A request that validates or submits an order.

    Args:
        token: The sender's.
        number: The `sourceOrderId`.
        value: The body.
        exchange: The request with its response.
    """

    token: str
    number: str
    value: Any
    exchange: JournalExchange

    def is_same(self, other: "OrderRequest") -> bool:
        """Whether both have the same number and sender; a request without a token may be anybody's."""
        return self.number == other.number and (self.token == other.token or not (self.token and other.token))


def orders(journal: Journal, *operations: str) -> Iterator[OrderRequest]:
    """The orders of these operations that have a number."""
    for exchange in journal.of(*operations):
        number = _at(exchange.json, "orderData", "sourceOrderId")
        if isinstance(number, str):
            yield OrderRequest(_token(exchange), number, exchange.json, exchange)


def valid_orders(journal: Journal) -> Iterator[OrderRequest]:
    """The orders that the provider has accepted as valid: validated, or found after they were submitted."""
    last_found = dict(_finds(journal))  # the last exchange that found each order
    for order in orders(journal, VALIDATE, SUBMIT):
        identifier = str(_at(order.exchange.response.json, "_id"))
        was_found = last_found.get(identifier, 0) > order.exchange.number
        if order.exchange.is_accepted and (order.exchange.operation == VALIDATE or was_found):
            yield order


def _finds(journal: Journal) -> Iterator[tuple[str, int]]:
    """The identifier of each order that a request found, with the number of the exchange."""
    for exchange in journal.of(GET, LIST).accepted():
        found = _listed(exchange) if exchange.operation == LIST else [exchange.response.json]
        yield from ((str(_at(each, "_id")), exchange.number) for each in found)


def _token(exchange: JournalExchange) -> str:
    return (exchange.request.header("x-oneflow-authorization") or "").partition(":")[0]


def _listed(exchange: JournalExchange) -> list[Any]:
    found = _at(exchange.response.json, "data")
    return found if isinstance(found, list) else []


def _at(value: Any, *names: str) -> Any:
    """The value below these names in nested JSON objects, or None."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _each(value: Any, *names: str) -> list[Any]:
    """The objects in the list below these names."""
    found = _at(value, *names)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


# ---- The same order twice ----


def order_has_its_own_number(journal: Journal) -> Iterator[Observation]:
    """No number is used twice, and after a lost response the client looks for the order."""
    sent = [each for each in orders(journal, SUBMIT) if each.exchange.is_accepted and not each.exchange.findings]
    for first, again in _repeats(sent):
        if not _corrects_an_error(first, journal) and not _ended_in_error(first, again.exchange, journal):
            yield _sent_again(first, again, journal)
    numbers = {(each.token, each.number) for each in sent}
    if len(numbers) == len(sent) > 1:
        yield Fulfilled(f"each of {len(sent)} orders has a number of its own", tuple(each.exchange for each in sent))
    for order in sent:
        looked = _looks(order, journal.after(order.exchange)) if order.exchange.is_lost else ()
        if looked:
            what = f"looked for order {order.number}, whose answer was lost"
            yield Fulfilled(what, (order.exchange, *(each.exchange for each in looked)))


def error_is_resubmitted_once(journal: Journal) -> Iterator[Observation]:
    """A submission error is sent once more, and then not again unless that failed too."""
    sent = [each for each in orders(journal, SUBMIT) if each.exchange.is_accepted]
    for first, second in _repeats(sent):
        if not _ended_in_error(first, second.exchange, journal):
            continue
        last = next((each for each in sent if each.is_same(second) and _is_after(each, second)), None)
        if last is None:
            yield Fulfilled(
                f"the submission error {first.number} was sent again once", (first.exchange, second.exchange)
            )
        elif not _ended_in_error(second, last.exchange, journal):
            what = f"the submission error {first.number} was sent again after it had been resubmitted without an error"
            yield Violated(what, (first.exchange, second.exchange, last.exchange))


def _repeats(sent: list[OrderRequest]) -> Iterator[tuple[OrderRequest, OrderRequest]]:
    """Each order that is sent again, with its next submission."""
    for place, first in enumerate(sent):
        again = next((each for each in sent[place + 1 :] if each.is_same(first)), None)
        if again is not None:
            yield first, again


def _is_after(order: OrderRequest, other: OrderRequest) -> bool:
    return order.exchange.number > other.exchange.number


def _ended_in_error(order: OrderRequest, until: JournalExchange, journal: Journal) -> bool:
    """Whether the journal shows, before another exchange, that the submission ended in an error."""
    identifier = str(_at(order.exchange.response.json, "_id")).encode()
    errors = journal.between(order.exchange, until).of(SUBMISSION_ERROR)
    return bool(order.exchange.findings) or any(identifier in each.request.body for each in errors)


def _corrects_an_error(order: OrderRequest, journal: Journal) -> bool:
    """Whether the order repeats a submission error, which `error_is_resubmitted_once` checks."""
    earlier = [each for each in orders(journal.before(order.exchange), SUBMIT) if each.is_same(order)]
    return any(each.exchange.is_accepted and _ended_in_error(each, order.exchange, journal) for each in earlier)


@dataclass(frozen=True, slots=True)
class Look:
    """A request by which a client looks for an order, and whether it found the order."""

    exchange: JournalExchange
    is_there: bool

    def is_late(self, order: OrderRequest) -> bool:
        """Whether the order would have been processed by then."""
        return (pause_s(order.exchange, self.exchange) or 0.0) >= PROCESSED_AFTER_S


def _sent_again(first: OrderRequest, again: OrderRequest, journal: Journal) -> Observation:
    looked = _looks(first, journal.between(first.exchange, again.exchange))
    seen = (first.exchange, *(each.exchange for each in looked), again.exchange)
    found = any(each.is_there for each in looked)
    if not found and any(each.is_late(first) for each in looked):
        return Fulfilled(f"order {first.number} was looked for and not there before it was submitted again", seen)
    why = "although it had been found" if found else "without waiting for it" if looked else "without looking for it"
    return Violated(f"order {first.number} was accepted and then submitted again, {why}", seen)


def _looks(order: OrderRequest, journal: Journal) -> tuple[Look, ...]:
    """The requests after which a client knows whether the provider has an order."""
    own = Journal(tuple(each for each in journal.requests() if _token(each) == order.token))
    looks = (*_single_looks(order, own), *_list_looks(order, own))
    return tuple(sorted(looks, key=lambda each: each.exchange.number))


def _single_looks(order: OrderRequest, journal: Journal) -> Iterator[Look]:
    """The looks by validating the order again, or by its identifier."""
    for each in orders(journal, VALIDATE):
        if each.is_same(order) and (each.exchange.is_accepted or UNIQUE in each.exchange.cited):
            yield Look(each.exchange, is_there=UNIQUE in each.exchange.cited)
    identifier = _at(order.exchange.response.json, "_id")
    for exchange in journal.of(GET):
        if exchange.parameters.get("orderId") == identifier and exchange.status in (200, 404):
            yield Look(exchange, is_there=exchange.status == 200)


def _list_looks(order: OrderRequest, journal: Journal) -> Iterator[Look]:
    """The looks by reading the list, until the order is found or to the last page."""
    for exchange in journal.of(LIST).accepted():
        if any(_at(each, "orderData", "sourceOrderId") == order.number for each in _listed(exchange)):
            yield Look(exchange, is_there=True)
        elif _page(exchange) >= _pages(exchange):
            yield Look(exchange, is_there=False)


# ---- Pages ----


def list_is_read_to_its_end(journal: Journal) -> Iterator[Observation]:
    """A client that reads a page reads the next one too, unless the page had the order that it looked for."""
    for exchange in journal.of(LIST).accepted():
        page, pages = _page(exchange), _pages(exchange)
        if page >= pages or _has_lost_order(exchange, journal):
            continue
        following = next((each for each in journal.after(exchange).of(LIST) if _follows(each, exchange)), None)
        if following:
            yield Fulfilled("the list was read on, page by page", (exchange, following))
        else:
            yield Violated(f"page {page} of {pages} was read, and page {page + 1} never", (exchange,))


def _has_lost_order(exchange: JournalExchange, journal: Journal) -> bool:
    """Whether a page has an order whose submission got no response, so that the client may have looked for it."""
    lost = {each.number for each in orders(journal.before(exchange).lost(), SUBMIT)}
    return any(_at(each, "orderData", "sourceOrderId") in lost for each in _listed(exchange))


def _follows(later: JournalExchange, page: JournalExchange) -> bool:
    size = "pagesize"
    same = (_token(later), later.parameters.get(size)) == (_token(page), page.parameters.get(size))
    return same and _page(later) == _page(page) + 1


def _page(exchange: JournalExchange) -> int:
    page = exchange.parameters.get("page", "")
    return int(page) if page.isdecimal() else 1


def _pages(exchange: JournalExchange) -> int:
    pages = _at(exchange.response.json, "pages")
    return pages if isinstance(pages, int) else 1


# ---- Failures of the provider ----


def submission_is_repeated(journal: Journal) -> Iterator[Observation]:
    """An order whose submission got 5XX is submitted again after a pause; after that the client may give up."""
    sent = list(orders(journal, SUBMIT))
    failed = [each for each in sent if each.exchange.status >= 500]
    for order in failed:
        again = next((each for each in sent if each.is_same(order) and _is_after(each, order)), None)
        if again is not None:
            yield _after_a_pause(order, again)
        elif not any(each.is_same(order) and _is_after(order, each) for each in failed):
            what = f"order {order.number} got {order.exchange.status} and was never submitted again"
            yield Violated(what, (order.exchange,))


def _after_a_pause(order: OrderRequest, again: OrderRequest) -> Observation:
    waited_s, seen = pause_s(order.exchange, again.exchange), (order.exchange, again.exchange)
    what = f"order {order.number} got {order.exchange.status} and was submitted again"
    if waited_s is None:  # the clock stands still
        return Fulfilled(what, seen)
    return (Fulfilled if waited_s >= SHORTEST_PAUSE_S else Violated)(f"{what} after {waited_s:g} s", seen)


# ---- Signatures ----


def begins_with(words: tuple[str, ...]) -> Callable[[str], bool]:
    """Select mistakes by the first word of their code."""
    return lambda code: code.partition("_")[0] in words


def token_is_one_of_the_account(journal: Journal) -> Iterator[Observation]:
    """The token was issued by the provider."""
    for exchange in journal.citing("oneflow.auth.token"):
        yield Violated(f"{exchange} was sent with a token that nobody was issued", (exchange,))


# ---- Validation ----


def order_was_corrected(exchange: JournalExchange, journal: Journal) -> bool:
    """Whether an order that validation refused was changed and then accepted."""
    if exchange.operation != VALIDATE:
        return False
    refused = next(orders(Journal((exchange,)), VALIDATE), None)
    return refused is not None and any(
        each.is_same(refused) and each.value != refused.value and each.exchange.is_accepted
        for each in orders(journal.after(exchange), VALIDATE, SUBMIT)
        if not each.exchange.findings
    )


def number_was_validated(exchange: JournalExchange, _: Journal) -> bool:
    """Whether a used number was only validated: validation tells whether a number is free."""
    return exchange.operation == VALIDATE


def configured(requirement: str, having: Callable[[Any], Iterable[Any]], what: str) -> Obligation:
    """An obligation on an order's reference to the destination's configuration, fulfilled by valid orders."""

    def check(journal: Journal) -> Iterator[Observation]:
        """Yield one observation for each valid order that has such a reference."""
        for order in valid_orders(journal):
            if any(having(order.value)):
                yield Fulfilled(f"order {order.number} was taken with {what}", (order.exchange,))

    return Obligation(f"oneflow.order.{requirement}", check, occasion=f"the provider takes an order with {what}")


def items(order: Any) -> list[Any]:
    return _each(order, "orderData", "items")


def components(order: Any) -> list[Any]:
    """The components of all items."""
    return [each for item in items(order) for each in _each(item, "components")]


def shipments(order: Any) -> list[Any]:
    return _each(order, "orderData", "shipments")


def stock_items(order: Any) -> list[Any]:
    return _each(order, "orderData", "stockItems")


def having(name: str, objects: Iterable[Any]) -> list[Any]:
    """The objects that have a member of that name."""
    return [each for each in objects if each.get(name)]


CONFIGURED = (
    configured("destination_exists", lambda order: [_at(order, "destination", "name")], "a destination"),
    configured("sku_configured", lambda order: having("sku", items(order)), "a SKU"),
    configured("source_item_id_unique", lambda order: items(order)[1:], "several items"),
    configured("component_code_known", components, "components"),
    configured("component.file_source", components, "components"),
    configured("component.one_file_source", components, "components"),
    configured("attribute_configured", lambda order: having("attributes", components(order)), "attributes"),
    configured("stock_code_known", stock_items, "stock items"),
    configured(
        "shipment_index_points",
        lambda order: [each for each in (*items(order), *stock_items(order)) if "shipmentIndex" in each],
        "the index of a shipment in an item",
    ),
    configured(
        "shipment_index_unique",
        lambda order: [each for each in shipments(order) if "shipmentIndex" in each][1:],
        "several shipments that have an index",
    ),
    configured("shipment.ship_to", lambda order: having("shipTo", shipments(order)), "an address to ship to"),
    configured("shipment.return_address", lambda order: having("returnAddress", shipments(order)), "a return address"),
    configured("carrier_alias_known", lambda order: having("carrier", shipments(order)), "a carrier"),
    configured("title_exists", lambda order: having("sourceProductId", items(order)), "a Piazza item"),
    configured("piazza_without_components", lambda order: having("sourceProductId", items(order)), "a Piazza item"),
)

OBLIGATIONS = Obligations(
    checked=(
        Obligation(
            UNIQUE,
            order_has_its_own_number,
            occasion="several orders are submitted, or one whose answer is lost",
        ),
        Obligation(
            "oneflow.submission.error_resubmit_once",
            error_is_resubmitted_once,
            occasion="an order that did not become one is submitted again",
        ),
        Obligation(
            "oneflow.submission.scaling",
            submission_is_repeated,
            occasion="a submission is answered 5XX, as the named fault plan oneflow.scaling_up does",
        ),
        Obligation(
            "oneflow.error.rate_limit",
            respects_retry_after(429),
            occasion="a request is answered 429 with Retry-After, and is repeated on a clock that runs",
        ),
        Obligation(
            "oneflow.order.list_all_pages",
            list_is_read_to_its_end,
            occasion="the list of orders is read and has more than one page",
        ),
        Obligation("oneflow.auth.header", token_is_one_of_the_account, occasion="a request is accepted"),
        *(
            Obligation(requirement, signing_mistake(SIGNATURE, begins_with(words)), occasion="a request is accepted")
            for requirement, words in MISTAKES
        ),
        Obligation(
            "oneflow.shipping_update.ship_to",
            accepted_requests("updateShipping", having=lambda exchange: True, what="an update had the new address"),
            occasion="a shipment is updated",
        ),
        *CONFIGURED,
    ),
    enforced=(
        "oneflow.auth.header",
        "oneflow.auth.date",
        SIGNATURE,
        "oneflow.auth.algorithm",
        "oneflow.auth.path",
        "oneflow.request.json",
        "oneflow.request.content_type",
        "oneflow.request.size",
        "oneflow.request.route",
        "oneflow.request.method",
    ),
    exemptions=(
        Exemption(
            SIGNATURE,
            every_mistake_is_named(begins_with(words) for _, words in MISTAKES),
            why="the mistake violates a requirement on a part of it",
        ),
        Exemption(UNIQUE, number_was_validated, why="validation tells whether a number is free"),
        Exemption("oneflow.order.*", order_was_corrected, why="the order was corrected after validation"),
    ),
    unobservable={
        "oneflow.transport.tls": "The mock listens on loopback without TLS.",
        "oneflow.auth.window": "Only a refusal shows it: whether a window is set is the workspace's setting.",
        "oneflow.order.phone_required_by_carrier": "Only a refusal shows it: which carriers demand a phone is the "
        "account's set-up.",
        "oneflow.postback.repeated": "A journal shows what the receiver answered, not what it did.",
    },
)
