"""Flow1st (Carry1st): digital goods, from access token to webhook."""

from flowproof.kernel import Provider, seed_data

from . import auth
from .control import control
from .errors import render
from .lifecycle import TASKS
from .routes import routes
from .webhooks import POLICY

__all__ = ["provider"]


provider = Provider(
    slug="flow1st",
    title="Flow1st (Carry1st): digital goods",
    routes=routes,
    presented_key=auth.presented_key,
    authenticate=auth.authenticate,
    render=render,
    mint=auth.mint,
    seed=seed_data("flow1st"),
    seed_schema="seed.schema.json",
    tasks=TASKS,
    fault_plans={
        "too_many_requests": ({"fault": "status", "status": 429, "first": 3},),
        "order_answer_lost": ({"fault": "reset", "moment": "after", "operation": "completeOrder", "first": 1},),
    },
    redact_header=auth.redact_header,
    diagnose=auth.explain_signature,
    webhooks=POLICY,
    secret_parameters=frozenset({"accessToken", "refreshToken"}),
    control=control,
    flask_context=False,
    hosts=("api-gateway.platform.stage.carry1st.com", "api-gateway.carry1st.com"),
    not_emulated=(
        "The pages of the Flow1st Admin Console: what is done there, the control API does.",
        "Which of the two hosts was query: the credential alone says whether it is staging or production.",
        "Rate limits: none is published, so none is kept; a fault plan answers 429.",
        "Roles other than API_USER, and whatever would be answered 403.",
        "Delivery to a game: a recipient of the seed data says what comes of an order.",
        "Quantities other than 1, and the `fields` of a bundle, whose use no page explains.",
    ),
)
