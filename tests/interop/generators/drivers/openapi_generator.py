"""
Drives the Python client that openapi-generator has generated: ``python -m …openapi_generator PACKAGE < plan``.

The plan is JSON: provider, base URL, credentials and what to send. It prints what it read and what it wrote, as JSON.
"""

import json
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.interop.generators.drivers.signing import proof

Plan = Mapping[str, Any]


class Generated:
    """The package, and a client of it that signs each request."""

    def __init__(self, package: str, plan: Plan) -> None:
        self._package = import_module(package)
        self.plan = plan
        self._client = self._package.ApiClient(self._package.Configuration(host=plan["base_url"]))
        self._send = self._client.call_api
        self._client.call_api = self._signed

    def _signed(
        self, method: str, url: str, headers: dict[str, str], body: Any = None, *rest: Any, **named: Any
    ) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        sent = {name.lower(): value for name, value in headers.items()}
        found = proof(self.plan["provider"], self.plan["credentials"], method, urlsplit(url).path, sent, content)
        return self._send(method, url, {**headers, **found}, body, *rest, **named)

    def model(self, name: str, value: Any) -> Any:
        return getattr(self._package, name).from_dict(value)

    def call(self, api: str, operation: str, *arguments: Any, **named: Any) -> Any:
        """The body of a documented response, as an object of the generated classes; None where it has none."""
        return getattr(getattr(self._package, api)(self._client), operation)(*arguments, **named)


def dots_eco(to: Generated) -> tuple[Any, Any]:
    """The cards that can be bought, and a new one."""
    cards = to.call("FlowCardsApi", "list_flow_cards", to.plan["app_token"])
    made = to.call("FlowCardsApi", "create_flow_card", to.model("NewCard", to.plan["body"]))
    return cards[0].sku, made.response.card_id


def flow1st(to: Generated) -> tuple[Any, Any]:
    """The catalog, and an order."""
    catalog = to.call("CatalogApi", "list_products")
    placed = to.call("OrdersApi", "complete_order", to.plan["date"], to.model("Order", to.plan["body"]))
    return catalog.products[0].bundles[0].sku, placed.reference


def integrations(to: Generated) -> tuple[Any, Any]:
    """The triggers, and a workflow for one of them."""
    triggers = to.call("WorkflowsApi", "list_triggers", "Order")
    workflow = to.model("WorkflowToBeConfigured", {**to.plan["body"], "triggerId": triggers.data[0].guid})
    return triggers.data[0].code, to.call("WorkflowsApi", "configure_workflow", workflow).data.guid


def oneflow(to: Generated) -> tuple[Any, Any]:
    """An order, and the list that has it."""
    date = to.plan["date"]
    submitted = to.call("OrdersApi", "submit_order", date, to.model("Order", to.plan["body"]))
    page = to.call("OrdersApi", "list_orders", date)
    return page.data[0].order_data.source_order_id, submitted.id


def otter(to: Generated) -> tuple[Any, Any]:
    """Brands and stores, and a connection."""
    brand = to.call("OrganizationApi", "organization_list_brands", limit="1").items[0]
    store = to.call("OrganizationApi", "organization_list_stores", brand_id=brand.id, limit="1").items[0]
    place = {"brand_id": brand.id, "store_id": store.id}
    body = to.model("RequestForAConnection", to.plan["body"])
    to.call("ConnectionApi", "organization_create_connection", request_for_a_connection=body, **place)
    return brand.name, to.call("ConnectionApi", "organization_get_connection", **place).store_id


DRIVERS: Mapping[str, Callable[[Generated], tuple[Any, Any]]] = {
    each.__name__: each for each in (dots_eco, flow1st, integrations, oneflow, otter)
}

if __name__ == "__main__":
    place, given = Path(sys.argv[1]), json.load(sys.stdin)
    sys.path.insert(0, str(place.parent))
    sys.stdout.write(json.dumps(DRIVERS[given["provider"]](Generated(place.name, given))))
