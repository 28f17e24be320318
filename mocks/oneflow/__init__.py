"""OneFlow (HP Site Flow): print orders, from validation to shipping."""

from flowproof.kernel import Provider, seed_data

from . import auth, webhooks
from .control import control
from .errors import render
from .lifecycle import TASKS
from .routes import routes

__all__ = ["provider"]


provider = Provider(
    slug="oneflow",
    title="OneFlow (HP Site Flow): print orders",
    routes=routes,
    presented_key=auth.presented_key,
    authenticate=auth.authenticate,
    render=render,
    mint=auth.mint,
    seed=seed_data("oneflow"),
    seed_schema="seed.schema.json",
    check_seed=webhooks.check_triggers,
    tasks=TASKS,
    fault_plans={"scaling_up": ({"fault": "status", "status": 503, "operation": "submitOrder", "first": 3},)},
    redact_header=auth.redact_header,
    diagnose=auth.explain_signature,
    webhooks=webhooks.POLICY,
    secret_members=frozenset({"authorization"}),
    control=control,
    flask_context=False,
    hosts=("pro-api.oneflowcloud.com", "orders.oneflow.io"),
    not_emulated=(
        "Postbacks that only the provider's later page names: reprints, stock alerts, sub-batches and others.",
        "Templates beyond a subset of Handlebars: no helpers of one's own, partials, sub-expressions or literals.",
        "Files: artwork is not fetched, checked or stored; the seed data says which of it is bad.",
        "TLS: the mock speaks plain HTTP on loopback.",
        "Delivery dates: shipByDate, slaDays and canShipEarly are kept and change nothing.",
        "Order routing (POST /api/order/route/{rule}), details, files, products, SKUs, stock, stations and batches.",
        "The legacy PrintOS header names (x-hp-hmac-…).",
    ),
)
