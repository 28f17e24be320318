"""Dots.eco flow cards: gift cards for environmental impact."""

from flowproof.kernel import Provider, seed_data

from . import auth
from .control import control
from .errors import render
from .routes import routes

__all__ = ["provider"]


provider = Provider(
    slug="dots_eco",
    title="Dots.eco: flow gift cards",
    routes=routes,
    presented_key=auth.presented_key,
    authenticate=auth.authenticate,
    render=render,
    mint=auth.mint,
    seed=seed_data("dots_eco"),
    seed_schema="seed.schema.json",
    fault_plans={"unavailable": ({"fault": "status", "status": 503, "operation": "createFlowCard", "first": 3},)},
    redact_header=auth.redact_header,
    control=control,
    flask_context=False,
    hosts=("impact.dots.eco",),
    not_emulated=(
        "Cards are kept, but not redeemed, mailed to their recipients or charged to the application's balance.",
        "Certificates, allocations, eco clubs, impact summaries, applications, languages and currencies.",
        "Rate limits: none is documented; a fault plan can answer 429.",
        "TLS: the mock speaks plain HTTP on loopback.",
        "JSON as Drupal escapes it on the wire (\\u0027, \\/): bodies are the documented ones, without blanks.",
    ),
)
