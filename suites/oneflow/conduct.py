"""
What OneFlow obliges its clients to, as far as a journal shows it.

An order is known by who sent it and its `sourceOrderId`. The answer to a submission comes before anybody looks at it:
whether it became an order is seen where the client finds the order later.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flowproof.conduct import (
    Broken,
    Excuse,
    Journal,
    Kept,
    Obligation,
    Obligations,
    Observed,
    Sighting,
    Watcher,
    accepted,
    pause_s,
    waits_as_told,
)

__all__ = ["OBLIGATIONS"]

SUBMIT, VALIDATE, LIST, GET = "submitOrder", "validateOrder", "listOrders", "getOrder"
SUBMISSION_ERROR = "webhook:orderSubmissionError"
SIGNATURE = "oneflow.auth.signature"
UNIQUE = "oneflow.order.source_order_id_unique"

# The document asks for "a few seconds"; SDKs begin with less. Below half a second nobody has waited on purpose.
SHORTEST_PAUSE_S = 0.5

# An order is processed after its submission was answered; whoever looks at once cannot find it yet.
PROCESSED_AFTER_S = 5.0

# By the first word of a mistake's code, the requirement that it breaks in place of the signature as a whole.
BLAMED = (
    ("oneflow.auth.path", ("path", "base", "slash", "leading", "mount", "query", "full", "host")),
    ("oneflow.auth.date", ("timestamp",)),
    ("oneflow.auth.algorithm", ("digest",)),
)


# ---- Orders ----


@dataclass(frozen=True, slots=True)
class Order:
    """
    An order as a request has it.

    Args:
        token: Whose.
        number: Its `sourceOrderId`.
        value: The body.
        exchange: The request.
    """

    token: str
    number: str
    value: Any
    exchange: Observed

    def is_same(self, other: "Order") -> bool:
        """Whether both are called the same by the same account, as far as it says who it is."""
        return self.number == other.number and (self.token == other.token or not (self.token and other.token))


def orders(journal: Journal, *operations: str) -> Iterator[Order]:
    """The orders of requests that submit or validate one, as far as they have a number."""
    for exchange in journal.of(*operations):
        number = _at(exchange.json, "orderData", "sourceOrderId")
        if isinstance(number, str):
            yield Order(_token(exchange), number, exchange.json, exchange)


def became_orders(journal: Journal) -> Iterator[Order]:
    """Orders that the provider has judged and taken: validated, or found after they were submitted."""
    last_found = dict(_finds(journal))  # of an order that is found twice the last time
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


def _token(exchange: Observed) -> str:
    return (exchange.request.header("x-oneflow-authorization") or "").partition(":")[0]


def _listed(exchange: Observed) -> list[Any]:
    found = _at(exchange.response.json, "data")
    return found if isinstance(found, list) else []


def _at(value: Any, *names: str) -> Any:
    """What stands at a place of a JSON value, or None."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _each(value: Any, *names: str) -> list[Any]:
    """The objects of a list that stands at a place."""
    found = _at(value, *names)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


# ---- The same order twice ----


def order_has_its_own_number(journal: Journal) -> Iterator[Sighting]:
    """No number is used twice, and after a lost answer the client looks whether the order is there."""
    sent = [each for each in orders(journal, SUBMIT) if each.exchange.is_accepted and not each.exchange.findings]
    for first, again in _repeats(sent):
        if not _mends_an_error(first, journal) and not _ended_in_error(first, again.exchange, journal):
            yield _sent_again(first, again, journal)
    numbers = {(each.token, each.number) for each in sent}
    if len(numbers) == len(sent) > 1:
        yield Kept(f"each of {len(sent)} orders has a number of its own", tuple(each.exchange for each in sent))
    for order in sent:
        looked = _looks(order, journal.after(order.exchange)) if order.exchange.is_lost else ()
        if looked:
            what = f"looked for order {order.number}, whose answer was lost"
            yield Kept(what, (order.exchange, *(each.exchange for each in looked)))


def resubmitted_error_rests(journal: Journal) -> Iterator[Sighting]:
    """A submission error is sent once more, and then no more unless that failed too."""
    sent = [each for each in orders(journal, SUBMIT) if each.exchange.is_accepted]
    for first, mended in _repeats(sent):
        if not _ended_in_error(first, mended.exchange, journal):
            continue
        last = next((each for each in sent if each.is_same(mended) and _is_after(each, mended)), None)
        if last is None:
            yield Kept(f"the submission error {first.number} was sent again once", (first.exchange, mended.exchange))
        elif not _ended_in_error(mended, last.exchange, journal):
            what = f"the submission error {first.number} was sent again after it had been resubmitted without an error"
            yield Broken(what, (first.exchange, mended.exchange, last.exchange))


def _repeats(sent: list[Order]) -> Iterator[tuple[Order, Order]]:
    """Each order that is sent again, with the next time."""
    for place, first in enumerate(sent):
        again = next((each for each in sent[place + 1 :] if each.is_same(first)), None)
        if again is not None:
            yield first, again


def _is_after(order: Order, other: Order) -> bool:
    return order.exchange.number > other.exchange.number


def _ended_in_error(order: Order, until: Observed, journal: Journal) -> bool:
    """Whether the journal shows, before another exchange, that the submission did not become an order."""
    identifier = str(_at(order.exchange.response.json, "_id")).encode()
    told = journal.between(order.exchange, until).of(SUBMISSION_ERROR)
    return bool(order.exchange.findings) or any(identifier in each.request.body for each in told)


def _mends_an_error(order: Order, journal: Journal) -> bool:
    """Whether it is a submission error that is sent again: of those, another watcher speaks."""
    earlier = [each for each in orders(journal.before(order.exchange), SUBMIT) if each.is_same(order)]
    return any(each.exchange.is_accepted and _ended_in_error(each, order.exchange, journal) for each in earlier)


@dataclass(frozen=True, slots=True)
class Look:
    """A request that asks whether an order is there, and what it learnt."""

    exchange: Observed
    is_there: bool

    def is_late(self, order: Order) -> bool:
        """Whether the order would have been processed by then."""
        return (pause_s(order.exchange, self.exchange) or 0.0) >= PROCESSED_AFTER_S


def _sent_again(first: Order, again: Order, journal: Journal) -> Sighting:
    looked = _looks(first, journal.between(first.exchange, again.exchange))
    seen = (first.exchange, *(each.exchange for each in looked), again.exchange)
    found = any(each.is_there for each in looked)
    if not found and any(each.is_late(first) for each in looked):
        return Kept(f"order {first.number} was looked for and not there before it was submitted again", seen)
    why = "although it had been found" if found else "without waiting for it" if looked else "without looking for it"
    return Broken(f"order {first.number} was accepted and then submitted again, {why}", seen)


def _looks(order: Order, journal: Journal) -> tuple[Look, ...]:
    """The requests after which a client knows whether an order is there."""
    own = Journal(tuple(each for each in journal.requests() if _token(each) == order.token))
    return tuple(sorted((*_asked(order, own), *_read(order, own)), key=lambda each: each.exchange.number))


def _asked(order: Order, journal: Journal) -> Iterator[Look]:
    """By validating it again, or by the identifier of its answer."""
    for each in orders(journal, VALIDATE):
        if each.is_same(order) and (each.exchange.is_accepted or UNIQUE in each.exchange.cited):
            yield Look(each.exchange, is_there=UNIQUE in each.exchange.cited)
    identifier = _at(order.exchange.response.json, "_id")
    for exchange in journal.of(GET):
        if exchange.parameters.get("orderId") == identifier and exchange.status in (200, 404):
            yield Look(exchange, is_there=exchange.status == 200)


def _read(order: Order, journal: Journal) -> Iterator[Look]:
    """By reading the list: until the order is found, or to the last page."""
    for exchange in journal.of(LIST).accepted():
        if any(_at(each, "orderData", "sourceOrderId") == order.number for each in _listed(exchange)):
            yield Look(exchange, is_there=True)
        elif _page(exchange) >= _pages(exchange):
            yield Look(exchange, is_there=False)


# ---- Pages ----


def list_is_read_to_its_end(journal: Journal) -> Iterator[Sighting]:
    """Who reads a page that is not the last reads the next one too, unless the page had what was looked for."""
    for exchange in journal.of(LIST).accepted():
        page, pages = _page(exchange), _pages(exchange)
        if page >= pages or _has_lost_order(exchange, journal):
            continue
        following = next((each for each in journal.after(exchange).of(LIST) if _follows(each, exchange)), None)
        if following:
            yield Kept("the list was read on, page by page", (exchange, following))
        else:
            yield Broken(f"page {page} of {pages} was read, and page {page + 1} never", (exchange,))


def _has_lost_order(exchange: Observed, journal: Journal) -> bool:
    """Whether a page has an order whose submission got no answer: then it was what the client looked for."""
    lost = {each.number for each in orders(journal.before(exchange).lost(), SUBMIT)}
    return any(_at(each, "orderData", "sourceOrderId") in lost for each in _listed(exchange))


def _follows(later: Observed, page: Observed) -> bool:
    size = "pagesize"
    same = (_token(later), later.parameters.get(size)) == (_token(page), page.parameters.get(size))
    return same and _page(later) == _page(page) + 1


def _page(exchange: Observed) -> int:
    asked = exchange.parameters.get("page", "")
    return int(asked) if asked.isdecimal() else 1


def _pages(exchange: Observed) -> int:
    told = _at(exchange.response.json, "pages")
    return told if isinstance(told, int) else 1


# ---- Failures of the provider's ----


def submission_is_repeated(journal: Journal) -> Iterator[Sighting]:
    """An order whose submission got 5XX is submitted again, after a pause; whoever has done so once may give up."""
    sent = list(orders(journal, SUBMIT))
    failed = [each for each in sent if each.exchange.status >= 500]
    for order in failed:
        again = next((each for each in sent if each.is_same(order) and _is_after(each, order)), None)
        if again is not None:
            yield _after_a_pause(order, again)
        elif not any(each.is_same(order) and _is_after(order, each) for each in failed):
            what = f"order {order.number} got {order.exchange.status} and was never submitted again"
            yield Broken(what, (order.exchange,))


def _after_a_pause(order: Order, again: Order) -> Sighting:
    waited_s, seen = pause_s(order.exchange, again.exchange), (order.exchange, again.exchange)
    what = f"order {order.number} got {order.exchange.status} and was submitted again"
    if waited_s is None:  # the clock stands still
        return Kept(what, seen)
    return (Kept if waited_s >= SHORTEST_PAUSE_S else Broken)(f"{what} after {waited_s:g} s", seen)


# ---- Signatures ----


def blamed(*words: str) -> Watcher:
    """A watcher for refused signatures whose mistake is in a part that has a requirement of its own."""

    def watch(journal: Journal) -> Iterator[Sighting]:
        """Each refused signature with such a mistake."""
        for exchange in journal.citing(SIGNATURE):
            found = [each for each in exchange.mistakes if each.code.partition("_")[0] in words]
            if found:
                yield Broken(f"{exchange} was refused: {'; '.join(each.text for each in found)}", (exchange,))

    return watch


def mistake_has_its_own_requirement(exchange: Observed, _: Journal) -> bool:
    """Whether all that is wrong with a signature is said by requirements on its parts."""
    words = {word for _, known in BLAMED for word in known}
    return bool(exchange.mistakes) and all(each.code.partition("_")[0] in words for each in exchange.mistakes)


def token_is_one_of_the_account(journal: Journal) -> Iterator[Sighting]:
    """The token is one that was issued."""
    for exchange in journal.citing("oneflow.auth.token"):
        yield Broken(f"{exchange} was sent with a token that nobody was issued", (exchange,))


# ---- What was validated ----


def order_was_mended(exchange: Observed, journal: Journal) -> bool:
    """Whether an order that validation refused was changed, and is then fit."""
    if exchange.operation != VALIDATE:
        return False
    refused = next(orders(Journal((exchange,)), VALIDATE), None)
    return refused is not None and any(
        each.is_same(refused) and each.value != refused.value and each.exchange.is_accepted
        for each in orders(journal.after(exchange), VALIDATE, SUBMIT)
        if not each.exchange.findings
    )


def number_was_asked_for(exchange: Observed, _: Journal) -> bool:
    """Validation tells whether a number is free; to ask is no fault, to submit it all the same is another sighting."""
    return exchange.operation == VALIDATE


def taken(requirement: str, having: Callable[[Any], Iterable[Any]], what: str) -> Obligation:
    """An obligation on what an order says of the destination's set-up, seen in the orders that the provider took."""

    def watch(journal: Journal) -> Iterator[Sighting]:
        """Every order that became one and has it."""
        for order in became_orders(journal):
            if any(having(order.value)):
                yield Kept(f"order {order.number} was taken with {what}", (order.exchange,))

    return Obligation(f"oneflow.order.{requirement}", watch, occasion=f"the provider takes an order with {what}")


def items(order: Any) -> list[Any]:
    """An order's items."""
    return _each(order, "orderData", "items")


def components(order: Any) -> list[Any]:
    """The components of all its items."""
    return [each for item in items(order) for each in _each(item, "components")]


def shipments(order: Any) -> list[Any]:
    """Its shipments."""
    return _each(order, "orderData", "shipments")


def stock_items(order: Any) -> list[Any]:
    """Its stock items."""
    return _each(order, "orderData", "stockItems")


def having(name: str, objects: Iterable[Any]) -> list[Any]:
    """Those of some objects that have a member."""
    return [each for each in objects if each.get(name)]


TAKEN = (
    taken("destination_exists", lambda order: [_at(order, "destination", "name")], "a destination"),
    taken("sku_configured", lambda order: having("sku", items(order)), "a SKU"),
    taken("source_item_id_unique", lambda order: items(order)[1:], "several items"),
    taken("component_code_known", components, "components"),
    taken("component.file_source", components, "components"),
    taken("component.one_file_source", components, "components"),
    taken("attribute_configured", lambda order: having("attributes", components(order)), "attributes"),
    taken("stock_code_known", stock_items, "stock items"),
    taken(
        "shipment_index_points",
        lambda order: [each for each in (*items(order), *stock_items(order)) if "shipmentIndex" in each],
        "the index of a shipment in an item",
    ),
    taken(
        "shipment_index_unique",
        lambda order: [each for each in shipments(order) if "shipmentIndex" in each][1:],
        "several shipments that have an index",
    ),
    taken("shipment.ship_to", lambda order: having("shipTo", shipments(order)), "an address to ship to"),
    taken("shipment.return_address", lambda order: having("returnAddress", shipments(order)), "a return address"),
    taken("carrier_alias_known", lambda order: having("carrier", shipments(order)), "a carrier"),
    taken("title_exists", lambda order: having("sourceProductId", items(order)), "a Piazza item"),
    taken("piazza_without_components", lambda order: having("sourceProductId", items(order)), "a Piazza item"),
)

OBLIGATIONS = Obligations(
    watched=(
        Obligation(
            UNIQUE,
            order_has_its_own_number,
            occasion="several orders are submitted, or one whose answer is lost",
        ),
        Obligation(
            "oneflow.submission.error_resubmit_once",
            resubmitted_error_rests,
            occasion="an order that did not become one is submitted again",
        ),
        Obligation(
            "oneflow.submission.scaling",
            submission_is_repeated,
            occasion="a submission is answered 5XX, as the named fault plan oneflow.scaling_up does",
        ),
        Obligation(
            "oneflow.error.rate_limit",
            waits_as_told(429),
            occasion="a request is answered 429 with Retry-After, and is repeated on a clock that runs",
        ),
        Obligation(
            "oneflow.order.list_all_pages",
            list_is_read_to_its_end,
            occasion="the list of orders is read and has more than one page",
        ),
        Obligation("oneflow.auth.header", token_is_one_of_the_account, occasion="a request is accepted"),
        *(Obligation(requirement, blamed(*words), occasion="a request is accepted") for requirement, words in BLAMED),
        Obligation(
            "oneflow.shipping_update.ship_to",
            accepted("updateShipping", having=lambda exchange: True, what="an update had the new address"),
            occasion="a shipment is updated",
        ),
        *TAKEN,
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
    excuses=(
        Excuse(SIGNATURE, mistake_has_its_own_requirement, why="the mistake breaks a requirement on a part of it"),
        Excuse(UNIQUE, number_was_asked_for, why="validation tells whether a number is free"),
        Excuse("oneflow.order.*", order_was_mended, why="validation told, and the order was mended"),
    ),
    unseen={
        "oneflow.transport.tls": "The mock listens on loopback without TLS.",
        "oneflow.auth.window": "Only a refusal shows it: whether a window is set is the workspace's setting.",
        "oneflow.order.phone_required_by_carrier": "Only a refusal shows it: which carriers demand a phone is the "
        "account's set-up.",
        "oneflow.postback.repeated": "A journal shows what the receiver answered, not what it did.",
    },
)
