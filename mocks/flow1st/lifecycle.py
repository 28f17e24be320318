"""The life of an order: accepted and paid at once, delivered on the workspace's clock, changed by the control API."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from flowproof.kernel import ProviderContext

from . import rules, webhooks
from .models import Order, SeedData, SeedSettings, Status
from .records import Account

__all__ = ["TASKS", "accept", "change", "deliver", "start"]

EARLY = frozenset({Status.CANCELLED, Status.ABANDONED})  # outcomes that come instead of PENDING


def accept(context: ProviderContext, environment: str, sent: Mapping[str, Any], api_key: str) -> Order:
    """
    Accept an order and debit its price; a repeated order is answered as before.

    Raises:
        BadRequest: The catalog has no such SKU.
        ReferenceTaken: Another order has the reference.
        InsufficientBalance: The balance does not cover the price.
    """
    account, seed = Account.existing(context, environment), SeedData(context.seed)
    earlier = account.order_of(sent["externalReference"])
    if earlier is not None:
        return rules.repeated_order(earlier, sent)
    bundle = rules.bundle_of(sent, seed)
    rules.debit(account.balance_minor(bundle.currency), bundle)
    reference = rules.new_reference(context.rng)
    order = Order(
        reference,
        environment,
        Status.NEW,
        sent,
        bundle.price_minor,
        bundle.currency,
        validated=account.validated(rules.validation_key(sent)),
        api_key=api_key,
    ).in_status(Status.NEW, context.now)
    account.move(-bundle.price_minor, bundle.currency, "order", reference)
    account.add(order)
    account.record_seen("completeOrder")
    context.schedule("begin", after_s=_settings(context).pending_s, value=_value(order))
    return order


def change(context: ProviderContext, order: Order, to: Status, *, amount_minor: int | None = None) -> Order:
    """
    Give an order its next status, refund what that status refunds, and notify the partner.

    Raises:
        Impossible: The status cannot follow.
    """
    account = Account.existing(context, order.environment)
    changed, back_minor = rules.transition(order, to, context.now, amount_minor=amount_minor)
    if back_minor:
        account.move(back_minor, order.currency, to.value.lower(), order.reference)
    account.replace(changed)
    webhooks.notify(context, account, changed)
    return changed


def begin(context: ProviderContext, value: Any) -> None:
    """Make a new order pending, cancelled or abandoned, as its recipient's outcome says."""
    order = _found(context, value, Status.NEW)
    if order is None:
        return
    to = _outcome(context, order)
    if to in EARLY:
        change(context, order, to)
        return
    start(context, order)


def start(context: ProviderContext, order: Order) -> Order:
    """
    Make an order pending and schedule its outcome.

    Raises:
        Impossible: It is no new one.
    """
    pending = change(context, order, Status.PENDING)
    context.schedule("finish", after_s=_settings(context).fulfil_s, value=_value(order))
    return pending


def finish(context: ProviderContext, value: Any) -> None:
    """Give a pending order its outcome."""
    order = _found(context, value, Status.PENDING)
    if order is not None:
        to = _outcome(context, order)
        deliver(context, order, Status.FAILED if to in EARLY else to)  # (somebody made it pending by hand)


def deliver(context: ProviderContext, order: Order, to: Status) -> Order:
    """Give an order an outcome; a successful voucher order gets its codes."""
    bundle = SeedData(context.seed).bundle(order.sent["productBundleSku"])
    if to is Status.SUCCESSFUL and bundle is not None and bundle.voucher:
        order = replace(order, voucher_codes=rules.vouchers(order, context.rng))
    return change(context, order, to)


TASKS: Mapping[str, Callable[[ProviderContext, Any], None]] = MappingProxyType({"begin": begin, "finish": finish})


def _outcome(context: ProviderContext, order: Order) -> Status:
    seed = SeedData(context.seed)
    return rules.outcome(seed.bundle(order.sent["productBundleSku"]), seed.recipient(order.sent["recipientIdentifier"]))


def _found(context: ProviderContext, value: Any, status: Status) -> Order | None:
    """The order of a task, unless its status has changed since the task was scheduled."""
    order = Account.existing(context, value["environment"]).order(value["reference"])
    return order if order is not None and order.status is status else None


def _value(order: Order) -> dict[str, str]:
    return {"environment": order.environment, "reference": order.reference}


def _settings(context: ProviderContext) -> SeedSettings:
    return SeedData(context.seed).settings
