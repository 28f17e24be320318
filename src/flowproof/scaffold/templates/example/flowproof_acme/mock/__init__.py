"""The mock: one provider, found through the entry point group `flowproof.providers`."""

from importlib.resources import files

from flowproof.kernel import Provider

from .auth import authenticate, mint, presented_key
from .errors import render
from .routes import routes
from .webhooks import POLICY

__all__ = ["provider"]

provider = Provider(
    slug="acme",
    title="Acme: rooms by the day",
    routes=routes,
    presented_key=presented_key,
    authenticate=authenticate,
    render=render,
    mint=mint,
    seed={"rooms": ["blue", "green"]},
    seed_schema="seed.schema.json",
    webhooks=POLICY,
    contract=files("flowproof_acme").joinpath("contract"),
    flask_context=False,
    not_emulated=("A room can be booked twice for one day.",),
)
