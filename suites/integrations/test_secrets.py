"""Secrets in credentials: sent in every place that a client may use, and searched in everything that can be read."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients.integrations import Integrations
from flowproof.target import Workspace

from .profiles import few
from .raw_client import CONFIGURE, RawClient
from .setup import EXAMPLE, OPEN, SECOND
from .strategies import names, secrets

PLANTED = "planted-secret-0123456789"


def shown(workspace: Workspace) -> str:
    """Everything that can be read of a workspace, except its own credentials."""
    journal, har = workspace.journal.entries(), workspace.journal.har()
    control = [workspace.control("GET", f"integrations/{each}") for each in ("integrations", "workflows", "executions")]
    return json.dumps([journal, har, workspace.snapshot(), control], ensure_ascii=False)


def configuration(credentials: Any, **changed: Any) -> dict[str, Any]:
    """A configuration of a platform that accepts any credentials."""
    return {"providerId": OPEN.id, "providerType": OPEN.type, "credentials": credentials, **changed}


NESTED: tuple[Any, ...] = (
    {"apiKey": PLANTED},
    {"apiSecret": PLANTED, "storeUrl": f"https://u:{PLANTED}@store.example"},
    {"anything": PLANTED},
    {PLANTED: "a name may be one too"},
    {"oauth": {"token": {"value": PLANTED}}},
    {"keys": ["a", [PLANTED]]},
    {"number": 123456789012345, "text": PLANTED},
    PLANTED,
    [PLANTED],
)


@pytest.mark.requirement("integrations.configure.no_secrets")
@pytest.mark.parametrize("credentials", NESTED, ids=lambda value: json.dumps(value)[:30])
def test_secrets_are_seen_nowhere(workspace: Workspace, raw: RawClient, credentials: Any) -> None:
    """
    Whether a configuration is accepted, refused or in conflict, nothing of its credentials is kept or shown.
    """
    bodies = [
        configuration(credentials),
        configuration(credentials),
        configuration(credentials, providerId=EXAMPLE.id),
        configuration(credentials, providerId=SECOND.id),
        configuration(credentials, providerId="unknown"),
        configuration(credentials, providerId=None),
        configuration(credentials, settings=5),
        [configuration(credentials)],
    ]
    answers = [raw.send("POST", CONFIGURE, value=body).text for body in bodies]

    assert PLANTED not in "".join(answers) + shown(workspace)
    assert "123456789012345" not in shown(workspace)


@pytest.mark.requirement("integrations.configure.no_secrets")
@pytest.mark.parametrize("cut", [10, 30, 60])
def test_secrets_of_broken_bodies_are_seen_nowhere(workspace: Workspace, raw: RawClient, cut: int) -> None:
    """
    A body that is no JSON keeps its secrets too.
    """
    text = json.dumps({"x": 1, "credentials": {"apiKey": PLANTED, "more": [PLANTED] * 3}})
    bodies = [text[:-2], text[: text.index(PLANTED) + cut], text.replace('"more": [', '"more": ]'), text + "}"]
    bodies.append(text.replace("credentials", "cred\\u0065ntials"))
    answers = [raw.send("POST", CONFIGURE, body=body.encode()).text for body in bodies]

    assert PLANTED[:10] not in "".join(answers) + shown(workspace)


@pytest.mark.requirement("integrations.configure.no_secrets")
@few(15)
@given(name=names, secret=secrets, right=st.booleans())
def test_no_secret_of_any_spelling_is_kept(
    make_workspace: Callable[..., Workspace],
    make_integrations: Callable[..., Integrations],
    name: str,
    secret: str,
    right: bool,
) -> None:
    """
    Whatever characters a secret has and whatever its name, it is in no journal, archive or snapshot.
    """
    with make_workspace() as workspace:
        client = make_integrations(workspace)
        raw = RawClient(client, workspace.credentials("integrations"))
        raw.send("POST", CONFIGURE, value=configuration({name: secret}, providerId=OPEN.id if right else EXAMPLE.id))
        seen = set(texts([workspace.journal.entries(), workspace.journal.har(), workspace.snapshot()]))

        assert not any(spelled in text for spelled in (secret, json.dumps(secret)[1:-1]) for text in seen)


def texts(value: Any) -> Iterator[str]:
    """Every text in a value at any depth, including names."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)


@pytest.mark.requirement("integrations.auth.bearer")
def test_tokens_are_seen_nowhere(workspace: Workspace, raw: RawClient, integrations: Integrations) -> None:
    """
    Neither kind of token is in the journal, nor one that nobody was issued, whatever its scheme.
    """
    user = workspace.credentials("integrations", "user").key
    for header in (*(f"Bearer {token}" for token in (raw.token, user, PLANTED)), f"Basic {PLANTED}", PLANTED):
        raw.send("GET", "/api/workflows/triggers/Order", headers={"Authorization": header})
    seen = shown(workspace)

    assert [token in seen for token in (raw.token, user, PLANTED)] == [False] * 3


@pytest.mark.requirement("integrations.configure.no_secrets")
def test_log_keeps_secrets_too(workspace: Workspace, raw: RawClient, caplog: pytest.LogCaptureFixture) -> None:
    """
    What a mock in this process writes into its log has nothing of refused credentials.
    """
    caplog.set_level("DEBUG")
    raw.send("POST", CONFIGURE, value=configuration(PLANTED))
    raw.send("POST", CONFIGURE, value=[configuration({"apiKey": PLANTED})])

    assert PLANTED not in caplog.text
