"""The client of the Integrations API against a scripted HTTP server on loopback."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowproof.clients import (
    ClientError,
    Forbidden,
    NotFound,
    RateLimited,
    Refused,
    Retry,
    ServerFailed,
    Unauthorized,
    UnexpectedAnswer,
    Unreachable,
)
from flowproof.clients.integrations import Integrations
from flowproof.errors import ConfigurationError
from tests.clients.scripted import Provider, Reply

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
GUID = "8a6e0804-2bd0-4672-b79d-d97027f9071a"
CREDENTIALS = {"apiKey": "your-api-key", "nested": {"apiSecret": ["your-api-secret"]}}
SUBSCRIPTION = {"endpoint": "https://push.example/1", "keys": {"p256dh": "public-key-string", "auth": "auth-secret"}}
CONFIGURED = {
    "data": {"guid": GUID, "provider": "provider-name", "status": "active", "connectedAt": "2024-01-16T10:00:00Z"},
    "success": True,
}
DISABLED = {"data": {"guid": GUID, "status": "disabled"}, "success": True}
TRIGGER = {"guid": "trigger-uuid", "name": "Order Created", "code": "order_created", "description": "Fires"}
WORKFLOW = {
    "guid": GUID,
    "name": "Notify on Delivery",
    "entityType": "Shipment",
    "trigger": "shipment_delivered",
    "action": "send_email",
    "isActive": True,
    "isManaged": False,
}
DONE = {"success": True}


def success(value: object) -> dict[str, object]:
    """A successful response with data."""
    return {"data": value, "success": True}


def refusal(code: str, message: str) -> dict[str, object]:
    """The documented error body."""
    return {"success": False, "error": {"code": code, "message": message}}


@pytest.fixture
def waits() -> list[float]:
    """The pauses of the client, in seconds."""
    return []


@pytest.fixture
def client(provider: Provider, waits: list[float]) -> Iterator[Integrations]:
    """A client that does not really sleep."""
    retry = Retry(attempts=3, jitter=0)
    noon = datetime(2024, 1, 16, 12, tzinfo=UTC)
    with Integrations(provider.url, TOKEN, retry=retry, sleep=waits.append, now=lambda: noon, rng=Random(0)) as made:
        yield made


Call = Callable[[Integrations], object]
READS: dict[str, tuple[Call, object]] = {
    "triggers": (lambda client: client.triggers("Order"), success([TRIGGER])),
    "workflows": (lambda client: client.workflows("Order"), success([WORKFLOW])),
}
CHANGES: dict[str, tuple[Call, object]] = {
    "configure": (lambda client: client.configure("p", CREDENTIALS), CONFIGURED),
    "disable": (lambda client: client.disable(GUID), DISABLED),
    "remove": (lambda client: client.remove(GUID), DONE),
    "save_push_subscription": (lambda client: client.save_push_subscription(SUBSCRIPTION), DONE),
    "configure_workflow": (
        lambda client: client.configure_workflow("n", "Order", "t", {"type": "send_push"}),
        success({"guid": GUID, "name": "n", "isActive": True}),
    ),
    "toggle": (lambda client: client.toggle(GUID), success({"guid": GUID, "isActive": False})),
    "delete": (lambda client: client.delete(GUID), DONE),
    "resume": (lambda client: client.resume(GUID), DONE),
}
each_read = pytest.mark.parametrize(("call", "answer"), READS.values(), ids=READS)
each_change = pytest.mark.parametrize(("call", "answer"), CHANGES.values(), ids=CHANGES)
each_call = pytest.mark.parametrize(("call", "answer"), [*READS.values(), *CHANGES.values()], ids=[*READS, *CHANGES])

# --- what goes over the wire -----------------------------------------------------------------------------------------


def test_configuration_goes_over_the_wire_as_documented(provider: Provider, client: Integrations) -> None:
    """A configuration is sent as the document shows it, with the token as a bearer."""
    provider.replies(CONFIGURED)
    client.configure("provider-uuid", CREDENTIALS, settings={"syncProducts": True})
    (seen,) = provider.seen

    assert (seen.method, seen.target) == ("POST", "/api/integrations/provider/configure")
    assert (seen.headers["Authorization"], seen.headers["Content-Type"]) == (f"Bearer {TOKEN}", "application/json")
    assert json.loads(seen.body) == {
        "providerId": "provider-uuid",
        "providerType": "ecommerce",
        "credentials": CREDENTIALS,
        "settings": {"syncProducts": True},
    }


def test_workflow_goes_over_the_wire_as_documented(provider: Provider, client: Integrations) -> None:
    """A workflow is sent with its trigger's id and its action as an object; conditions only where there are some."""
    provider.replies(success({"guid": GUID, "name": "n", "isActive": True}))
    action = {"type": "send_email", "recipient": "customer"}
    client.configure_workflow("n", "Shipment", "trigger-uuid", action, {"status": "delivered"})
    client.configure_workflow("n", "Shipment", "trigger-uuid", action)
    first, second = (json.loads(each.body) for each in provider.seen)

    assert first == {**second, "conditions": {"status": "delivered"}}
    assert second == {"name": "n", "entityType": "Shipment", "triggerId": "trigger-uuid", "action": action}


@pytest.mark.parametrize(
    ("name", "method", "target"),
    [
        ("disable", "GET", f"/api/integrations/provider/disable/{GUID}"),
        ("remove", "DELETE", f"/api/integrations/providers/ecommerce/remove/{GUID}"),
        ("save_push_subscription", "POST", "/api/integrations/save-vapid-subscription"),
        ("triggers", "GET", "/api/workflows/triggers/Order"),
        ("workflows", "GET", "/api/workflows/Order/configured"),
        ("toggle", "GET", f"/api/workflows/configured/{GUID}/toggle"),
        ("delete", "DELETE", f"/api/workflows/configured/{GUID}"),
        ("resume", "GET", f"/api/workflows/resume-workflow?workflowId={GUID}"),
    ],
)
def test_each_call_has_its_method_and_path(
    provider: Provider, client: Integrations, name: str, method: str, target: str
) -> None:
    """Each call goes to the documented method and path; a GET has no body."""
    call, answer = {**READS, **CHANGES}[name]
    provider.replies(Reply(body=answer))
    call(client)
    (seen,) = provider.seen

    assert (seen.method, seen.target) == (method, target)
    assert method == "POST" or seen.body == b""


@pytest.mark.parametrize(("managed", "query"), [(None, ""), (True, "?managed=true"), (False, "?managed=false")])
def test_managed_is_sent_only_when_it_is_given(
    provider: Provider, client: Integrations, managed: bool | None, query: str
) -> None:
    """The filter for managed workflows is a boolean in the query, or absent."""
    provider.replies(success([]))
    client.workflows("Order", managed=managed)

    assert provider.seen[0].target == f"/api/workflows/Order/configured{query}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(guid=st.text(st.characters(codec="utf-8"), min_size=1) | st.sampled_from([".", ".."]))
def test_any_identifier_is_one_segment(provider: Provider, client: Integrations, guid: str) -> None:
    """Any identifier is one segment of the path."""
    provider.replies(success({"guid": "x", "isActive": True}))
    client.toggle(guid)

    assert provider.seen[-1].target.count("/") == 5
    assert provider.seen[-1].target.endswith("/toggle")


def test_empty_identifier_is_not_sent(provider: Provider, client: Integrations) -> None:
    """An empty identifier is refused, since it would address another operation."""
    with pytest.raises(ValueError, match="empty"):
        client.delete("")

    assert provider.seen == []


@pytest.mark.parametrize("suffix", ["", "/", "/api", "/api/"])
def test_base_url_may_end_as_one_likes(provider: Provider, suffix: str) -> None:
    """The base URL may end with /api."""
    provider.replies(success([]))
    with Integrations(provider.url + suffix, TOKEN) as client:
        client.triggers("Order")

    assert provider.seen[0].target == "/api/workflows/triggers/Order"


@pytest.mark.parametrize("url", ["", "api.example", "ftp://x", "https://u:p@x", "https://x?y=1", "https://x#y"])
def test_unusable_url_is_refused_at_once(url: str) -> None:
    """A URL that cannot be used, or would carry a secret, is refused when the client is made."""
    with pytest.raises(ConfigurationError):
        Integrations(url, TOKEN)


@pytest.mark.parametrize("token", ["", "Bearer x", "a b", "a\n", "é"])
def test_unusable_token_is_refused_at_once(token: str) -> None:
    """A token that cannot be sent in a header is refused when the client is made."""
    with pytest.raises(ConfigurationError):
        Integrations("https://x", token)


def test_netrc_does_not_replace_the_token(provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password for the host in .netrc does not replace the token."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    provider.replies(success([]))
    with Integrations(provider.url, TOKEN) as client:
        client.triggers("Order")

    assert provider.seen[0].headers["Authorization"] == f"Bearer {TOKEN}"


# --- what comes back -------------------------------------------------------------------------------------------------


def test_integration_is_read(provider: Provider, client: Integrations) -> None:
    """The responses to configuring and disabling are read."""
    provider.replies(CONFIGURED, DISABLED)
    made, off = client.configure("p", {}), client.disable(GUID)

    assert (made.guid, made.status, made.provider) == (GUID, "active", "provider-name")
    assert made.connected_at == "2024-01-16T10:00:00Z"
    assert (off.guid, off.status, off.provider, off.connected_at) == (GUID, "disabled", None, None)


def test_lists_are_read(provider: Provider, client: Integrations) -> None:
    """Triggers and workflows are read as documented, with unknown fields in raw."""
    provider.replies(success([{**TRIGGER, "new": 1}]), success([WORKFLOW]))
    (trigger,), (workflow,) = client.triggers("Order"), client.workflows("Shipment")

    assert (trigger.guid, trigger.code, trigger.raw["new"]) == ("trigger-uuid", "order_created", 1)
    assert (workflow.trigger, workflow.action) == ("shipment_delivered", "send_email")
    assert (workflow.is_active, workflow.is_managed, workflow.entity_type) == (True, False, "Shipment")


@each_call
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b"{}", b'{"success": false}', b'{"success": "true"}', b"<html>"], ids=repr
)
def test_unreadable_answer_is_said(
    provider: Provider, client: Integrations, call: Call, answer: object, body: bytes
) -> None:
    """A 200 without the documented envelope is an error."""
    provider.replies(Reply(body=body))

    with pytest.raises(UnexpectedAnswer):
        call(client)


@pytest.mark.parametrize(
    ("name", "body", "where"),
    [
        ("triggers", {"success": True}, "/data"),
        ("triggers", success({}), "/data"),
        ("triggers", success([{**TRIGGER, "code": None}]), "/data/0/code"),
        ("workflows", success([{**WORKFLOW, "isActive": "yes"}]), "/data/0/isActive"),
        ("workflows", success([WORKFLOW, {}]), "/data/1/isActive"),
        ("toggle", success({"guid": GUID}), "/data/isActive"),
        ("toggle", {"success": True}, "/data"),
        ("disable", success({"guid": GUID}), "/data/status"),
        ("configure", success({"guid": ["x"], "status": "active"}), "/data/guid"),
    ],
)
def test_missing_field_is_named(provider: Provider, client: Integrations, name: str, body: object, where: str) -> None:
    """A field that is missing or of the wrong type is named with its place."""
    provider.replies(Reply(body=body))

    with pytest.raises(UnexpectedAnswer) as unexpected:
        {**READS, **CHANGES}[name][0](client)

    assert unexpected.value.where == where


# --- errors ----------------------------------------------------------------------------------------------------------


@each_call
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "CONFIGURATION_ERROR", Refused),
        (401, "UNAUTHORIZED", Unauthorized),
        (403, "FORBIDDEN", Forbidden),
        (404, "NOT_FOUND", NotFound),
        (409, "CONFLICT", Refused),
    ],
)
def test_documented_errors_have_classes(
    provider: Provider,
    client: Integrations,
    call: Call,
    answer: object,
    status: int,
    code: str,
    kind: type[ClientError],
) -> None:
    """Each error has its class, with the provider's code and message, and is not retried."""
    provider.replies(Reply(status, refusal(code, "The reason")))

    with pytest.raises(kind) as refused:
        call(client)

    assert (refused.value.status, refused.value.code, refused.value.message) == (status, code, "The reason")
    assert len(provider.seen) == 1


@pytest.mark.parametrize("body", [b"<h1>Bad gateway</h1>", b"[]", b'{"error":"x"}', b'{"error":{"code":5}}'])
def test_other_error_bodies_speak_for_themselves(provider: Provider, client: Integrations, body: bytes) -> None:
    """An undocumented error body gives an error with the beginning of the body."""
    provider.replies(Reply(404, body))

    with pytest.raises(NotFound) as refused:
        client.disable(GUID)

    assert refused.value.message == body.decode()


def test_errors_do_not_repeat_secrets(provider: Provider, client: Integrations) -> None:
    """No error has the token, credentials or the subscription's secret, even where the provider echoes them."""
    echo = f"{TOKEN} your-api-key your-api-secret auth-secret"
    provider.replies(Reply(400, refusal("CONFIGURATION_ERROR", echo)))
    told_by = []
    for call, _ in (CHANGES["configure"], CHANGES["save_push_subscription"]):
        with pytest.raises(Refused) as refused:
            call(client)
        told_by.append(str(refused.value))

    assert not any(secret in told_by[0] for secret in (TOKEN, "your-api-key", "your-api-secret"))
    assert not any(secret in told_by[1] for secret in (TOKEN, "auth-secret"))
    assert TOKEN not in repr(client)


def test_redirect_is_not_followed(provider: Provider, client: Integrations) -> None:
    """A redirect is not followed, since it would carry the token to another host."""
    provider.replies(Reply(302, {}, {"Location": "http://127.0.0.1:9/"}))

    with pytest.raises(UnexpectedAnswer):
        client.triggers("Order")

    assert len(provider.seen) == 1


# --- what is sent again ----------------------------------------------------------------------------------------------


@each_read
@pytest.mark.parametrize("trouble", [Reply(503, {}), Reply(429, {}), Reply(body={}, cut=1)], ids=["503", "429", "cut"])
def test_reads_are_sent_again(
    provider: Provider, client: Integrations, waits: list[float], call: Call, answer: object, trouble: Reply
) -> None:
    """A list is requested again after a 5XX, a 429 and a lost response."""
    provider.replies(trouble, trouble, Reply(body=answer))
    call(client)

    assert (len(provider.seen), waits) == (3, [1.0, 2.0])


@each_change
def test_changes_are_sent_again_after_429_only(
    provider: Provider, client: Integrations, waits: list[float], call: Call, answer: object
) -> None:
    """A change is repeated only after 429, after the requested time."""
    provider.replies(Reply(429, {}, {"Retry-After": "7"}), Reply(body=answer))
    call(client)

    assert (len(provider.seen), waits) == (2, [7.0])


@each_change
@pytest.mark.parametrize(
    ("trouble", "kind"),
    [(Reply(503, {}), ServerFailed), (Reply(body={}, cut=1), Unreachable)],
    ids=["503", "cut"],
)
def test_changes_are_not_repeated_blindly(
    provider: Provider, client: Integrations, call: Call, answer: object, trouble: Reply, kind: type[ClientError]
) -> None:
    """A change is not repeated after a 5XX or a lost response, also where it is a GET."""
    provider.replies(trouble, Reply(body=answer))

    with pytest.raises(kind):
        call(client)

    assert len(provider.seen) == 1


def test_rate_limit_reaches_the_caller_in_the_end(provider: Provider, client: Integrations) -> None:
    """After the last attempt the error has the time to wait."""
    provider.replies(Reply(429, {}, {"Retry-After": "7"}))

    with pytest.raises(RateLimited) as limited:
        client.triggers("Order")

    assert (limited.value.retry_after_s, len(provider.seen)) == (7.0, 3)
