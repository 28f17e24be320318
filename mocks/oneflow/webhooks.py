"""
Postbacks: the six documented events, their bodies by template, and how they are delivered.

Events and the submission error's variables are documented; the names of the other variables are ours (README).
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import orjson

from flowproof.errors import ConfigurationError
from flowproof.exchange import Headers
from flowproof.kernel import ProviderContext, hex_id
from flowproof.kernel.time.clock import instant_to_text
from flowproof.kernel.webhooks.model import Webhook
from flowproof.kernel.webhooks.policy import WebhookPolicy

from .models import Event, SeedData, Status, Submission, Trigger

if TYPE_CHECKING:
    from .handlebars import Steps, Template

__all__ = ["POLICY", "check_triggers", "notify_order", "notify_shipment", "notify_submission_error"]

Json = Mapping[str, Any]

logger = logging.getLogger("flowproof.oneflow")

ORDER = '{"timestamp": "{{timestamp}}", "sourceOrderId": "{{data.sourceOrderId}}", "status": "{{data.status}}"}'
# What a postback says where its trigger has no template. Keys of the first five: observed (the provider's page on
# postbacks); of the last: documented, with the comma that the document's template forgets between two errors.
TEMPLATES: Mapping[Event, str] = MappingProxyType(
    {
        Event.ORDER_RECEIVED: ORDER,
        Event.ORDER_ERRORED: ORDER,
        Event.ORDER_CANCELLED: ORDER,
        Event.ORDER_PRINT_READY: ORDER,
        Event.SHIPMENT_SHIPPED: (
            '{"orderId": "{{data.order._id}}", "shippedDate": "{{data.shipment.shippedDate}}",'
            ' "trackingNumber": "{{data.shipment.trackingNumber}}", "trackingUrl": "{{data.shipment.trackingUrl}}",'
            ' "status": "{{data.status}}", "carrier": {"code": "{{data.shipment.carrier.code}}",'
            ' "service": "{{data.shipment.carrier.service}}", "serviceId": "{{data.shipment.carrier.serviceId}}",'
            ' "alias": "{{data.shipment.carrier.alias}}"} }'
        ),
        Event.ORDER_SUBMISSION_ERROR: (
            '{ "TimeStamp": "{{timestamp}}", "OrderId": "{{data.body}}", "status": "Order submission error",'
            ' "errorsClean": [{{#each data.errorList}}{{#unless @first}},{{/unless}}'
            ' "{{#if name}}{{ name }}: {{/if}}{{#if message}}{{ message }}{{else}}Unknown error{{/if}}'
            '{{#if path}} - At path {{ path }}{{/if}}" {{/each}}] }'
        ),
    }
)


def notify_order(event: Event, order: Json, context: ProviderContext) -> None:
    """Queue a postback for each trigger of an order's event."""
    _deliver(event, _order_data(order), context)


def notify_shipment(order: Json, shipment: Json, context: ProviderContext) -> None:
    """Queue a postback for each trigger that a shipment was shipped."""
    _deliver(Event.SHIPMENT_SHIPPED, {**_order_data(order), "shipment": shipment}, context)


def notify_submission_error(submission: Submission, errors: Sequence[Json], context: ProviderContext) -> None:
    """Queue a postback for each trigger of a submission error. Inferred: ``data.body`` is the submission's id."""
    _deliver(
        Event.ORDER_SUBMISSION_ERROR,
        {"body": submission.id, "errorList": list(errors), "order": submission.order},
        context,
    )


def check_triggers(seed: Json) -> None:
    """
    Check the triggers of seed data before it is stored.

    Raises:
        ConfigurationError: A template holds what is not known, or two triggers send the same event to one place.
    """
    from .handlebars import TemplateError, compile_template  # noqa: PLC0415 (most accounts have no trigger)

    seen = set[tuple[str, str, str]]()
    for index, trigger in enumerate(SeedData(seed).triggers):
        where = f"/triggers/{index}"
        try:
            compile_template(trigger.template or "")
        except TemplateError as error:
            raise ConfigurationError(
                f"{where}/template, {error}.", "mocks/oneflow/README.md says how much of Handlebars is known."
            ) from error
        if trigger.place in seen:
            raise ConfigurationError(f"{where} has the event, method and URL of another trigger.", "Keep one of them.")
        seen.add(trigger.place)


def _deliver(event: Event, data: Json, context: ProviderContext) -> None:
    triggers = [trigger for trigger in context.parsed_seed(SeedData).triggers if trigger.event is event]
    if not triggers:
        return
    from .handlebars import Steps, TemplateError  # noqa: PLC0415 (the same)

    steps = Steps()
    for trigger in triggers:
        try:
            context.deliver(_webhook(trigger, data, context, steps))
        except TemplateError as error:
            logger.warning("the postback %s to %s is not sent: %s", event, trigger.url, error)


def _webhook(trigger: Trigger, data: Json, context: ProviderContext, steps: "Steps | None" = None) -> Webhook:
    """The postback of a trigger. A GET has no body (inferred)."""
    values = {"timestamp": instant_to_text(context.now), "event": trigger.event.value, "data": data}
    body = b"" if trigger.method == "GET" else _template(trigger, context).render(values, steps).encode()
    return Webhook(trigger.event.value, trigger.url, body, trigger.content_type, trigger.method)


def _template(trigger: Trigger, context: ProviderContext) -> "Template":
    """The compiled template of a trigger; those of the seed data are compiled once."""
    source = TEMPLATES[trigger.event] if trigger.template is None else trigger.template
    return context.parsed_seed(compiled_templates).get(source) or _compiled(source)


def compiled_templates(seed: Json) -> Mapping[str, "Template"]:
    """The templates of seed data, by their text."""
    return {each: _compiled(each) for each in {trigger.template for trigger in SeedData(seed).triggers} if each}


def _compiled(source: str) -> "Template":
    from .handlebars import compile_template  # noqa: PLC0415 (the same)

    return compile_template(source)


def _order_data(order: Json) -> dict[str, Any]:
    data = order["orderData"]
    return {"order": order, "sourceOrderId": data["sourceOrderId"], "status": data["status"]}


def sign(webhook: Webhook, context: ProviderContext) -> Headers:
    """The trigger's current ``Authorization`` header. A made-up event has that of any trigger with its URL."""
    place = (webhook.event, webhook.method, webhook.url)
    there = sorted(_triggers_at(webhook.url, context), key=lambda trigger: trigger.place != place)
    return (("Authorization", there[0].authorization),) if there and there[0].authorization else ()


def _triggers_at(url: str, context: ProviderContext) -> Iterator[Trigger]:
    return (trigger for trigger in context.parsed_seed(SeedData).triggers if trigger.url == url)


def sample(context: ProviderContext, event: str, url: str) -> Webhook:
    if event not in tuple(Event):
        raise ConfigurationError(f"OneFlow has no event {event!r}.", f"It has {', '.join(Event)}.")
    set_up = (trigger for trigger in _triggers_at(url, context) if trigger.event == event)
    trigger = next(set_up, Trigger(Event(event), url, "POST", "application/json", None, None))
    return _webhook(trigger, _sample_data(Event(event), context), context)


def _sample_data(event: Event, context: ProviderContext) -> Json:
    order_id, number, now = hex_id(context.rng), hex_id(context.rng, 8).upper(), instant_to_text(context.now)
    if event is Event.ORDER_SUBMISSION_ERROR:
        error = {"name": "ValidationError", "path": "orderData.items.0.sku", "message": "is required"}
        return {"body": order_id, "errorList": [error], "order": {}}
    carrier = {"alias": "CUSTOM_SHIPPING", "code": "custom", "service": "standard"}
    shipment = {"shipmentIndex": 0, "status": "shipped", "shippedDate": now, "carrier": carrier}
    data = {"sourceOrderId": f"SAMPLE-{number}", "status": STATUS[event].value, "items": [], "shipments": [shipment]}
    return {**_order_data({"_id": order_id, "orderData": data}), "shipment": shipment}


STATUS: Mapping[Event, Status] = MappingProxyType(
    {
        Event.ORDER_RECEIVED: Status.RECEIVED,
        Event.ORDER_ERRORED: Status.ERROR,
        Event.ORDER_CANCELLED: Status.CANCELLED,
        Event.ORDER_PRINT_READY: Status.PRINT_READY,
        Event.SHIPMENT_SHIPPED: Status.SHIPPED,
    }
)


def unknown_event(webhook: Webhook) -> Webhook:
    """The same postback with an unknown event, which only the body's ``status`` can show."""
    try:
        value = orjson.loads(webhook.body)
    except orjson.JSONDecodeError:
        return webhook
    if not isinstance(value, dict) or "status" not in value:
        return webhook
    return replace(webhook, event="unknown", body=orjson.dumps({**value, "status": "flowproofUnknown"}))


POLICY = WebhookPolicy(
    sign=sign,
    sample=sample,
    unknown=unknown_event,
    events=tuple(each.value for each in Event),
    signature_headers=frozenset({"authorization"}),
    retry_after_s=(60, 300, 1800, 7200, 21600, 43200),  # inferred: no document says whether a postback comes again
    timeout_s=10,
)
