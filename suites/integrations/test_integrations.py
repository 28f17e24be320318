"""Integrations: configured, disabled, removed, and configured again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients import NotFound, Refused
from flowproof.clients.integrations import Integration, Integrations
from flowproof.target import Workspace

from .profiles import NETWORKED, few
from .raw_client import CONFIGURE, SAVE_SUBSCRIPTION, RawClient, error_of
from .setup import EXAMPLE, OPEN, PARCELS, SECOND, Platform
from .strategies import (
    INVALID_CONFIGURATIONS,
    INVALID_SUBSCRIPTIONS,
    InvalidExample,
    configurations,
    credentials,
    subscriptions,
)

CONFLICT = (409, "CONFLICT", "Integration already configured")
WRONG = (400, "CONFIGURATION_ERROR", "Invalid credentials")
UNKNOWN = (404, "NOT_FOUND", "Integration not found")
Connect = Callable[[Platform], Integration]
NeedPlatform = Callable[[Platform], None]


def configuration(platform: Platform = EXAMPLE, **changed: Any) -> dict[str, Any]:
    """A valid configuration, with some of its fields changed."""
    right = {"providerId": platform.id, "providerType": platform.type, "credentials": dict(platform.credentials)}
    return {**right, "settings": {"syncProducts": True}, **changed}


def broken(invalid_examples: tuple[InvalidExample, ...]) -> list[Any]:
    """Every invalid example as a parameter, marked with its requirement."""
    return [
        pytest.param(each, id=str(each), marks=pytest.mark.requirement(each.requirement)) for each in invalid_examples
    ]


@pytest.mark.requirement("integrations.configure.active", "integrations.configure.connected_at")
@pytest.mark.parametrize("platform", [EXAMPLE, SECOND, OPEN, PARCELS], ids=lambda platform: platform.name)
def test_right_credentials_make_an_active_integration(connect: Connect, platform: Platform) -> None:
    """
    With the right credentials a platform is connected: active, under its own name, from now on.
    """
    made = connect(platform)

    assert (made.status, made.provider) == ("active", platform.name)
    assert datetime.fromisoformat(made.connected_at or "").tzinfo is not None


@pytest.mark.requirement("integrations.configure.connected_at")
def test_moment_of_connection_is_the_clock(workspace: Workspace, connect: Connect) -> None:
    """
    An integration is connected at the present moment, to the second.
    """
    workspace.clock.freeze("2024-01-16T10:00:00.999Z")

    assert connect(EXAMPLE).connected_at == "2024-01-16T10:00:00Z"


@pytest.mark.requirement(
    "integrations.configure.body", "integrations.configure.unknown_fields", "integrations.envelope.status"
)
@pytest.mark.requirement("integrations.configure.settings", "integrations.configure.credentials")
@few(20)
@given(body=configurations())
def test_whatever_a_platform_needs_is_accepted(
    raw: RawClient, integrations: Integrations, need_platform: NeedPlatform, body: dict[str, Any]
) -> None:
    """
    Further credentials, settings and fields make no configuration wrong.
    """
    need_platform(EXAMPLE)
    answer = raw.send("POST", CONFIGURE, value=body)
    data = answer.json()["data"]
    integrations.remove(data["guid"])

    assert (answer.status_code, data["status"]) == (200, "active")


@pytest.mark.requirement("integrations.configure.no_secrets")
@few(20)
@given(given_credentials=credentials)
def test_answers_do_not_repeat_credentials(
    raw: RawClient, integrations: Integrations, need_platform: NeedPlatform, given_credentials: dict[str, str]
) -> None:
    """
    Neither success nor conflict nor refusal has any of the credentials in it.
    """
    need_platform(OPEN)
    given_credentials = {name: f"{value}-4c1f" for name, value in given_credentials.items()}  # (no word of an answer)
    body = configuration(OPEN, credentials=given_credentials)
    answers = [raw.send("POST", CONFIGURE, value=body) for _ in range(2)]
    answers.append(raw.send("POST", CONFIGURE, value=configuration(credentials=given_credentials)))
    answers.append(raw.send("POST", CONFIGURE, value={**body, "providerId": 5}))
    integrations.remove(answers[0].json()["data"]["guid"])

    assert [answer.status_code for answer in answers] == [200, 409, 400, 400]
    assert not any(secret in answer.text for secret in given_credentials.values() for answer in answers)


@pytest.mark.parametrize("example", broken(INVALID_CONFIGURATIONS))
def test_broken_configuration_is_refused(raw: RawClient, example: InvalidExample) -> None:
    """
    A configuration with one thing broken is answered 400.
    """
    answer = raw.send("POST", CONFIGURE, value=example.of(configuration()))

    assert error_of(answer)[:2] == (400, "CONFIGURATION_ERROR")


@pytest.mark.requirement("integrations.configure.body", "integrations.push.body", "integrations.error.bad_request")
@pytest.mark.parametrize("path", [CONFIGURE, SAVE_SUBSCRIPTION])
@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"5"])
def test_body_is_one_object(raw: RawClient, path: str, body: bytes) -> None:
    """
    A configuration or a subscription that is JSON, but no object, is answered 400.
    """
    assert error_of(raw.send("POST", path, body=body))[:2] == (400, "CONFIGURATION_ERROR")


@pytest.mark.requirement("integrations.configure.right_credentials")
@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"apiKey": "your-api-key"},
        {**EXAMPLE.credentials, "apiKey": "YOUR-API-KEY"},
        {**EXAMPLE.credentials, "apiSecret": ""},
        {**EXAMPLE.credentials, "apiSecret": None},
        {**EXAMPLE.credentials, "apiSecret": ["your-api-secret"]},
        {**EXAMPLE.credentials, "storeUrl": "https://yourstore.example.com/"},
    ],
    ids=str,
)
def test_wrong_credentials_are_refused(
    raw: RawClient, integrations: Integrations, need_platform: NeedPlatform, wrong: dict[str, Any]
) -> None:
    """
    Credentials that are missing, or not exactly the right ones, are answered 400 to the letter and configure nothing.
    """
    need_platform(EXAMPLE)
    assert error_of(raw.send("POST", CONFIGURE, value=configuration(credentials=wrong))) == WRONG

    made = integrations.configure(EXAMPLE.id, EXAMPLE.credentials)  # no conflict: nothing was there
    integrations.remove(made.guid)


@pytest.mark.requirement("integrations.configure.known_provider", "integrations.error.not_found")
@pytest.mark.parametrize("change", [{"providerId": "provider-uuid-2"}, {"providerType": "carrier"}], ids=str)
def test_unknown_platform_is_not_found(raw: RawClient, change: dict[str, Any]) -> None:
    """
    A platform that nobody knows, or not as of that type, is answered 404.
    """
    status, code, _ = error_of(raw.send("POST", CONFIGURE, value=configuration(**change)))

    assert (status, code) == (404, "NOT_FOUND")


@pytest.mark.requirement("integrations.configure.once")
@pytest.mark.parametrize("second", [EXAMPLE.credentials, {"apiKey": "wrong"}], ids=["right", "wrong"])
def test_second_configuration_is_a_conflict(connect: Connect, raw: RawClient, second: dict[str, str]) -> None:
    """
    An active integration cannot be configured a second time, whatever the credentials.
    """
    connect(EXAMPLE)

    assert error_of(raw.send("POST", CONFIGURE, value=configuration(credentials=dict(second)))) == CONFLICT


@pytest.mark.requirement("integrations.configure.once")
def test_platforms_do_not_get_in_each_others_way(connect: Connect) -> None:
    """
    Each platform is configured once for itself.
    """
    assert connect(EXAMPLE).guid != connect(SECOND).guid


@pytest.mark.requirement("integrations.disable.status", "integrations.disable.twice", "integrations.disable.get")
def test_disabled_integration_stays_disabled(connect: Connect, integrations: Integrations) -> None:
    """
    An integration is disabled by a GET, and a second one is answered like the first.
    """
    guid = connect(EXAMPLE).guid
    answers = [integrations.disable(guid) for _ in range(2)]

    assert [(each.guid, each.status) for each in answers] == [(guid, "disabled")] * 2


@pytest.mark.requirement("integrations.disable.get", "integrations.integration.identifier")
def test_disabling_concerns_one_integration(connect: Connect, raw: RawClient, integrations: Integrations) -> None:
    """
    Of two integrations the one whose guid is in the path is disabled and can come back, the other stays connected.
    """
    connect(EXAMPLE)
    second = connect(SECOND)

    assert integrations.disable(second.guid).guid == second.guid
    assert error_of(raw.send("POST", CONFIGURE, value=configuration(EXAMPLE))) == CONFLICT
    assert connect(SECOND).guid == second.guid


@pytest.mark.requirement("integrations.remove.gone", "integrations.integration.identifier")
def test_removal_concerns_one_integration(connect: Connect, raw: RawClient, integrations: Integrations) -> None:
    """
    Of two integrations the one whose guid is in the path is removed, the other stays connected.
    """
    connect(EXAMPLE)
    integrations.remove(connect(SECOND).guid)

    assert error_of(raw.send("POST", CONFIGURE, value=configuration(EXAMPLE))) == CONFLICT


@pytest.mark.requirement("integrations.configure.after_disable")
def test_disabled_integration_is_configured_again(connect: Connect, integrations: Integrations) -> None:
    """
    A disabled integration can be configured again, and is then active under the guid that it had.
    """
    guid = connect(EXAMPLE).guid
    integrations.disable(guid)
    again = connect(EXAMPLE)

    assert (again.guid, again.status) == (guid, "active")


@pytest.mark.requirement("integrations.configure.after_disable", "integrations.configure.right_credentials")
def test_disabled_integration_still_asks_for_credentials(connect: Connect, integrations: Integrations) -> None:
    """
    What was configured before is not configured again with wrong credentials.
    """
    integrations.disable(connect(EXAMPLE).guid)

    with pytest.raises(Refused) as refused:
        integrations.configure(EXAMPLE.id, {"apiKey": "wrong-api-key"})

    assert (refused.value.code, "wrong-api-key" in str(refused.value)) == ("CONFIGURATION_ERROR", False)


@pytest.mark.requirement("integrations.remove.gone", "integrations.integration.not_found")
@pytest.mark.requirement("integrations.configure.after_remove")
def test_removed_integration_is_gone(connect: Connect, integrations: Integrations) -> None:
    """
    A removed integration can neither be disabled nor removed again; configured again it is another one.
    """
    guid = connect(EXAMPLE).guid
    integrations.remove(guid)

    with pytest.raises(NotFound):
        integrations.disable(guid)
    with pytest.raises(NotFound):
        integrations.remove(guid)
    assert connect(EXAMPLE).guid != guid


@pytest.mark.requirement("integrations.remove.ecommerce")
def test_other_types_are_not_removed_as_ecommerce(connect: Connect, raw: RawClient, integrations: Integrations) -> None:
    """
    The path removes e-commerce integrations; one with a carrier is not found there, and stays.
    """
    guid = connect(PARCELS).guid

    assert error_of(raw.send("DELETE", f"/api/integrations/providers/ecommerce/remove/{guid}")) == UNKNOWN
    assert integrations.disable(guid).status == "disabled"


@pytest.mark.requirement("integrations.integration.not_found", "integrations.integration.identifier")
@few(15)
@given(guid=st.uuids().map(str) | st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1))
def test_integration_that_nobody_has_is_not_found(integrations: Integrations, guid: str) -> None:
    """
    Whatever the identifier, what does not exist is not found: the body is the document's.
    """
    for ask in (integrations.disable, integrations.remove):
        with pytest.raises(NotFound) as missing:
            ask(guid)
        assert (missing.value.code, missing.value.message) == ("NOT_FOUND", "Integration not found")


@pytest.mark.requirement(
    "integrations.push.body", "integrations.envelope.success_alone", "integrations.envelope.status"
)
@NETWORKED
@given(subscription=subscriptions())
def test_subscription_is_saved(raw: RawClient, subscription: dict[str, Any]) -> None:
    """
    A subscription is saved with keys of any length.
    """
    answer = raw.send("POST", SAVE_SUBSCRIPTION, value=subscription)

    assert (answer.status_code, answer.json()["success"], "data" in answer.json()) == (200, True, False)


@pytest.mark.parametrize("example", broken(INVALID_SUBSCRIPTIONS))
def test_broken_subscription_is_refused(raw: RawClient, example: InvalidExample) -> None:
    """
    A subscription with one thing broken is answered 400.
    """
    right = {"endpoint": "https://push.example/1", "keys": {"p256dh": "public-key-string", "auth": "secret"}}
    answer = raw.send("POST", SAVE_SUBSCRIPTION, value=example.of(right))

    assert error_of(answer)[:2] == (400, "CONFIGURATION_ERROR")
