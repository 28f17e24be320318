"""The operations: each parses, asks a rule, and renders."""

from typing import Any

from flask import Blueprint

from flowproof.kernel import ctx, hex_id

from . import rules, webhooks

__all__ = ["routes"]

routes = Blueprint("acme", __name__)
BOOKING = "booking"
LIMIT = 20


@routes.get("/bookings")
def list_bookings() -> Any:
    """A page of bookings, the newest first."""
    query = ctx.query
    limit, offset = int(query.get("limit", LIMIT)), int(query.get("offset", 0))
    page = ctx.state.newest(BOOKING, limit=limit, offset=offset)
    return {"bookings": list(page), "total": ctx.state.count(BOOKING)}


@routes.post("/bookings")
def create_booking() -> Any:
    """Book a room for a day."""
    rules.check(ctx.json, rooms=ctx.seed["rooms"], today=ctx.now.date())
    booking = rules.booking(hex_id(ctx.rng, 12), ctx.json)
    ctx.state.put(BOOKING, booking["id"], booking)
    webhooks.notify(ctx.context, booking, ctx.json.get("notifyUrl"))
    return booking, 201


@routes.get("/bookings/<booking_id>")
def get_booking(booking_id: str) -> Any:
    """A booking that was not cancelled."""
    return rules.found(ctx.state.get(BOOKING, booking_id), booking_id)


@routes.delete("/bookings/<booking_id>")
def cancel_booking(booking_id: str) -> Any:
    """Cancel a booking."""
    rules.found(ctx.state.get(BOOKING, booking_id), booking_id)
    ctx.state.delete(BOOKING, booking_id)
    return None, 204
