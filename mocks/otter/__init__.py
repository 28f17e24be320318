"""Otter (CloudKitchens): store onboarding over a real OAuth authorization code flow."""

from flowproof.kernel import Provider, seed_data

from . import auth
from .control import control
from .errors import render
from .grants import TASKS
from .rate_limits import admit
from .routes import routes
from .structure import check_seed

__all__ = ["provider"]


provider = Provider(
    slug="otter",
    title="Otter: store onboarding",
    routes=routes,
    presented_key=auth.presented_key,
    authenticate=auth.authenticate,
    render=render,
    mint=auth.mint,
    seed=seed_data("otter"),
    seed_schema="seed.schema.json",
    check_seed=check_seed,
    tasks=TASKS,
    fault_plans={
        "spurious_401": ({"fault": "status", "status": 401, "operation": "organizationGetOrganization", "first": 1},)
    },
    redact_header=auth.redact_header,
    admit=admit,
    secret_parameters=frozenset({"access_token", "client_secret", "code", "code_verifier", "ticket"}),
    control=control,
    flask_context=False,
    hosts=("partners.cloudkitchens.com", "partners-staging.cloudkitchens.com"),
    not_emulated=(
        "Everything but authorization, organization and connection: ping, orders, menus, delivery, finance, reports.",
        "Webhooks.",
        "Signing in: the authorization page lets whoever opens it choose a user.",
        "TLS: the mock speaks plain HTTP on loopback.",
        "Rate limits of single endpoints, stores and applications.",
    ),
)
