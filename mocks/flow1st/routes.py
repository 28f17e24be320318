"""The operations of the contract: parse the request, apply the rules, store and render the result."""

from collections import Counter
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import orjson
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from flowproof.conformance import Finding
from flowproof.kernel import ctx

from . import lifecycle, rules, tokens
from .errors import BadRequest, NotFound
from .models import SeedData
from .records import Account

__all__ = ["routes"]

routes = Blueprint("flow1st", __name__)

HIDDEN = frozenset({"price_minor", "voucher", "countries"})  # what the seed data knows and the catalog does not show


@routes.post("/api/distributors/auth/token")
def generate_access_token() -> Any:
    environment = ctx.principal.environment
    Account.existing(ctx.context, environment).record_seen("generateAccessToken")
    return tokens.issue(ctx.context, environment, ctx.principal.credential.key)


@routes.post("/api/distributors/auth/refresh")
def refresh_access_token() -> Any:
    return tokens.refresh(ctx.context, ctx.json["refreshToken"])


@routes.get("/api/distributors/products")
def list_products() -> ResponseReturnValue:
    """The whole catalog, with exact decimal prices."""
    _account().record_seen("listProducts")
    products = [
        {**product, "bundles": [_shown(bundle) for bundle in product["bundles"]]} for product in ctx.seed["products"]
    ]
    return Response(orjson.dumps({"products": products}), mimetype="application/json")


@routes.get("/api/orders/distributors/user-validation")
def validate_user() -> Any:
    """Whether a recipient can get a bundle. Nothing is debited or ordered."""
    query, seed = _query_parameters(), SeedData(ctx.seed)
    bundle = rules.check_validation(query, seed)
    recipient = seed.recipient(query["recipientIdentifier"])
    if not rules.knows(bundle, recipient):
        got, requirement = repr(query["recipientIdentifier"][:100]), "flow1st.user_validation.unknown_recipient"
        raise NotFound(
            [Finding("request.query", "/recipientIdentifier", "a user of the product", got, requirement, "message")]
        )
    account = _account()
    account.record_seen("validateUser")
    account.record_validation(rules.validation_key(query))
    known = dict(recipient.customer) if recipient is not None else {}
    names = ("recipientIdentifier", "productBundleSku", "externalReference")
    return {**{name: query[name] for name in names}, "customerInfo": known}


@routes.post("/api/orders/distributors/order-complete")
def complete_order() -> tuple[Any, int]:
    api_key = str(ctx.principal.credential.public["api_key"])
    order = lifecycle.accept(ctx.context, _account().environment.name, ctx.json, api_key)
    return order.answer(), 201


def _account() -> Account:
    account = Account.existing(ctx.context, ctx.principal.environment)
    account.record_seen("accessToken")
    return account


def _query_parameters() -> dict[str, str]:
    """The parameters of the query, which the contract has checked one by one."""
    pairs = parse_qsl(ctx.request.wire.query, keep_blank_values=True)
    twice = sorted(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    if twice:
        requirement = "flow1st.user_validation.once"
        raise BadRequest([Finding("request.query", f"/{each}", "one value", "several", requirement) for each in twice])
    return dict(pairs)


def _shown(bundle: Any) -> dict[str, Any]:
    price = SeedData(ctx.seed).decimal(bundle["price_minor"], bundle["currencyCode"])
    shown = {name: value for name, value in bundle.items() if name not in HIDDEN}
    return {**shown, "price": orjson.Fragment(_number(price))}


def _number(amount: Decimal) -> str:
    """A JSON number without trailing zeros, exact where a float would be rounded."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
