"""Authentication: tokens of servers and of sessions, and texts that are no tokens."""

from collections.abc import Callable

import pytest

from flowproof.clients import NotFound, Unauthorized
from flowproof.clients.integrations import Integrations
from flowproof.target import Target, Workspace

from .raw_client import CONFIGURE, CONFIGURE_WORKFLOW, SAVE_SUBSCRIPTION, TRIGGERS, RawClient, error_of
from .setup import EXAMPLE

OPERATIONS = (
    ("POST", CONFIGURE),
    ("GET", "/api/integrations/provider/disable/x"),
    ("DELETE", "/api/integrations/providers/ecommerce/remove/x"),
    ("POST", SAVE_SUBSCRIPTION),
    ("GET", TRIGGERS),
    ("GET", "/api/workflows/Order/configured"),
    ("POST", CONFIGURE_WORKFLOW),
    ("GET", "/api/workflows/configured/x/toggle"),
    ("DELETE", "/api/workflows/configured/x"),
    ("GET", "/api/workflows/resume-workflow"),
)
UNAUTHORIZED = (401, "UNAUTHORIZED")


@pytest.mark.requirement("integrations.auth.bearer", "integrations.auth.unauthorized_body")
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_asks_for_a_token(raw: RawClient, method: str, path: str) -> None:
    """
    Without a token no operation does anything: 401, before body and parameters are looked at.
    """
    answer = raw.send(method, path, body=b"{" if method == "POST" else None, headers={"Authorization": None})

    assert error_of(answer)[:2] == UNAUTHORIZED


@pytest.mark.requirement("integrations.auth.bearer", "integrations.auth.token")
@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Token {token}", "{token}", "Bearer x{token}", "Bearer {token}x"],
)
def test_other_header_than_a_token_is_refused(raw: RawClient, header: str) -> None:
    """
    Another scheme, no scheme, no token, or one that is longer than the right one: 401.
    """
    answer = raw.send("GET", TRIGGERS, headers={"Authorization": header.format(token=raw.token)})

    assert error_of(answer)[:2] == UNAUTHORIZED


@pytest.mark.requirement("integrations.auth.bearer")
def test_scheme_may_be_written_in_any_case(raw: RawClient) -> None:
    """
    The name of the scheme is case-insensitive, as in all of HTTP.
    """
    assert raw.send("GET", TRIGGERS, headers={"Authorization": f"bearer {raw.token}"}).status_code == 200


@pytest.mark.requirement("integrations.auth.token")
def test_client_says_that_its_token_is_unknown(target: Target, make_integrations: Callable[..., Integrations]) -> None:
    """
    A token that nobody was issued is an error of its own, which does not repeat the token.
    """
    token = "somebody-elses-token"
    with pytest.raises(Unauthorized) as refused:
        make_integrations(target, token=token).triggers("Order")

    assert (refused.value.code, token in str(refused.value)) == ("UNAUTHORIZED", False)


@pytest.mark.requirement("integrations.auth.both_kinds", "integrations.auth.account")
def test_both_kinds_of_token_see_the_same(
    target: Target,
    integrations: Integrations,
    make_integrations: Callable[..., Integrations],
    new_name: Callable[[], str],
) -> None:
    """
    What a server configures with an API token, a person toggles and deletes with a user token.
    """
    person = make_integrations(target, role="user")
    trigger = person.triggers("Order")[0]
    made = integrations.configure_workflow(
        new_name(), "Order", trigger.guid, {"type": "update_status", "status": "seen"}
    )

    assert made.guid in {each.guid for each in person.workflows("Order")}
    assert person.toggle(made.guid).is_active is False
    person.delete(made.guid)
    assert made.guid not in {each.guid for each in integrations.workflows("Order")}


@pytest.mark.requirement("integrations.auth.account")
def test_accounts_do_not_see_each_other(
    workspace: Workspace, make_workspace: Callable[..., Workspace], make_integrations: Callable[..., Integrations]
) -> None:
    """
    Another account has integrations of its own, and can neither disable nor remove somebody else's.
    """
    mine, other = make_integrations(workspace), make_integrations(make_workspace())
    one = mine.configure(EXAMPLE.id, EXAMPLE.credentials)
    two = other.configure(EXAMPLE.id, EXAMPLE.credentials)

    assert one.guid != two.guid
    for ask in (other.disable, other.remove):
        with pytest.raises(NotFound):
            ask(one.guid)
    assert mine.disable(one.guid).status == "disabled"
    assert other.disable(two.guid).status == "disabled"


@pytest.mark.requirement("integrations.auth.account")
def test_workflows_belong_to_one_account(
    workspace: Workspace, make_workspace: Callable[..., Workspace], make_integrations: Callable[..., Integrations]
) -> None:
    """
    Another account does not see a workflow, and can neither toggle, resume nor delete it.
    """
    mine, other = make_integrations(workspace), make_integrations(make_workspace())
    action = {"type": "update_status", "status": "seen"}
    guid = mine.configure_workflow("Mine", "Order", mine.triggers("Order")[0].guid, action).guid

    assert other.workflows("Order", managed=True) == ()
    for ask in (other.toggle, other.resume, other.delete):
        with pytest.raises(NotFound):
            ask(guid)
    assert [(each.guid, each.is_active) for each in mine.workflows("Order")] == [(guid, True)]


@pytest.mark.requirement("integrations.auth.token")
def test_key_of_push_messages_is_no_token(workspace: Workspace, raw: RawClient) -> None:
    """
    The name of the key that signs push messages opens nothing.
    """
    key = workspace.credentials("integrations", "vapid").key

    assert error_of(raw.send("GET", TRIGGERS, headers={"Authorization": f"Bearer {key}"}))[:2] == UNAUTHORIZED
