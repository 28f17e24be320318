"""The resources that a client creates at each provider, with all that has to know the fields of their requests."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import signature
from types import UnionType
from typing import Any, NotRequired, Union, get_args, get_origin, is_typeddict

from hypothesis import Phase, find, given, settings
from hypothesis.strategies import SearchStrategy

from flowproof.clients.dots_eco import DotsEco
from flowproof.clients.flow1st import Flow1st
from flowproof.clients.integrations import Action, Integrations, IntegrationSettings, PushSubscription
from flowproof.clients.oneflow import Address, CarrierAlias, CarrierService, NewOrder, OneFlow
from flowproof.clients.otter import Otter, OtterUser
from flowproof.conformance.places import Steps, places_of
from flowproof.suites.dots_eco import setup as dots_eco_setup
from flowproof.suites.dots_eco import strategies as dots_eco_strategies
from flowproof.suites.flow1st import strategies as flow1st_strategies
from flowproof.suites.integrations import setup as integrations_setup
from flowproof.suites.integrations import strategies as integrations_strategies
from flowproof.suites.oneflow import invalid_examples as oneflow_invalid_examples
from flowproof.suites.oneflow import strategies as oneflow_strategies
from flowproof.suites.otter import setup as otter_setup
from flowproof.target import Workspace

__all__ = ["RESOURCES", "Resource", "drawn_places", "has_place", "snake"]

Json = Any
Body = dict[str, Json]
QUICK = settings(max_examples=300, derandomize=True, database=None, deadline=None, phases=[Phase.generate])


@dataclass(frozen=True, eq=False)
class Resource:
    """
    Something that a client creates with a request body.

    Args:
        provider: Slug.
        schema: File of the request body's schema.
        bodies: Valid bodies of the suite's own, which together have every field.
        round_trip: Creates it with the real client from a body, and reads it back: in the request's own form.
        not_read: Places that cannot be read back, or not by themselves, each with the reason.
        types: The client's types of the body's parts, by place.
        call: The client's method, where that takes the body's fields as parameters.
        parameters: Names of its parameters that are not the field's name in snake case; None where it has none.
        drawn: What the suite draws as valid bodies.
        broken: Places that the suite breaks in otherwise valid bodies.
    """

    provider: str
    schema: str
    bodies: Callable[[], list[Body]]
    round_trip: Callable[[Any, Workspace, Body], Json]
    not_read: Mapping[Steps, str] = field(default_factory=dict)
    types: Mapping[Steps, Any] = field(default_factory=dict)
    call: Callable[..., Any] | None = None
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    drawn: SearchStrategy[Json] | None = None
    broken: Callable[[], set[Steps]] | None = None

    def __str__(self) -> str:
        return f"{self.provider} {self.schema.removesuffix('.schema.json')}"

    def parameter(self, name: str) -> str | None:
        """The client method's parameter for a field; None where the client itself fills the field in."""
        return self.parameters.get(name, snake(name))

    def arguments(self, body: Body) -> dict[str, Json]:
        """The arguments of the client's method for a body; a field without a parameter is left out."""
        known = signature(self.call).parameters if self.call is not None else {}
        named = {self.parameter(name): value for name, value in body.items()}
        return {name: value for name, value in named.items() if name is not None and name in known}


def snake(name: str) -> str:
    """A field's name in snake case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def drawn_places(strategy: SearchStrategy[Json]) -> set[Steps]:
    """The places of what a strategy draws."""
    found: set[Steps] = set()

    @QUICK
    @given(strategy)
    def draw(value: Json) -> None:
        found.update(places_of(value))

    draw()
    return found


def has_place(kind: Any, steps: Steps) -> bool:
    """Whether a type annotation has a place; what is a mapping or a plain value of unknown form has every place."""
    if get_origin(kind) is NotRequired:
        return has_place(get_args(kind)[0], steps)
    if get_origin(kind) in (Union, UnionType):
        return any(has_place(each, steps) for each in get_args(kind))
    if not steps or not (is_typeddict(kind) or get_origin(kind) is list):
        return True
    if steps[0] == "*":
        return has_place(get_args(kind)[0], steps[1:])
    return steps[0] in kind.__annotations__ and has_place(kind.__annotations__[steps[0]], steps[1:])


def dotted(paths: Iterator[str]) -> set[Steps]:
    """Places of paths such as ``orderData.items.0.sku``."""
    return {tuple("*" if step.isdecimal() else step for step in path.split(".")) for path in paths}


def camel_members(record: Mapping[str, Json], body: Body) -> Body:
    """Those members of a record that a body has, under the body's names."""
    return {name: record[snake(name)] for name in body if snake(name) in record}


# OneFlow: an order, and a new address for its shipment.


def oneflow_bodies() -> list[Body]:
    """An order with every field."""
    return [find(oneflow_strategies.full_orders(), lambda _: True, settings=QUICK)]


def oneflow_order(client: OneFlow, workspace: Workspace, body: Body) -> Json:
    """Submit an order and read it."""
    submission = client.submit(body)
    workspace.clock.advance(60)
    return client.order(submission.id).raw


def oneflow_shipping_update() -> list[Body]:
    """A new address with every field, a new carrier in either way, and a tracking number."""
    (order,) = oneflow_bodies()
    address, carrier = (order["orderData"]["shipments"][1][name] for name in ("shipTo", "carrier"))
    update = {"shipTo": address, "carrier": carrier, "trackingNumber": "1Z999"}
    return [update, {**update, "carrier": {"alias": "CUSTOM_SHIPPING"}}]


def oneflow_shipment(client: OneFlow, workspace: Workspace, body: Body) -> Json:
    """Update the shipping of an order."""
    client.submit(oneflow_strategies.minimum_order("of-one-shipment"))
    workspace.clock.advance(60)
    return client.update_shipping("of-one-shipment", 0, **SHIPPING_UPDATE.arguments(body)).raw


# Dots.eco: a flow card.


def dots_eco_card(client: DotsEco, workspace: Workspace, body: Body) -> Json:
    """Buy a card; the application's token is in the control API alone."""
    workspace.clock.freeze("2024-09-13T12:00:00Z")
    card = client.create_card(**DOTS_ECO.arguments(body))
    shown = {
        "app_token": workspace.control("GET", "dots_eco/cards")["cards"][0]["app_token"],
        "sku": card.offer.sku,
        "expiration_date": card.expires_on.isoformat(),
    }
    attributes = {name: getattr(card, str(DOTS_ECO.parameter(name)), None) for name in body}
    return {**attributes, **shown}


# Flow1st: an order.


def flow1st_order(client: Flow1st, workspace: Workspace, body: Body) -> Json:
    """Place an order; the control API shows what was sent."""
    placed = client.complete_order(**FLOW1ST.arguments(body))
    return workspace.control("GET", f"flow1st/environments/staging/orders/{placed.reference}")["sent"]


def flow1st_broken() -> set[Steps]:
    """The fields that the suite breaks."""
    found: set[Steps] = set()

    @QUICK
    @given(flow1st_strategies.broken_orders())
    def draw(pair: tuple[str, Body]) -> None:
        found.add((pair[0],))

    draw()
    return found


# Integrations: an integration, a workflow, a push subscription.


def integration(client: Integrations, workspace: Workspace, body: Body) -> Json:
    """Configure an integration; the control API shows it."""
    client.configure(**INTEGRATION.arguments(body))
    (record,) = workspace.control("GET", "integrations/integrations")["integrations"]
    return camel_members({**record, "provider_type": record["type"]}, body)


def workflow(client: Integrations, workspace: Workspace, body: Body) -> Json:
    """Configure a workflow; the control API shows it, with the trigger's code in place of its id."""
    trigger = client.triggers(body["entityType"])[0]
    client.configure_workflow(**WORKFLOW.arguments({**body, "triggerId": trigger.guid}))
    record = workspace.control("GET", "integrations/workflows")["workflows"][-1]
    trigger_id = body["triggerId"] if record["trigger"] == trigger.code else None
    return camel_members({**record, "trigger_id": trigger_id}, body)


def workflow_bodies() -> list[Body]:
    """A workflow of each action, with all that the action can have."""
    actions = (
        integrations_strategies.EMAIL,
        integrations_strategies.PUSH,
        {"type": "webhook", "url": "https://hooks.example"},
        {"type": "update_status", "status": "closed"},
    )
    common = {"entityType": "Order", "triggerId": "of the first trigger", "conditions": {"status": "new"}}
    return [{"name": each["type"], **common, "action": dict(each)} for each in actions]


def subscription(client: Integrations, workspace: Workspace, body: Body) -> Json:
    """Save a subscription; the control API shows its endpoint."""
    client.save_push_subscription(body)
    return {"endpoint": workspace.control("GET", "integrations/push")["endpoints"][0]}


def invalid_places(*lists: tuple[integrations_strategies.InvalidExample, ...]) -> set[Steps]:
    """The places of invalid examples."""
    return dotted(each.place for examples in lists for each in examples)


# Otter: a connection.


def connection(client: Otter, workspace: Workspace, body: Body) -> Json:
    """Connect a store, and read the connection."""
    workspace.control("PUT", "otter/consent", {"consent": "approve", "user": otter_setup.ADA})
    asked = client.authorization()
    answer = client.session.get(asked.url, allow_redirects=False, timeout=30)
    user = client.as_user(client.exchange(asked, answer.headers["location"]))
    store = (otter_setup.BRAND, otter_setup.STORES[0])
    user.connect(*store, **CONNECTION.arguments(body))
    return {name: getattr(user.connection(*store), snake(name), None) for name in body}


ONEFLOW = Resource(
    "oneflow",
    "order.schema.json",
    oneflow_bodies,
    oneflow_order,
    types={(): NewOrder},
    drawn=oneflow_strategies.orders(),
    broken=lambda: dotted(each.at for each in oneflow_invalid_examples.INVALID_EXAMPLES),
)
SHIPPING_UPDATE = Resource(
    "oneflow",
    "shipping-update.schema.json",
    oneflow_shipping_update,
    oneflow_shipment,
    types={("shipTo",): Address, ("carrier",): CarrierService | CarrierAlias},
    call=OneFlow.update_shipping,
)
DOTS_ECO = Resource(
    "dots_eco",
    "new-card.schema.json",
    lambda: [dict(dots_eco_setup.EXAMPLE)],
    dots_eco_card,
    call=DotsEco.create_card,
    parameters={"from": "sender_name"},
    drawn=dots_eco_strategies.bodies(),
)
FLOW1ST = Resource(
    "flow1st",
    "order.schema.json",
    lambda: [flow1st_strategies.an_order("of-every-field", webhookUrl="https://partner.example/hook")],
    flow1st_order,
    call=Flow1st.complete_order,
    parameters={"productBundleSku": "sku", "recipientIdentifier": "recipient", "quantity": None},
    broken=flow1st_broken,
)
INTEGRATION = Resource(
    "integrations",
    "integration-configuration.schema.json",
    lambda: [
        {
            "providerId": integrations_setup.EXAMPLE.id,
            "providerType": integrations_setup.EXAMPLE.type,
            "credentials": dict(integrations_setup.EXAMPLE.credentials),
            "settings": {"autoImportOrders": True, "syncProducts": False, "pushTracking": True},
        }
    ],
    integration,
    not_read={("credentials",): "a provider never shows credentials, and the mock does not store them"},
    types={("settings",): IntegrationSettings},
    call=Integrations.configure,
    drawn=integrations_strategies.configurations(),
    broken=lambda: invalid_places(integrations_strategies.INVALID_CONFIGURATIONS),
)
WORKFLOW = Resource(
    "integrations",
    "workflow-configuration.schema.json",
    workflow_bodies,
    workflow,
    types={("action",): Action},
    call=Integrations.configure_workflow,
    drawn=integrations_strategies.workflow_bodies("any", "Order").map(lambda body: {"name": "drawn apart", **body}),
    broken=lambda: invalid_places(integrations_strategies.INVALID_WORKFLOWS),
)
SUBSCRIPTION = Resource(
    "integrations",
    "push-subscription.schema.json",
    lambda: [{"endpoint": "http://127.0.0.1:9/push/1", "keys": {"p256dh": "a", "auth": "b"}}],
    subscription,
    not_read={("keys",): "keys are secret: suites/integrations/test_push.py reads messages that they encrypt"},
    types={(): PushSubscription},
    drawn=integrations_strategies.subscriptions(),
    broken=lambda: invalid_places(integrations_strategies.INVALID_SUBSCRIPTIONS),
)
CONNECTION = Resource(
    "otter",
    "connection-request.schema.json",
    lambda: [{"storeId": "kitchen-42"}],
    connection,
    call=OtterUser.connect,
    parameters={"storeId": "our_store_id"},
)
RESOURCES = (ONEFLOW, SHIPPING_UPDATE, DOTS_ECO, FLOW1ST, INTEGRATION, WORKFLOW, SUBSCRIPTION, CONNECTION)
