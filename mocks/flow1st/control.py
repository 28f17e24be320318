"""Control API operations: what a partner does in the Admin Console, and what Flow1st's staff does with orders."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Blueprint

from flowproof.errors import ConfigurationError
from flowproof.kernel import ProviderContext
from flowproof.kernel.control.context import NotFoundProblem, control_ctx

from . import api_keys, lifecycle
from .console import account_of, console, context_of, invite_supplied
from .models import DELIVERED, Order, SeedData, Status
from .records import Account

__all__ = ["control"]

control = Blueprint("flow1st_control", __name__)
control.register_blueprint(console)

EXPORT = "flow1st-configuration/1"
CREDENTIALS = ("api_key", "api_secret", "signing_key", "webhook_token")
EVENTS: tuple[Status, ...] = tuple(status for status in Status if status is not Status.NEW)


@control.get("/environments")
def list_environments(workspace: str) -> Any:
    """Both environments, with balances, configuration, orders by status and first uses."""
    context = context_of(workspace)
    accounts = _accounts(context)
    return {"environments": {each.environment.name: _shown(context, each, accounts) for each in accounts}}


@control.get("/environments/<environment>")
def get_environment(workspace: str, environment: str) -> Any:
    context = context_of(workspace)
    account = account_of(context, environment)
    return _shown(
        context, account, [Account.existing(context, each.name) for each in SeedData(context.seed).environments]
    )


@control.post("/environments/<environment>/top-up")
def top_up(workspace: str, environment: str) -> Any:
    context = context_of(workspace)
    account, addition = account_of(context, environment), control_ctx.checked_body(context, "top-up.schema.json")
    known = [each["code"] for each in context.seed["currencies"]]
    if addition["currency"] not in known:
        raise ConfigurationError(f"No account is kept in {addition['currency']}.", f"There are: {', '.join(known)}.")
    account.move(addition["amount_minor"], addition["currency"], "top_up")
    return {"balances_minor": account.balances()}


@control.get("/environments/<environment>/movements")
def list_movements(workspace: str, environment: str) -> Any:
    """Every movement of money, oldest first. The amounts add up to the balances."""
    return {"movements": list(account_of(context_of(workspace), environment).movements())}


@control.put("/environments/<environment>/configuration")
def configure(workspace: str, environment: str) -> Any:
    """Replace an environment's default webhook URL and the addresses of people; new addresses are invited."""
    context = context_of(workspace, "configure")
    account = account_of(context, environment)
    account.configure(control_ctx.checked_body(context, "configuration.schema.json"))
    invite_supplied(context, account.configuration)
    return dict(account.configuration)


@control.get("/environments/<environment>/configuration/export")
def export_configuration(workspace: str, environment: str) -> Any:
    """The configuration as a document for the other environment. It names the credentials and does not contain them."""
    account = account_of(context_of(workspace), environment)
    return {
        "flowproof": EXPORT,
        "environment": environment,
        "configuration": dict(account.configuration),
        "credentials": list(CREDENTIALS),
    }


@control.post("/environments/<environment>/configuration/import")
def import_configuration(workspace: str, environment: str) -> Any:
    """Apply the other environment's exported configuration. Credentials stay this environment's own."""
    context = context_of(workspace, "import")
    account, exported = (
        account_of(context, environment),
        control_ctx.checked_body(context, "configuration-export.schema.json"),
    )
    if exported["environment"] == environment:
        raise ConfigurationError(
            f"This is the export of {environment} itself.", "Import it into the other environment."
        )
    account.configure(exported["configuration"], replicated_from=exported["environment"])
    invite_supplied(context, account.configuration)
    return dict(account.configuration)


@control.get("/environments/<environment>/orders")
def list_orders(workspace: str, environment: str) -> Any:
    return {"orders": [each.to_json() for each in account_of(context_of(workspace), environment).orders()]}


@control.get("/environments/<environment>/orders/<reference>")
def get_order(workspace: str, environment: str, reference: str) -> Any:
    return _order(account_of(context_of(workspace), environment), reference).to_json()


@control.post("/environments/<environment>/orders/<reference>/<event>")
def change_order(workspace: str, environment: str, reference: str, event: str) -> Any:
    """Give an order its next status: ``refund``, ``chargeback``, ``failed`` …; ``partial_refund`` with its amount."""
    context = context_of(workspace, f"{environment}/{reference}/{event}")
    order = _order(account_of(context, environment), reference)
    to = next((each for each in EVENTS if each.value.lower() == event), None)
    if to is None:
        raise NotFoundProblem(
            f"An order has no status {event}; there are {', '.join(each.value.lower() for each in EVENTS)}."
        )
    if to is Status.PARTIAL_REFUND:
        amount_minor = control_ctx.checked_body(context, "partial-refund.schema.json")["amount_minor"]
        return lifecycle.change(context, order, to, amount_minor=amount_minor).to_json()
    if to is Status.PENDING:
        return lifecycle.start(context, order).to_json()
    return lifecycle.deliver(context, order, to).to_json()


def _shown(context: ProviderContext, account: Account, all_accounts: list[Account]) -> dict[str, Any]:
    orders = account.orders()
    by_status = {status.value: sum(each.status is status for each in orders) for status in Status}
    acknowledged = _acknowledged(context)
    return {
        "environment": account.environment.name,
        "balances_minor": account.balances(),
        "topped_up_minor": _topped_up(account),
        "configuration": dict(account.configuration),
        "credentials": [api_keys.shown(each) for each in api_keys.of_environment(context, account.environment.name)],
        "replication": _replication(context, account, all_accounts),
        "seen": account.seen(),
        "orders": {"total": len(orders), "by_status": {name: many for name, many in by_status.items() if many}},
        "acknowledged_webhooks": sum((each.reference, each.status.value) in acknowledged for each in orders),
        "delivered_orders": [each.reference for each in orders if _is_delivered(each, acknowledged)],
        "end_to_end_orders": [
            each.reference for each in orders if each.validated and _is_delivered(each, acknowledged)
        ],
    }


def _topped_up(account: Account) -> dict[str, int]:
    """The sum of all top-ups, by currency, in minor units."""
    made = [each for each in account.movements() if each["reason"] == "top_up"]
    return {
        currency: sum(each["amount_minor"] for each in made if each["currency"] == currency)
        for currency in sorted({each["currency"] for each in made})
    }


def _replication(context: ProviderContext, account: Account, all_accounts: list[Account]) -> dict[str, Any]:
    """
    Whether this configuration was imported, still equals its source, and the two environments' credentials differ.
    """
    source = next((each for each in all_accounts if each.environment.name == account.replicated_from), None)
    keys = [key for each in all_accounts for key in api_keys.of_environment(context, each.environment.name)]
    parts = [(each.key, *each.secrets.values()) for each in keys]
    return {
        "from": account.replicated_from,
        "complete": source is not None and source.configuration == account.configuration,
        "credentials_differ": len({part for each in parts for part in each}) == sum(map(len, parts)),
    }


def _acknowledged(context: ProviderContext) -> set[tuple[str, str]]:
    """Reference and status of each webhook that its receiver acknowledged."""
    store = control_ctx.mock.store
    found = set()
    for delivery in store.deliveries.last(context.state.workspace):
        if delivery["provider"] != context.state.provider or delivery["state"] != "delivered" or delivery["of"]:
            continue
        news = _json(delivery["webhook"]["body"])
        found.add((str(news.get("reference")), str(news.get("status"))))
    return found


def _json(body: Mapping[str, str]) -> Mapping[str, Any]:
    value = orjson.loads(body["text"]) if "text" in body else {}
    return value if isinstance(value, dict) else {}


def _is_delivered(order: Order, acknowledged: set[tuple[str, str]]) -> bool:
    """Whether the order was successful and the partner's server acknowledged that."""
    return order.status in DELIVERED and (order.reference, Status.SUCCESSFUL.value) in acknowledged


def _accounts(context: ProviderContext) -> list[Account]:
    return [Account.existing(context, each.name) for each in SeedData(context.seed).environments]


def _order(account: Account, reference: str) -> Order:
    order = account.order(reference)
    if order is None:
        raise NotFoundProblem(f"There is no order {reference} in {account.environment.name}.")
    return order
