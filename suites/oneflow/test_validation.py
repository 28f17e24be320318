"""Validating orders: valid ones are returned as sent, invalid ones with the path of each error."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients import ValidationFailed
from flowproof.clients.oneflow import OneFlow, Order
from flowproof.edge_cases import EACH_TIME

from .invalid_examples import (
    EQUALLY_RIGHT,
    FIELDS,
    FULL,
    INVALID_EXAMPLES,
    PHONE_CARRIER,
    InvalidExample,
    broken_order,
    broken_orders,
    changed,
)
from .profiles import NETWORKED, few
from .raw_client import RawClient, error_of, losses
from .strategies import decorated_orders, full_orders, minimum_order, orders, piazza_orders

Json = Any


def invalid_examples(operation: Callable[[InvalidExample], bool] = lambda _: True) -> list[Any]:
    """Every invalid example as a parameter, marked with its requirement."""
    return [
        pytest.param(each, id=str(each), marks=pytest.mark.requirement(each.requirement))
        for each in INVALID_EXAMPLES
        if operation(each)
    ]


def requirement_of(name: str) -> pytest.MarkDecorator:
    """The mark of a field's requirement."""
    return pytest.mark.requirement(f"oneflow.order.{name}")


@pytest.mark.requirement("oneflow.validation.success", "oneflow.order.structure")
@NETWORKED
@given(order=orders())
def test_valid_order_is_accepted_as_sent(oneflow: OneFlow, order: dict[str, Json]) -> None:
    """
    Any order that the documents allow is found valid, and comes back as it was sent.
    """
    assert list(losses(order, oneflow.validate(order))) == []


@pytest.mark.requirement("oneflow.validation.success", "oneflow.order.item.source_product_id")
@few(10)
@given(order=piazza_orders())
def test_piazza_order_is_accepted(oneflow: OneFlow, order: dict[str, Json]) -> None:
    """
    An order whose items name Titles, and no SKU or components, is valid.
    """
    assert list(losses(order, oneflow.validate(order))) == []


@pytest.mark.requirement("oneflow.order.unknown_fields")
@few(10)
@given(order=decorated_orders())
def test_unknown_fields_are_ignored(oneflow: OneFlow, order: dict[str, Json]) -> None:
    """
    Fields that the order structure does not name, at whatever level, make no order invalid.
    """
    assert oneflow.validate(order)["destination"]


@pytest.mark.requirement("oneflow.validation.failure", "oneflow.validation.entries")
@pytest.mark.parametrize("example", invalid_examples())
@few(3)
@given(data=st.data())
def test_broken_field_is_refused_with_its_path(oneflow: OneFlow, example: InvalidExample, data: st.DataObject) -> None:
    """
    An order with one thing broken is refused, and the entries name the path of what is broken.
    """
    broken = data.draw(broken_orders(example))

    with pytest.raises(ValidationFailed) as refused:
        oneflow.validate(broken.order)

    assert not {broken.path, *broken.others}.isdisjoint(places_of(refused))


@pytest.mark.requirement(*dict.fromkeys(each.requirement for each in INVALID_EXAMPLES))
@pytest.mark.parametrize("half", [0, 1])
def test_broken_field_is_refused_each_time(oneflow: OneFlow, half: int) -> None:
    """
    Whichever one thing is broken in an order, the second refusal names the places of the first.
    """
    differing = []
    for example in INVALID_EXAMPLES[half::2]:
        named = []
        for _ in EACH_TIME:
            with pytest.raises(ValidationFailed) as refused:
                oneflow.validate(broken_order(example))
            named.append(sorted(places_of(refused)))
        differing += [str(example)] if named[0] != named[1] else []

    assert differing == []


@pytest.mark.requirement("oneflow.validation.failure", "oneflow.validation.envelope")
def test_refusal_of_an_order_has_its_own_code(oneflow: OneFlow) -> None:
    """
    An invalid order is answered 400 with code 208.
    """
    with pytest.raises(ValidationFailed) as refused:
        oneflow.validate({})

    assert (refused.value.status, refused.value.code) == (400, 208)


@pytest.mark.requirement("oneflow.validation.failure")
def test_every_finding_has_an_entry(oneflow: OneFlow, new_id: Callable[[], str]) -> None:
    """
    An order with three things broken is refused with an entry for each of them.
    """
    order = minimum_order(new_id())
    del order["destination"]["name"]
    order["orderData"]["items"][0]["quantity"] = 0
    order["orderData"]["shipments"][0]["shipTo"]["isoCountry"] = "USA"

    with pytest.raises(ValidationFailed) as refused:
        oneflow.validate(order)

    assert sorted(entry.path for entry in refused.value.validations) == [
        "destination.name",
        "orderData.items.0.quantity",
        "orderData.shipments.0.shipTo.isoCountry",
    ]


@pytest.mark.requirement("oneflow.order.structure", "oneflow.validation.failure")
@pytest.mark.parametrize("body", ["[]", '"order"', "1", "null", "true"])
def test_order_is_one_object(raw: RawClient, body: str) -> None:
    """
    A body that is JSON, but no object, is refused, as an invalid order or as a request in error.
    """
    answer = raw.send("POST", "/api/order/validate", body=body.encode())

    assert (answer.status_code, bool(error_of(answer))) == (400, True)


@pytest.mark.requirement("oneflow.order.minimum_example")
@pytest.mark.parametrize("field", ["sourceOrderId", "sourceItemId"])
def test_document_minimum_order_is_refused(oneflow: OneFlow, new_id: Callable[[], str], field: str) -> None:
    """
    The document's minimum order is refused for each of the two fields that its own tables require.
    """
    order = minimum_order(new_id())
    del (order["orderData"] if field == "sourceOrderId" else order["orderData"]["items"][0])[field]

    with pytest.raises(ValidationFailed):
        oneflow.validate(order)


@pytest.mark.requirement("oneflow.order.carrier.code_and_service", "oneflow.order.carrier.alias")
def test_carrier_may_be_named_by_code_and_service(oneflow: OneFlow, new_id: Callable[[], str]) -> None:
    """
    A carrier is named by code and service as well as by its alias.
    """
    order = minimum_order(new_id())
    order["orderData"]["shipments"][0]["carrier"] = {"code": "custom", "service": "economy"}

    assert list(losses(order, oneflow.validate(order))) == []


@pytest.mark.requirement("oneflow.validation.no_order")
def test_validation_creates_nothing(oneflow: OneFlow, placed: Callable[..., Order], new_id: Callable[[], str]) -> None:
    """
    An order that was validated is no order yet: it can be validated again, and submitted.
    """
    order = minimum_order(new_id())
    oneflow.validate(order)
    oneflow.validate(order)

    receipt = oneflow.submit(order)

    assert oneflow.wait_for_order(receipt.id).source_order_id == order["orderData"]["sourceOrderId"]


def places_of(refused: pytest.ExceptionInfo[ValidationFailed]) -> list[str]:
    """The paths of a failed validation."""
    return [each.path for each in refused.value.validations]


@pytest.mark.requirement("oneflow.order.phone_required_by_carrier")
def test_blank_phone_is_no_phone(oneflow: OneFlow) -> None:
    """
    A carrier that demands a phone number is not content with a blank one.
    """
    order = minimum_order("1")
    order["destination"]["name"] = FULL.name
    order["orderData"]["shipments"][0]["carrier"] = {"alias": PHONE_CARRIER.alias}
    order["orderData"]["shipments"][0]["shipTo"]["phone"] = ""

    with pytest.raises(ValidationFailed) as refused:
        oneflow.validate(order)

    assert "orderData.shipments.0.shipTo.phone" in places_of(refused)


@pytest.mark.requirement("oneflow.order.shipment_index_points", "oneflow.order.item.shipment_index")
def test_item_without_an_index_points_to_the_first(oneflow: OneFlow) -> None:
    """
    An item without a shipmentIndex means shipment 0, and is refused where no shipment has that index.
    """
    order = minimum_order("1")
    order["orderData"]["shipments"][0]["shipmentIndex"] = 7

    with pytest.raises(ValidationFailed) as refused:
        oneflow.validate(order)

    assert places_of(refused) == ["orderData.items.0.shipmentIndex"]


@pytest.mark.parametrize(
    ("at", "values"),
    [pytest.param(*each[::2], marks=requirement_of(each[1]), id=f"{each[0]}, {each[1]}") for each in FIELDS],
)
@few(1)
@given(order=full_orders())
def test_every_wrong_value_of_a_field_is_refused(
    oneflow: OneFlow, order: dict[str, Json], at: str, values: tuple[Json, ...]
) -> None:
    """
    Each value that a field may not have is refused with the field's path, not only those that chance draws.
    """
    for value in values:
        with pytest.raises(ValidationFailed) as refused:
            oneflow.validate(changed(order, at, value))

        right = {at, *EQUALLY_RIGHT.get(at, ())}
        assert any(path in right or path.startswith(f"{at}.") for path in places_of(refused)), value
