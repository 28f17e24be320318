"""Orders for the mock's own account set-up, in the pieces from which OneFlow's SDK builds one, and as they are sent."""

from typing import Any

__all__ = ["as_sent", "make_order"]


def make_order(source_order_id: str = "SO-1", *, town: str | None = "Los Angeles") -> Any:
    """
    A photo book for Peter Pan.

    Args:
        source_order_id: The account's own id for it.
        town: Of the recipient; None leaves it out, which no valid order may.
    """
    address = {"name": "Peter Pan", "address1": "17 Disney Way", "postcode": "34757", "isoCountry": "US"}
    artwork = {"fetch": True, "path": "https://files.example/book.pdf"}
    return {
        "destination": "printcompanyx",
        "orderData": {"sourceOrderId": source_order_id},
        "items": [
            {
                "sourceItemId": f"{source_order_id}-1",
                "sku": "SKU-CODE-X",
                "quantity": 2,
                "components": [{"code": "text", **artwork}, {"code": "cover", **artwork}],
            }
        ],
        "stockItems": [{"code": "coupon", "quantity": 1}],
        "shipments": [
            {"shipTo": address if town is None else {**address, "town": town}, "carrier": {"alias": "shipping"}}
        ],
    }


def as_sent(order: Any) -> Any:
    """The documented body of an order in pieces."""
    parts = {name: order[name] for name in ("items", "stockItems", "shipments")}
    return {"destination": {"name": order["destination"]}, "orderData": {**order["orderData"], **parts}}
