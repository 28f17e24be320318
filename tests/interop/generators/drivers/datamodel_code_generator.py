"""
Drives the models that datamodel-code-generator has generated: ``python -m …datamodel_code_generator MODULE < plan``.

It makes models and no client, so requests are sent by hand: each body that is sent was a model, and so is each that
came back. The plan is JSON: provider, base URL, credentials and what to send. It prints what it read and what it wrote.
"""

import json
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.interop.generators.drivers.signing import proof

Plan = Mapping[str, Any]
TIMEOUT_S = 30


class Generated:
    """The module of models, and how a request is sent."""

    def __init__(self, module: str, plan: Plan) -> None:
        self._models = import_module(module)
        self.plan = plan

    def call(self, method: str, path: str, answer: str = "", body: str = "", **headers: str) -> Any:
        """
        Send a request.

        Args:
            method: Of the request.
            path: Below the base URL.
            answer: Name of the response's model; none for the parsed JSON.
            body: Name of the model that the plan's body is sent as; none for no body.
            headers: With underscores for hyphens.
        """
        content = b""
        if body:
            model = getattr(self._models, body).model_validate(self.plan["body"])
            content = model.model_dump_json(by_alias=True, exclude_unset=True).encode()
        url = f"{self.plan['base_url']}{path}"
        sent = {"content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        place = urlsplit(url).path
        found = proof(self.plan["provider"], self.plan["credentials"], method, place, sent, content)
        response = requests.request(method, url, data=content, headers={**sent, **found}, timeout=TIMEOUT_S)
        response.raise_for_status()
        if not response.content:
            return None
        return getattr(self._models, answer).model_validate(response.json())


def dots_eco(to: Generated) -> tuple[Any, Any]:
    """The cards that can be bought, and a new one."""
    cards = to.call("GET", f"/api/v1/flow-card/list/{to.plan['app_token']}", "FlowCards")
    made = to.call("POST", "/api/v1/flow-card/add", "CreatedCard", "NewCard")
    return cards.root[0].sku, made.response.card_id


def flow1st(to: Generated) -> tuple[Any, Any]:
    """The catalog, and an order."""
    vendor = "application/vnd.carry1st"
    products = f"{vendor}.products.distributorproduct+json"
    catalog = to.call("GET", "/api/distributors/products", "Catalog", content_type=products)
    order = {"content_type": f"{vendor}.order.distributor+json", "x_timestamp": to.plan["date"]}
    placed = to.call("POST", "/api/orders/distributors/order-complete", "PlacedOrder", "Order", **order)
    return catalog.products[0].bundles[0].sku, placed.reference


def integrations(to: Generated) -> tuple[Any, Any]:
    """The triggers, and a workflow for one of them."""
    triggers = to.call("GET", "/api/workflows/triggers/Order", "Triggers")
    to.plan = {**to.plan, "body": {**to.plan["body"], "triggerId": triggers.data[0].guid}}
    made = to.call("POST", "/api/workflows/configure", "WorkflowConfigured", "WorkflowToBeConfigured")
    return triggers.data[0].code, made.data.guid


def oneflow(to: Generated) -> tuple[Any, Any]:
    """An order, and the list that has it."""
    dated = {"x_oneflow_date": to.plan["date"]}
    submitted = to.call("POST", "/api/order", "Submission", "Order", **dated)
    page = to.call("GET", "/api/order", "PageOfOrders", **dated)
    return page.data[0].orderData.sourceOrderId, submitted.field_id


def otter(to: Generated) -> tuple[Any, Any]:
    """Brands and stores, and a connection."""
    brands = "/organization/v1/organization/brands"
    brand = to.call("GET", f"{brands}?limit=1", "PageOfBrands").items[0]
    store = to.call("GET", f"{brands}/{brand.id}/stores?limit=1", "PageOfStores").items[0]
    connection = f"{brands}/{brand.id}/stores/{store.id}/connection"
    to.call("POST", connection, body="RequestForAConnection")
    return brand.name, to.call("GET", connection, "Connection").storeId


DRIVERS: Mapping[str, Callable[[Generated], tuple[Any, Any]]] = {
    each.__name__: each for each in (dots_eco, flow1st, integrations, oneflow, otter)
}

if __name__ == "__main__":
    place, given = Path(sys.argv[1]), json.load(sys.stdin)
    sys.path.insert(0, str(place.parent))
    sys.stdout.write(json.dumps(DRIVERS[given["provider"]](Generated(place.stem, given))))
