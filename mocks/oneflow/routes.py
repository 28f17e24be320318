"""The operations of the contract: parse the request, apply the rules, store and render the result."""

from typing import Any

from flask import Blueprint

from flowproof.conformance import Finding
from flowproof.kernel import ctx, hex_id
from flowproof.kernel.time.clock import instant_to_text

from . import hints, lifecycle, rules, shipments, webhooks
from .errors import Forbidden, NotFound, OrderInvalid, ShippingInvalid
from .models import Account, Event, SeedData, Submission
from .order_record import with_source_ids
from .records import Orders

__all__ = ["routes"]

routes = Blueprint("oneflow", __name__)

DEFAULT_PAGE = 1
DEFAULT_PAGESIZE = 10


@routes.post("/api/order/validate")
def validate_order() -> Any:
    """Validate an order. Nothing is stored."""
    order = with_source_ids(ctx.json, hex_id(ctx.rng), ctx.context.parsed_seed(SeedData).settings)
    findings = lifecycle.findings_of(order, _account().id, ctx.context)
    if findings:
        raise OrderInvalid(findings, note=hints.about_minimum_order(findings))
    return ctx.json


@routes.post("/api/order")
def submit_order() -> tuple[Any, int]:
    """Accept a submission and answer at once, whether or not the order is valid."""
    account = _account()
    at, exchange = instant_to_text(ctx.now), ctx.context.exchange
    submission = Submission(hex_id(ctx.rng), account.name, account.id, at, ctx.json, exchange)
    lifecycle.submit(submission, ctx.context)
    return submission.receipt(), 201


@routes.get("/api/order")
def list_orders() -> Any:
    """A page of the account's orders, newest first."""
    page, pagesize = _number("page", DEFAULT_PAGE), _number("pagesize", DEFAULT_PAGESIZE)
    orders, account_id = Orders(ctx.state), _account().id
    count = orders.count(account_id)
    return {
        "success": True,
        "count": count,
        "page": page,
        "pages": -(-count // pagesize),
        "data": list(orders.page(account_id, page=page, pagesize=pagesize)),
    }


@routes.get("/api/order/<order_id>")
def get_order(order_id: str) -> Any:
    orders = Orders(ctx.state)
    owner = orders.owner(order_id)
    if owner is None:
        got, note = hints.about_order_id(order_id, ctx.context)
        raise _no_order("orderId", "the id of an order", got or repr(order_id), note)
    if owner != _account().id:
        raise Forbidden([_path_finding("orderId", "an order of this account", order_id, "oneflow.auth.forbidden")])
    return orders.get(owner, order_id)


@routes.put("/api/order/<source_account_name>/<source_order_id>/cancel")
def cancel_order(source_account_name: str, source_order_id: str) -> Any:
    """Cancel an order by its ``sourceOrderId``. A body is ignored."""
    account = ctx.context.parsed_seed(SeedData).account_named(source_account_name)
    if account is None:
        missing = "oneflow.order.not_found"
        raise NotFound([_path_finding("sourceAccountName", "the name of an account", source_account_name, missing)])
    if account != _account():
        forbidden = "oneflow.auth.forbidden"
        raise Forbidden([_path_finding("sourceAccountName", "this account's own name", source_account_name, forbidden)])
    cancelled = rules.cancel(_by_source(account, source_order_id), at=instant_to_text(ctx.now))
    Orders(ctx.state).replace(cancelled)
    webhooks.notify_order(Event.ORDER_CANCELLED, cancelled, ctx.context)
    return cancelled


@routes.put("/api/shipment/<source_order_id>/<shipment_index>/shipping")
def update_shipping(source_order_id: str, shipment_index: str) -> Any:
    order, seed = _by_source(_account(), source_order_id), ctx.context.parsed_seed(SeedData)
    destination = seed.destination(order["destination"]["name"])
    found = shipments.find_open(order, int(shipment_index))
    findings = ctx.context.filtered(shipments.validate(found, ctx.json, destination))
    if findings:
        raise ShippingInvalid(findings)
    changed, shipment = shipments.amend(order, found, ctx.json, destination)
    Orders(ctx.state).replace(changed)
    return shipment


def _account() -> Account:
    account: Account = ctx.principal.account
    return account


def _by_source(account: Account, source_order_id: str) -> Any:
    order = Orders(ctx.state).by_source_order_id(account.id, source_order_id)
    if order is None:
        got, note = hints.about_source_order_id(source_order_id, account.id, ctx.context)
        raise _no_order("sourceOrderId", "an order of this account", got or repr(source_order_id), note)
    return order


def _no_order(name: str, expected: str, got: str, note: str) -> NotFound:
    return NotFound([Finding("request.path", f"/{name}", expected, got, "oneflow.order.not_found")], note=note)


def _number(name: str, default: int) -> int:
    """A whole number of the query, valid by the contract."""
    return int(ctx.query.get(name, default))


def _path_finding(name: str, expected: str, got: str, requirement: str) -> Finding:
    return Finding("request.path", f"/{name}", expected, repr(got), requirement)
