"""The operations of the contract: parse the request, apply the rules, store and render the result."""

from typing import Any

from flask import Blueprint

from flowproof.conformance import Finding
from flowproof.kernel import ctx

from . import rules
from .errors import NO_LIST, AccessDenied, CardInvalid, NoSuchApplication
from .models import SeedData
from .records import Cards

__all__ = ["routes"]

routes = Blueprint("dots_eco", __name__)


@routes.post("/api/v1/flow-card/add")
def create_flow_card() -> Any:
    """Buy a flow card. Access to a known application is checked before the other parameters."""
    seed, parameters = SeedData(ctx.seed), rules.parameters_of(ctx.json)
    application = seed.application(parameters.get("app_token"))
    if application is not None:
        rules.check_manager(ctx.principal.manager, application, "dots_eco.auth.manager")
        rules.check_purchase(seed.company(application.company), "dots_eco.auth.purchase_allowed")
    skus = {sku.code: sku for sku in seed.skus_of(application)} if application else {}
    today = rules.today(ctx.now, seed.time_zone)
    days = rules.window(today)
    request = rules.CardRequest(parameters, application, skus, seed.has_sku(parameters.get("sku")), days)
    errors = ctx.context.filtered(rules.validate(request))
    if errors or application is None:
        raise CardInvalid.of(errors, today=today)
    card = Cards(ctx.state, ctx.rng).add(request, application, skus[parameters["sku"]])
    return {"success": True, "response": card.to_json()}


@routes.get("/api/v1/flow-card/list/<app_token>")
def list_flow_cards(app_token: str) -> Any:
    seed = SeedData(ctx.seed)
    application = seed.application(app_token)
    if application is None:
        raise AccessDenied([_unknown(app_token, "dots_eco.catalogue.app_token")], message=NO_LIST)
    rules.check_manager(ctx.principal.manager, application, "dots_eco.catalogue.manager")
    rules.check_purchase(seed.company(application.company), "dots_eco.catalogue.purchase_allowed")
    return [sku.listed() for sku in seed.skus_of(application)]


@routes.get("/api/v1/application-balance/<app_token>")
def get_application_balance(app_token: str) -> Any:
    seed = SeedData(ctx.seed)
    application = seed.application(app_token)
    if application is None:
        raise NoSuchApplication([_unknown(app_token, "dots_eco.balance.app_token")])
    rules.check_manager(ctx.principal.manager, application, "dots_eco.balance.manager")
    rules.check_activated(seed.company(application.company), "dots_eco.balance.activated")
    return {"balance": application.balance}


def _unknown(app_token: str, requirement: str) -> Finding:
    return Finding("request.path", "/app_token", "the token of an application", repr(app_token), requirement)
