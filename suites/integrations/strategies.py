"""Bodies that a client may send: credentials, workflows, subscriptions, entities; and each of them made invalid."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .setup import ENTITY_TYPES, EXAMPLE

__all__ = [
    "INVALID_CONFIGURATIONS",
    "INVALID_SUBSCRIPTIONS",
    "INVALID_WORKFLOWS",
    "InvalidExample",
    "actions",
    "conditions",
    "configurations",
    "credentials",
    "entity_types",
    "names",
    "subscriptions",
    "workflow_bodies",
]

Json = Any

texts = st.text(st.characters(codec="utf-8"), max_size=20)
names = texts.filter(bool)
scalars = st.none() | st.booleans() | st.integers(-1000, 1000) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2))
entity_types = st.sampled_from(ENTITY_TYPES)
statuses = st.sampled_from(["new", "paid", "delivered", "returned"])
urls = st.sampled_from(["http://127.0.0.1:9/hook", "https://hooks.example/a?b=c", "http://localhost:1"])

secrets = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=12, max_size=40)
credentials: SearchStrategy[dict[str, Json]] = st.dictionaries(names, secrets, min_size=1, max_size=4)
"""Credentials of a platform that takes any."""

SETTINGS = ("autoImportOrders", "syncProducts", "pushTracking")
settings = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.booleans() for name in SETTINGS},
        "unknownSetting": scalars,
    },
)
"""Settings of an integration, documented ones and others."""

actions: SearchStrategy[dict[str, Json]] = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("send_email"), "recipient": st.sampled_from(["customer", "shop@example.com"])},
        optional={"template": st.sampled_from(["delivery_confirmation", "order_confirmation"])},
    ),
    st.fixed_dictionaries({"type": st.just("send_push")}, optional={"title": names, "message": names}),
    st.fixed_dictionaries({"type": st.just("webhook"), "url": urls}),
    st.fixed_dictionaries({"type": st.just("update_status"), "status": statuses}),
)
"""Each of the four actions, with whatever it may have."""

conditions: SearchStrategy[dict[str, Json]] = st.dictionaries(names, values, max_size=3)


def configurations() -> SearchStrategy[dict[str, Json]]:
    """Valid configurations of the document's platform, with unknown settings and fields."""
    return st.fixed_dictionaries(
        {
            "providerId": st.just(EXAMPLE.id),
            "providerType": st.just(EXAMPLE.type),
            "credentials": credentials.map(lambda more: {**more, **EXAMPLE.credentials}),
        },
        optional={"settings": settings, "unknownField": values},
    )


def workflow_bodies(trigger_id: str, entity_type: str) -> SearchStrategy[dict[str, Json]]:
    """Valid bodies of a workflow, without a name, with unknown fields."""
    return st.fixed_dictionaries(
        {"entityType": st.just(entity_type), "triggerId": st.just(trigger_id), "action": actions},
        optional={"conditions": conditions, "unknownField": values},
    )


def subscriptions() -> SearchStrategy[dict[str, Json]]:
    """Subscriptions of a browser or of the document; `expirationTime` is a browser's."""
    return st.fixed_dictionaries(
        {
            "endpoint": st.sampled_from(["https://fcm.googleapis.com/fcm/send/...", "http://127.0.0.1:9/push/1"]),
            "keys": st.fixed_dictionaries({"p256dh": names, "auth": names}),
        },
        optional={"expirationTime": st.none()},
    )


@dataclass(frozen=True, slots=True)
class InvalidExample:
    """
    One way to make a body invalid.

    Args:
        name: For people.
        requirement: Which is then not met.
        place: Where the answer's message says that it is.
        do: Breaks a copy of a right body.
    """

    name: str
    requirement: str
    place: str
    do: Callable[[dict[str, Json]], object]

    def __str__(self) -> str:
        return self.name

    def of(self, right: dict[str, Json]) -> dict[str, Json]:
        """The invalid body."""
        broken = copy.deepcopy(right)
        self.do(broken)
        return broken


def _without(*path: str) -> Callable[[dict[str, Json]], object]:
    def do(body: dict[str, Json]) -> None:
        for step in path[:-1]:
            body = body[step]
        del body[path[-1]]

    return do


def _with(value: Json, *path: str) -> Callable[[dict[str, Json]], object]:
    def do(body: dict[str, Json]) -> None:
        for step in path[:-1]:
            body = body[step]
        body[path[-1]] = value

    return do


def _invalid_examples(
    requirement: str, *path: str, bad: tuple[Json, ...], needed: bool = True
) -> tuple[InvalidExample, ...]:
    place = ".".join(path)
    named = f"integrations.{requirement}"
    missing = (InvalidExample(f"no {place}", named, place, _without(*path)),) if needed else ()
    return (*missing, *(InvalidExample(f"{place} is {value!r}", named, place, _with(value, *path)) for value in bad))


def _of_action(
    requirement: str, key: str, right: dict[str, Json], bad: tuple[Json, ...], *, needed: bool = True
) -> tuple[InvalidExample, ...]:
    named, place = f"integrations.action.{requirement}", f"action.{key}"
    without = {name: value for name, value in right.items() if name != key}
    called = f"{place} of {right['type']}"
    missing = (InvalidExample(f"no {called}", named, place, _with(without, "action")),) if needed else ()
    wrong = (
        InvalidExample(f"{called} is {value!r}", named, place, _with({**right, key: value}, "action")) for value in bad
    )
    return (*missing, *wrong)


NO_TEXT: tuple[Json, ...] = (None, 5, "", [], {})
NO_URL: tuple[Json, ...] = (*NO_TEXT, "ftp://example.com", "hooks.example/a", "http:///a")
EMAIL = {"type": "send_email", "recipient": "customer", "template": "delivery_confirmation"}
PUSH = {"type": "send_push", "title": "New", "message": "order"}
INVALID_WORKFLOWS: tuple[InvalidExample, ...] = (
    *_invalid_examples("workflow.name", "name", bad=NO_TEXT),
    *_invalid_examples("workflow.entity_types", "entityType", bad=("order", "Invoice", None)),
    *_invalid_examples("workflow.trigger_id", "triggerId", bad=NO_TEXT),
    *_invalid_examples("workflow.action_object", "action", bad=("send_email", None, [])),
    *_invalid_examples("workflow.action_types", "action", "type", bad=("send_sms", "SEND_EMAIL", None)),
    *_invalid_examples("workflow.conditions", "conditions", bad=("status", [], None), needed=False),
    *_of_action("email_recipient", "recipient", EMAIL, NO_TEXT),
    *_of_action("email_template", "template", EMAIL, NO_TEXT, needed=False),
    *_of_action("push_text", "title", PUSH, NO_TEXT, needed=False),
    *_of_action("push_text", "message", PUSH, NO_TEXT, needed=False),
    *_of_action("webhook_url", "url", {"type": "webhook", "url": "https://hooks.example"}, NO_URL),
    *_of_action("status_value", "status", {"type": "update_status", "status": "closed"}, NO_TEXT),
)
"""Every way to break the body of a workflow that sends an e-mail."""

INVALID_CONFIGURATIONS: tuple[InvalidExample, ...] = (
    *_invalid_examples("configure.provider_id", "providerId", bad=NO_TEXT),
    *_invalid_examples("configure.provider_type", "providerType", bad=NO_TEXT),
    *_invalid_examples("configure.credentials", "credentials", bad=("your-api-key", [], None)),
    *_invalid_examples("configure.settings", "settings", bad=("all", []), needed=False),
    *(
        each
        for name in SETTINGS
        for each in _invalid_examples("configure.settings", "settings", name, bad=("true", 1), needed=False)
    ),
)
"""Every way to break a configuration that has settings."""

INVALID_SUBSCRIPTIONS: tuple[InvalidExample, ...] = (
    *_invalid_examples("push.endpoint", "endpoint", bad=(None, "", "fcm", "ftp://push.example")),
    *_invalid_examples("push.keys", "keys", bad=(None, "p256dh", [])),
    *_invalid_examples("push.keys", "keys", "p256dh", bad=(None, "", 5)),
    *_invalid_examples("push.keys", "keys", "auth", bad=(None, "", 5)),
)
"""Every way to break a subscription."""
