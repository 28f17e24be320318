"""What happens to a submission on the workspace's clock: judged, made print ready, shipped, or errored."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from flowproof.conformance import Finding
from flowproof.kernel import World
from flowproof.kernel.clock import instant_to_text

from . import rules, webhooks
from .errors import dotted, said
from .models import Event, Settings, Setup, Status, Submission
from .orders import Orders
from .records import order_record

__all__ = ["TASKS", "findings_of", "submit"]

ORDER_SCHEMA = "order.schema.json"


def findings_of(order: Any, account_id: str, world: World) -> tuple[Finding, ...]:
    """Everything that keeps an order from being accepted: what breaks the schema, or else what breaks a rule."""
    broken = world.findings(ORDER_SCHEMA, order)
    if broken:
        return broken
    taken = Orders(world.state).has_source_order_id(account_id, order["orderData"]["sourceOrderId"])
    return rules.judge(rules.Case(order, world.understood(Setup), taken))


def submit(submission: Submission, world: World) -> None:
    """Put a submission aside as it came; it is judged later."""
    world.schedule("process", after_s=_settings(world).processing_s, value=submission.to_json())


def process(world: World, value: Any) -> None:
    """Judge a submission: it becomes an order, or a submission error."""
    orders, submission = Orders(world.state), Submission.from_json(value)
    findings = findings_of(submission.order, submission.account_id, world)
    if findings:
        errors = [_shown(finding) for finding in findings]
        orders.put_submission_error(submission, errors)
        webhooks.submission_error(submission, errors, world)
        return
    record = order_record(submission, world.understood(Setup), world.chance, at=_now(world))
    orders.add(submission.account_id, record)
    webhooks.order_event(Event.ORDER_RECEIVED, record, world)
    _schedule_artwork(world, record)


def _schedule_artwork(world: World, record: Mapping[str, Any]) -> None:
    """Files that cannot be fetched are waited for and then given up; all others are ready soon."""
    settings = _settings(world)
    value = {"id": record["_id"]}
    fetched = {file["path"] for file in record["files"] if file["fetch"]}
    if fetched & set(settings.artwork_unavailable):
        world.schedule("give_up", after_s=settings.artwork_timeout_s, value=value)
    else:
        world.schedule("prepare", after_s=settings.print_ready_s, value=value)


def prepare(world: World, value: Any) -> None:
    """All files are there: the order is print ready, unless one fails its preflight."""
    orders = Orders(world.state)
    order = orders.open(value["id"], Status.RECEIVED)
    if order is None:
        return
    if _fails_preflight(order, _settings(world)):
        _err(order, world, "Preflight failed")
        return
    fetched = {**order, "files": [{**file, "status": "received"} for file in order["files"]]}
    ready = rules.moved(fetched, Status.PRINT_READY, at=_now(world), message="Order print ready")
    orders.replace(ready)
    webhooks.order_event(Event.ORDER_PRINT_READY, ready, world)
    world.schedule("ship", after_s=_settings(world).ship_s, value=value)


def give_up(world: World, value: Any) -> None:
    """
    A file could not be fetched in time.

    Source:
        Seed 002, Order Errored; that it takes twelve hours is observed (the provider's page on postbacks).
    """
    orders = Orders(world.state)
    order = orders.open(value["id"], Status.RECEIVED)
    if order is not None:
        _err(order, world, "Artwork could not be fetched")


def ship(world: World, value: Any) -> None:
    """Everything is produced, assembled and dispatched."""
    orders = Orders(world.state)
    order = orders.open(value["id"], Status.PRINT_READY)
    if order is None:
        return
    data = order["orderData"]
    shipped = [{**each, "status": "shipped", "shippedDate": _now(world)} for each in data["shipments"]]
    with_shipments = {**order, "orderData": {**data, "shipments": shipped}}
    changed = rules.moved(with_shipments, Status.SHIPPED, at=_now(world), message="Order shipped")
    orders.replace(changed)
    for shipment in shipped:
        webhooks.shipment_event(changed, shipment, world)


TASKS: Mapping[str, Callable[[World, Any], None]] = MappingProxyType(
    {"process": process, "prepare": prepare, "give_up": give_up, "ship": ship}
)


def _fails_preflight(order: Mapping[str, Any], settings: Settings) -> bool:
    components = (component for item in order["orderData"]["items"] for component in item["components"])
    checked = {component["path"] for component in components if component["preflight"]}
    return bool(checked & set(settings.artwork_failing_preflight))


def _err(order: Mapping[str, Any], world: World, message: str) -> None:
    errored = rules.moved(order, Status.ERROR, at=_now(world), message=message, level="error")
    Orders(world.state).replace(errored)
    webhooks.order_event(Event.ORDER_ERRORED, errored, world)


def _shown(finding: Finding) -> dict[str, str]:
    """An error of a submission, with the keys that the document's postback template reads."""
    return {"name": "ValidationError", "path": dotted(finding.pointer), "message": said(finding)}


def _settings(world: World) -> Settings:
    return world.understood(Setup).settings


def _now(world: World) -> str:
    return instant_to_text(world.now)
