"""Flow1st (Carry1st): digital goods, from access token to webhook."""

from random import Random
from typing import Any

from flowproof.kernel import Credential, Provider, hex_id, seed_data

from . import auth
from .control import control
from .errors import render
from .lifecycle import TASKS
from .routes import routes
from .webhooks import POLICY

__all__ = ["provider"]


def mint(rng: Random, seed: Any) -> tuple[Credential, ...]:
    """An API key for each environment, with its secret, its signing key, and the token that its webhooks carry."""
    return tuple(
        Credential(
            key=hex_id(rng, 32),
            role=environment["role"],
            public={"environment": environment["name"]},
            secrets={
                "secret": hex_id(rng, 48),
                "signing_key": hex_id(rng, 43),
                "webhook_token": hex_id(rng, 40),
            },
        )
        for environment in seed["environments"]
    )


provider = Provider(
    slug="flow1st",
    title="Flow1st (Carry1st): digital goods",
    routes=routes,
    presented_key=auth.presented_key,
    authenticate=auth.authenticate,
    render=render,
    mint=mint,
    seed=seed_data("flow1st"),
    seed_schema="seed.schema.json",
    tasks=TASKS,
    fault_plans={
        "too_many_requests": ({"fault": "status", "status": 429, "first": 3},),
        "order_answer_lost": ({"fault": "reset", "moment": "after", "operation": "completeOrder", "first": 1},),
    },
    redact_header=auth.redact_header,
    diagnose=auth.diagnosed,
    webhooks=POLICY,
    secret_parameters=frozenset({"accessToken", "refreshToken"}),
    control=control,
    flask_context=False,
    hosts=("api-gateway.platform.stage.carry1st.com", "api-gateway.carry1st.com"),
    not_emulated=(
        "The Flow1st Admin Console: balance, configuration, refunds and chargebacks are steered by the control API.",
        "Which of the two hosts was asked: the credential alone says whether it is staging or production.",
        "Rate limits: none is published, so none is kept; a fault plan answers 429.",
        "Roles other than API_USER, and whatever would be answered 403.",
        "Delivery to a game: a recipient of the seed data says what comes of an order.",
        "Quantities other than 1, and the `fields` of a bundle, whose use no page explains.",
    ),
)
