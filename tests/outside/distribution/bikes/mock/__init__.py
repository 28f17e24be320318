"""The mock: one provider, found through the entry point group `flowproof.providers`."""

from importlib.resources import files
from random import Random
from typing import Any

import orjson
from flask import Blueprint

from flowproof.conformance import Finding
from flowproof.kernel import (
    Credential,
    Provider,
    ProviderContext,
    ProviderRequest,
    Refusal,
    WireResponse,
    ctx,
    hex_id,
)
from flowproof.kernel.refusals import ContractBroken, MethodNotAllowed, NoSuchRoute

from . import rules

__all__ = ["provider"]

routes = Blueprint("bikes", __name__)
STATUS = {
    rules.UnknownBike: 404,
    rules.UnknownRental: 404,
    ContractBroken: 422,
    MethodNotAllowed: 405,
    NoSuchRoute: 404,
}


class Unauthorized(Refusal):
    """The request has no token of this workspace."""


@routes.get("/bikes")
def list_bikes() -> Any:
    """All bikes."""
    return {"bikes": list(ctx.seed["bikes"])}


@routes.post("/rentals")
def start_rental() -> Any:
    """Rent a bike."""
    bike = rules.find_bike(ctx.seed["bikes"], ctx.json["bikeId"])
    price = rules.price(bike, ctx.json["days"])
    rental = {"id": hex_id(ctx.rng, 12), "bikeId": bike["id"], "days": ctx.json["days"], "price": price}
    ctx.state.put("rental", rental["id"], rental)
    return rental, 201


@routes.get("/rentals/<rental_id>")
def get_rental(rental_id: str) -> Any:
    """A rental that was not ended."""
    return rules.found(ctx.state.get("rental", rental_id), rental_id)


@routes.delete("/rentals/<rental_id>")
def end_rental(rental_id: str) -> Any:
    """Bring a bike back."""
    rules.found(ctx.state.get("rental", rental_id), rental_id)
    ctx.state.delete("rental", rental_id)
    return None, 204


def presented_key(request: ProviderRequest) -> str | None:
    """The token."""
    return (request.header("authorization") or "").removeprefix("Bearer ") or None


def authenticate(request: ProviderRequest, context: ProviderContext) -> str:
    """Whoever has a token of this workspace."""
    key = presented_key(request)
    if key is None or context.credential(key) is None:
        raise Unauthorized([Finding("request.headers", "/authorization", "a token", "another", "bikes.auth.token")])
    return key


def render(refusal: Refusal) -> WireResponse:
    """All errors look alike."""
    status = 401 if isinstance(refusal, Unauthorized) else STATUS.get(type(refusal), 500)
    return WireResponse(status, orjson.dumps({"error": str(status)}), (("Content-Type", "application/json"),))


def mint(rng: Random, _seed: Any) -> tuple[Credential, ...]:
    """One token, which is its own secret."""
    key = hex_id(rng, 20)
    return (Credential(key, secrets={"token": key}),)


provider = Provider(
    slug="bikes",
    title="Bikes for rent",
    routes=routes,
    presented_key=presented_key,
    authenticate=authenticate,
    render=render,
    mint=mint,
    seed={"bikes": [{"id": "city", "pricePerDay": 12}, {"id": "cargo", "pricePerDay": 40}]},
    seed_schema="seed.schema.json",
    contract=files("bikes").joinpath("contract"),
    flask_context=False,
)
