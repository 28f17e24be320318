"""Otter (CloudKitchens): store onboarding over a real OAuth authorization code flow."""

from random import Random
from typing import Any
from uuid import UUID

from flowproof.kernel import Credential, Provider, hex_id, seed_data

from . import auth
from .control import control
from .errors import render
from .granting import TASKS
from .limits import admit
from .routes import routes

__all__ = ["provider"]


def mint(rng: Random, seed: Any) -> tuple[Credential, ...]:
    """A client id and a secret for each application of the seed data."""
    return tuple(
        Credential(
            key=str(UUID(int=rng.getrandbits(128), version=4)),
            role=client["role"],
            public={"client": client["name"], "redirect_uri": client["redirect_uris"][0], "scopes": client["scopes"]},
            secrets={"secret": hex_id(rng, 40)},
        )
        for client in seed["clients"]
    )


provider = Provider(
    slug="otter",
    title="Otter: store onboarding",
    routes=routes,
    presented_key=auth.presented_key,
    authenticate=auth.authenticate,
    render=render,
    mint=mint,
    seed=seed_data("otter"),
    seed_schema="seed.schema.json",
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
