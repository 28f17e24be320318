"""
Drives the client that openapi-python-client has generated: ``python -m …openapi_python_client PACKAGE < plan``.

The plan is JSON: provider, base URL, credentials and what to send. It prints what it read and what it wrote, as JSON.
"""

import json
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.interop.generators.drivers.signing import proof

Plan = Mapping[str, Any]


class Generated:
    """The package, and a client of it that signs each request."""

    def __init__(self, package: str, plan: Plan) -> None:
        self._package = package
        self.plan = plan
        arguments = {"event_hooks": {"request": [self._sign]}}
        self.client = import_module(package).Client(base_url=plan["base_url"], httpx_args=arguments)

    def _sign(self, request: Any) -> None:
        path = request.url.raw_path.decode().partition("?")[0]
        found = proof(
            self.plan["provider"], self.plan["credentials"], request.method, path, request.headers, request.content
        )
        request.headers.update(found)

    def model(self, name: str, value: Any) -> Any:
        return getattr(import_module(f"{self._package}.models"), name).from_dict(value)

    def call(self, operation: str, *arguments: Any, **named: Any) -> Any:
        """The body of a documented response, as an object of the generated classes; None where it has none."""
        return import_module(f"{self._package}.api.{operation}").sync(*arguments, client=self.client, **named)


def dots_eco(to: Generated) -> tuple[Any, Any]:
    """The cards that can be bought, and a new one."""
    cards = to.call("flow_cards.list_flow_cards", to.plan["app_token"])
    made = to.call("flow_cards.create_flow_card", body=to.model("NewCard", to.plan["body"]))
    return cards[0].sku, made.response.card_id


def flow1st(to: Generated) -> tuple[Any, Any]:
    """The catalog, and an order."""
    catalog = to.call("catalog.list_products")
    order = to.model("Order", to.plan["body"])
    placed = to.call("orders.complete_order", body=order, x_timestamp=to.plan["date"])
    return catalog.products[0].bundles[0].sku, placed.reference


def integrations(to: Generated) -> tuple[Any, Any]:
    """The triggers, and a workflow for one of them."""
    entity = import_module(f"{to.client.__module__.partition('.')[0]}.models").ListTriggersEntityType("Order")
    triggers = to.call("workflows.list_triggers", entity)
    workflow = to.model("WorkflowToBeConfigured", {**to.plan["body"], "triggerId": triggers.data[0].guid})
    return triggers.data[0].code, to.call("workflows.configure_workflow", body=workflow).data.guid


def oneflow(to: Generated) -> tuple[Any, Any]:
    """An order, and the list that has it."""
    date = to.plan["date"]
    submitted = to.call("orders.submit_order", body=to.model("Order", to.plan["body"]), x_oneflow_date=date)
    page = to.call("orders.list_orders", x_oneflow_date=date)
    return page.data[0].order_data.source_order_id, submitted.field_id


def otter(to: Generated) -> tuple[Any, Any]:
    """Brands and stores, and a connection."""
    brand = to.call("organization.organization_list_brands", limit="1").items[0]
    store = to.call("organization.organization_list_stores", brand.id, limit="1").items[0]
    body = to.model("RequestForAConnection", to.plan["body"])
    to.call("connection.organization_create_connection", brand.id, store.id, body=body)
    return brand.name, to.call("connection.organization_get_connection", brand.id, store.id).store_id


DRIVERS: Mapping[str, Callable[[Generated], tuple[Any, Any]]] = {
    each.__name__: each for each in (dots_eco, flow1st, integrations, oneflow, otter)
}

if __name__ == "__main__":
    place, given = Path(sys.argv[1]), json.load(sys.stdin)
    sys.path.insert(0, str(place.parent))
    sys.stdout.write(json.dumps(DRIVERS[given["provider"]](Generated(place.name, given))))
