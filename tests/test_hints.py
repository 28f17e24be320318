"""Explanations name the usual slip behind a refusal, and what to do about it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from flowproof.clients import ClientError
from flowproof.clients.dots_eco import DotsEco
from flowproof.clients.flow1st import Flow1st
from flowproof.clients.otter import Otter
from flowproof.target import Workspace

DOCUMENTED = {"app_token": "1-f2b086b3", "sku": "123kdfgf", "expiration_date": "2025-12-31"}


def explanation(workspace: Workspace) -> str:
    """That of the last refused exchange."""
    refused = workspace.journal.last_refused()
    assert refused is not None
    return str(refused["explanation"])


def test_example_date_in_the_past_hints_at_the_clock(
    workspace: Workspace, make_dots_eco: Callable[..., DotsEco]
) -> None:
    """Dots.eco's own example date is refused on a later clock with a hint, and accepted on the document's day."""
    client = make_dots_eco(workspace)
    workspace.clock.freeze("2026-01-31T12:00:00Z")
    with pytest.raises(ClientError):
        client.create_card_from(DOCUMENTED)
    hint = explanation(workspace)
    workspace.clock.freeze("2024-09-13T12:00:00Z")

    assert "shows 2026-01-31" in hint
    assert "flowproof clock --freeze --set 2024-09-13" in hint
    assert client.create_card_from(DOCUMENTED).raw["expiration_date"] == "2025-12-31 00:00:00"


def test_date_too_late_hints_at_nothing(workspace: Workspace, make_dots_eco: Callable[..., DotsEco]) -> None:
    """A date beyond five years has nothing to do with the clock."""
    workspace.clock.freeze("2024-09-13T12:00:00Z")
    with pytest.raises(ClientError):
        make_dots_eco(workspace).create_card_from({**DOCUMENTED, "expiration_date": "2030-09-13"})

    assert explanation(workspace) == ""


def test_old_timestamp_hints_at_the_clock(workspace: Workspace, make_flow1st: Callable[..., Flow1st]) -> None:
    """A recorded Flow1st order, signed long ago, is refused with the clock's time and a hint to freeze it."""
    client = make_flow1st(workspace, now=lambda: datetime(2025, 1, 31, 12, tzinfo=UTC))
    workspace.clock.freeze("2026-01-31T12:00:00Z")
    with pytest.raises(ClientError):
        client.complete_order("1", sku="codm30cp", recipient="GEDKZW", email="a@b.co")

    assert "shows 2026-01-31T12:00:00" in explanation(workspace)
    assert "flowproof clock --freeze --set" in explanation(workspace)


@pytest.mark.parametrize("grant", ["authorization_code", "client_credentials"])
def test_missing_scope_is_explained(workspace: Workspace, make_otter: Callable[..., Otter], grant: str) -> None:
    """A token request without scope, as generic OAuth libraries send it, is refused with what to do."""
    keys = workspace.credentials("otter")
    form: dict[str, Any] = {"grant_type": grant, "code": "x", "redirect_uri": "https://x.example/back"}
    answer = requests.post(
        f"{workspace.url('otter')}/v1/auth/token", data=form, auth=(keys.key, keys.secret), timeout=30
    )

    assert (answer.status_code, answer.json()["details"]) == (
        422,
        [{"attribute": "scope", "message": "scope is required"}],
    )
    assert "give it to the call that fetches the token" in explanation(workspace)
