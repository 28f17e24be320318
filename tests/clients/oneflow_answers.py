"""Answers of OneFlow for the tests of its client, and what it is set up with."""

from datetime import UTC, datetime
from typing import Any

__all__ = [
    "ADDRESS",
    "INVALID",
    "NOON",
    "NOON_TEXT",
    "NOT_FOUND",
    "ORDER",
    "ORDER_ID",
    "RECEIPT",
    "SECRET",
    "TOKEN",
    "order_json",
    "page_json",
]

TOKEN = "test-token"
SECRET = "test-secret"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_TEXT = "2026-01-01T12:00:00.000Z"
ORDER_ID = "5910757faab8ec6f60127999"

ADDRESS = {"name": "Peter Pan", "address1": "17 Disney Way", "town": "LA", "postcode": "34757", "isoCountry": "US"}
ORDER = {"destination": {"name": "printcompanyx"}, "orderData": {"sourceOrderId": "SO-1", "items": [], "shipments": []}}
RECEIPT = {
    "_id": ORDER_ID,
    "url": f"https://s3.amazonaws.com/order/{ORDER_ID}",
    "timestamp": "2017-04-08T13:41:19.998Z",
    "sourceAccountId": "51bb2fc71745777ba63f3f11",
}
NOT_FOUND = {
    "success": False,
    "error": {"message": "Couldn't find a thing with that ID", "name": "NotFound", "code": 404},
}
INVALID = {
    "success": False,
    "error": {
        "ofError": True,
        "statusCode": 400,
        "code": 208,
        "message": "Validation Failed",
        "validations": [{"path": "orderData.sourceOrderId", "message": "Source Order ID already exists"}],
        "mongoErr": True,
    },
}


def order_json(order_id: str = ORDER_ID, status: str = "dataready") -> dict[str, Any]:
    """An order as the provider shows it."""
    return {
        "_id": order_id,
        "__v": 1,
        "destination": {"id": "d1", "name": "printcompanyx"},
        "source": {"id": "s1", "name": "acct"},
        "orderData": {
            "sourceOrderId": "SO-1",
            "status": status,
            "items": [
                {
                    "_id": "i1",
                    "sourceItemId": "SI-1",
                    "sku": "SKU-1",
                    "quantity": 2,
                    "shipmentIndex": 0,
                    "status": "live",
                    "components": [{"_id": "c1", "code": "text", "path": "http://x.test/a.pdf", "status": "live"}],
                }
            ],
            "shipments": [{"_id": "h1", "shipmentIndex": 0, "shipTo": ADDRESS, "carrier": {"alias": "post"}}],
        },
    }


def page_json(numbers: range, *, page: int, pages: int | None) -> dict[str, Any]:
    """A page of orders."""
    told = {} if pages is None else {"pages": pages, "count": 99}
    return {"success": True, "page": page, "data": [order_json(f"{number:024x}") for number in numbers], **told}
