"""The Integrations API (CargoPilot Dispatch): e-commerce integrations and workflows."""

from flowproof.kernel import Provider, seed_data

from . import auth, rules
from .control import control
from .errors import render
from .routes import routes
from .webhooks import POLICY

__all__ = ["provider"]

provider = Provider(
    slug="integrations",
    title="Integrations API (CargoPilot Dispatch): integrations and workflows",
    routes=routes,
    presented_key=auth.presented_key,
    authenticate=auth.authenticate,
    render=render,
    mint=auth.mint,
    seed=seed_data("integrations"),
    seed_schema="seed.schema.json",
    check_seed=rules.check_seed,
    fault_plans={"rate_limited": ({"fault": "status", "status": 429, "retry_after_s": 1, "first": 2},)},
    redact_header=auth.redact_header,
    webhooks=POLICY,
    secret_parameters=frozenset({"credentials", "apiKey", "apiSecret", "accessToken", "refreshToken", "auth"}),
    secret_members=frozenset({"auth", "p256dh"}),
    control=control,
    flask_context=False,
    hosts=("api.dispatch.example.com",),
    not_emulated=(
        "The platforms themselves: no store is asked, nothing is imported, synchronised or tracked.",
        "The settings autoImportOrders, syncProducts and pushTracking: kept, and change nothing.",
        "Signed webhooks: no scheme is known, so they are delivered unsigned.",
        "Rate limits: none are known; a fault plan provokes a 429.",
        "A push service's word that a subscription is gone (404, 410): it stays saved.",
        "TLS: the mock speaks plain HTTP on loopback; mail goes by plain SMTP, without login.",
    ),
)
