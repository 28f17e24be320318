"""The provider's own n8n node, version 0.5.3 from npm and unmodified, against the mock over HTTP."""

import pytest

from flowproof.target import Workspace
from tests.interop import programs
from tests.interop.dots_eco.n8n import HERE, Node

CREATE = {"resource": "flowCards", "operation": "create", "appToken": "1-f2b086b3", "sku": "123kdfgf"}
LIST = {"resource": "flowCards", "operation": "list", "appToken": "1-f2b086b3"}
BALANCE = {"resource": "applications", "operation": "getBalance", "appToken": "1-f2b086b3"}
EXAMPLE = {
    **CREATE,
    "expirationDate": "2025-12-31",
    "recipientEmail": "test@test.com",
    "recipientName": "Flow user",
    "from": "John doe",
    "message": "Lorem Ipsum",
}


@pytest.fixture(scope="session")
def installed_node() -> None:
    """Node.js, and the n8n node as its lockfile pins it; in CI, Node.js has to be there."""
    programs.require("node", "npm", always_in_ci=True)
    programs.install(HERE)


@pytest.fixture
def node(installed_node: None, workspace: Workspace) -> Node:
    """The node, set up with the workspace's read-only and write-only tokens, on the document's day."""
    workspace.clock.freeze("2024-09-13T12:00:00Z")
    site = workspace.site("dots_eco")
    return Node(f"{site.url}/api/v1", site.credentials("read").key, site.credentials("write").key)


def test_node_creates_the_documents_card(node: Node, workspace: Workspace) -> None:
    """
    With the write token the node creates the document's example card, and hands out the provider's answer.
    """
    done = node.execute(EXAMPLE)

    (item,) = done.items
    (kept,) = workspace.control("GET", "dots_eco/cards")["cards"]
    assert (done.version, [each.status for each in done.sent]) == ("0.5.3", [200])
    assert done.sent[0].headers["auth-token"] == node.write_token
    assert item == {"success": True, "response": {name: kept[name] for name in kept if name != "app_token"}}


def test_node_leaves_out_what_is_not_filled_in(node: Node) -> None:
    """
    A form that is not filled in sends neither nulls nor empty texts; the card takes the defaults.
    """
    done = node.execute(CREATE)

    assert done.sent[0].body == {"app_token": "1-f2b086b3", "sku": "123kdfgf"}
    assert done.items[0]["response"]["expiration_date"] == "2029-09-13 00:00:00"


def test_node_lists_cards_and_reads_the_balance(node: Node) -> None:
    """
    With the read token the node lists what can be bought, one item a flow card, and reads the balance.
    """
    done = node.execute(LIST, BALANCE)

    assert [each.get("sku", each) for each in done.items] == ["123kdfgf", "forest100", {"balance": 15}]
    assert {each.headers["auth-token"] for each in done.sent} == {node.read_token}


def test_node_fails_on_a_refused_card(node: Node) -> None:
    """
    A date outside the window makes the node fail with the status of the answer.
    """
    done = node.execute({**EXAMPLE, "expirationDate": "2024-09-13"})

    assert done.thrown is not None
    assert (done.thrown["name"], done.thrown["httpCode"]) == ("NodeApiError", "422")


def test_node_goes_on_after_a_refused_card(node: Node, workspace: Workspace) -> None:
    """
    Told to continue on failure, the node hands out an error for the refused card and creates the next one.
    """
    done = node.execute({**EXAMPLE, "sku": "nothing"}, EXAMPLE, continue_on_fail=True)

    refused, bought = done.items
    assert (list(refused), bought["success"]) == (["error"], True)
    assert len(workspace.control("GET", "dots_eco/cards")["cards"]) == 1


def test_node_with_swapped_tokens_is_refused(node: Node) -> None:
    """
    A user who swaps the two tokens is refused: neither creates with the one nor lists with the other.
    """
    swapped = Node(node.base_url, read_token=node.write_token, write_token=node.read_token)

    done = swapped.execute(CREATE, LIST, continue_on_fail=True)

    assert [each.status for each in done.sent] == [403, 403]
