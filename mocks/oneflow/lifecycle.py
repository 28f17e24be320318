"""What happens to a submission on the workspace's clock: it is validated, made print ready, shipped, or errored."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from flowproof.conformance import Finding
from flowproof.kernel import ProviderContext
from flowproof.kernel.time.clock import instant_to_text

from . import hints, rules, webhooks
from .errors import dotted_path, message_of
from .models import Event, SeedData, SeedSettings, Status, Submission
from .order_record import order_record, with_source_ids
from .records import Orders

__all__ = ["TASKS", "findings_of", "submit"]

ORDER_SCHEMA = "order.schema.json"


def findings_of(order: Any, account_id: str, context: ProviderContext) -> tuple[Finding, ...]:
    """Everything that makes an order invalid: findings by the schema, or, where there are none, by the rules."""
    broken = context.findings(ORDER_SCHEMA, order)
    if broken:
        return broken
    is_repeated = Orders(context.state).has_source_order_id(account_id, order["orderData"]["sourceOrderId"])
    submitted = rules.SubmittedOrder.of(order, context.parsed_seed(SeedData), is_repeated=is_repeated)
    return context.filtered(rules.validate(submitted))


def submit(submission: Submission, context: ProviderContext) -> None:
    """Schedule the processing of a submission."""
    context.schedule("process", after_s=_settings(context).processing_s, value=submission.to_json())


def process(context: ProviderContext, value: Any) -> None:
    """Validate a submission and store it as an order, or as a submission error."""
    orders, sent, settings = Orders(context.state), Submission.from_json(value), _settings(context)
    submission = sent._replace(order=with_source_ids(sent.order, sent.id, settings))
    findings = findings_of(submission.order, submission.account_id, context)
    if findings:
        errors = [_shown(finding) for finding in findings]
        orders.put_submission_error(sent, errors)
        context.annotate(sent.exchange, findings, hints.about_submission(sent.id, findings, context.state.workspace))
        webhooks.notify_submission_error(sent, errors, context)
        return
    record = order_record(submission, context, at=_now(context))
    orders.add(submission.account_id, record)
    webhooks.notify_order(Event.ORDER_RECEIVED, record, context)
    _schedule_artwork(context, record, settings)


def _schedule_artwork(context: ProviderContext, record: Mapping[str, Any], settings: SeedSettings) -> None:
    """Give up an order whose files cannot be fetched after a timeout; make any other print ready."""
    value = {"id": record["_id"]}
    if _unavailable(record, settings):
        context.schedule("give_up", after_s=settings.artwork_timeout_s, value=value)
    else:
        context.schedule("prepare", after_s=settings.print_ready_s, value=value)


def _unavailable(record: Mapping[str, Any], settings: SeedSettings) -> list[str]:
    """The files that cannot be fetched: those that the settings name, and those whose path is no URL."""
    return [path for path in _fetched(record) if path in settings.artwork_unavailable or not rules.is_url(path)]


def _fetched(record: Mapping[str, Any]) -> Iterator[str]:
    """The places that an order's files are fetched from, attachments included: those are "fetch only"."""
    yield from (file["path"] for file in record["files"] if file["fetch"])
    shipments = record["orderData"]["shipments"]
    yield from (each["path"] for shipment in shipments for each in shipment.get("attachments", ()))


def prepare(context: ProviderContext, value: Any) -> None:
    """Make an order print ready, or errored where a file fails its preflight."""
    orders, settings = Orders(context.state), _settings(context)
    order = orders.open(value["id"], Status.RECEIVED)
    if order is None:
        return
    if _fails_preflight(order, settings):
        _fail(order, context, "Preflight failed")
        return
    fetched = {**order, "files": [{**file, "status": "received"} for file in order["files"]]}
    ready = rules.transition(fetched, Status.PRINT_READY, at=_now(context), message="Order print ready")
    orders.replace(ready)
    webhooks.notify_order(Event.ORDER_PRINT_READY, ready, context)
    context.schedule("ship", after_s=settings.ship_s, value=value)


def give_up(context: ProviderContext, value: Any) -> None:
    """
    Make an order errored whose files could not be fetched.

    Source:
        Seed 002, Order Errored; that it takes twelve hours is observed (the provider's page on postbacks).
    """
    orders = Orders(context.state)
    order = orders.open(value["id"], Status.RECEIVED)
    if order is not None:
        paths = ", ".join(_unavailable(order, _settings(context)))
        _fail(order, context, f"Artwork could not be fetched{f': {paths}' if paths else ''}")


def ship(context: ProviderContext, value: Any) -> None:
    """Ship every shipment of an order."""
    orders = Orders(context.state)
    order = orders.open(value["id"], Status.PRINT_READY)
    if order is None:
        return
    data = order["orderData"]
    shipped = [{**each, "status": "shipped", "shippedDate": _now(context)} for each in data["shipments"]]
    with_shipments = {**order, "orderData": {**data, "shipments": shipped}}
    changed = rules.transition(with_shipments, Status.SHIPPED, at=_now(context), message="Order shipped")
    orders.replace(changed)
    for shipment in shipped:
        webhooks.notify_shipment(changed, shipment, context)


TASKS: Mapping[str, Callable[[ProviderContext, Any], None]] = MappingProxyType(
    {"process": process, "prepare": prepare, "give_up": give_up, "ship": ship}
)


def _fails_preflight(order: Mapping[str, Any], settings: SeedSettings) -> bool:
    components = (component for item in order["orderData"]["items"] for component in item["components"])
    checked = {component["path"] for component in components if component["preflight"]}
    return bool(checked & set(settings.artwork_failing_preflight))


def _fail(order: Mapping[str, Any], context: ProviderContext, message: str) -> None:
    errored = rules.transition(order, Status.ERROR, at=_now(context), message=message, level="error")
    Orders(context.state).replace(errored)
    webhooks.notify_order(Event.ORDER_ERRORED, errored, context)


def _shown(finding: Finding) -> dict[str, str]:
    """A submission's error: the keys that the document's postback template reads, and the requirement."""
    return {
        "name": "ValidationError",
        "path": dotted_path(finding.pointer),
        "message": message_of(finding),
        "requirement": finding.requirement or "",
    }


def _settings(context: ProviderContext) -> SeedSettings:
    return context.parsed_seed(SeedData).settings


def _now(context: ProviderContext) -> str:
    return instant_to_text(context.now)
