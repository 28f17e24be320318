"""Workspaces: found by credential, by prefix or by host; isolated; made, reset and deleted."""

import json
from pathlib import Path

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.serving import Gateway, Server
from tests.kernel.notes import provider
from tests.kernel.notes.desk import Desk, make_desk


def workspace_of(answer: requests.Response) -> str:
    """The workspace whose journal has an exchange."""
    return answer.headers["Flowproof-Exchange"].rpartition("-")[0]


def ask(server: Server, path: str, key: str | None = None, host: str | None = None) -> requests.Response:
    """A GET with a credential and a Host of choice."""
    headers = {"x-key": key, "host": host}
    return requests.get(
        f"{server.url}{path}", headers={name: value for name, value in headers.items() if value}, timeout=10
    )


def test_credential_leads_to_its_workspace(server: Server, desk: Desk) -> None:
    """
    Without a prefix the credential presented says which workspace is meant.
    """
    answer = ask(server, "/notes/notes", desk.key)

    assert (workspace_of(answer), answer.status_code) == (desk.id, 200)


def test_prefix_wins_and_a_foreign_credential_is_unknown_there(server: Server, desk: Desk, other: Desk) -> None:
    """
    The prefix decides where a request lands, and there another workspace's credential is refused.
    """
    answer = ask(server, f"/w/{desk.id}/notes/notes", other.key)

    assert (workspace_of(answer), answer.status_code) == (desk.id, 401)


@pytest.mark.parametrize("key", [None, "nobody-has-this"])
def test_stranger_lands_in_the_default_workspace(server: Server, key: str | None) -> None:
    """
    Without a credential, or with an unknown one, a request is refused in the default workspace.
    """
    answer = ask(server, "/notes/notes", key)

    assert (workspace_of(answer), answer.status_code) == ("default", 401)


@pytest.mark.parametrize(
    "host", ["notes.localhost", "NOTES.localhost:4010", "api.notes.example", "api.notes.example:80"]
)
@pytest.mark.parametrize("prefixed", [False, True])
def test_host_names_the_provider(server: Server, desk: Desk, host: str, prefixed: bool) -> None:
    """
    By its own hosts and by {slug}.localhost a provider is reached without a path of ours, with or without a prefix.
    """
    path = f"/w/{desk.id}/liar" if prefixed else "/liar"
    answer = ask(server, path, desk.key, host)

    assert (workspace_of(answer), answer.status_code) == (desk.id, 200)


def test_root_of_a_providers_host_is_the_providers(server: Server, desk: Desk) -> None:
    """
    GET / on a provider's own host is answered by the provider, not by us.
    """
    answer = ask(server, "/", desk.key, "api.notes.example")

    assert (answer.status_code, answer.json()) == (404, {"oops": "404"})


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/w/nobody/notes/notes", "No such workspace"),
        ("/nothing/notes", "No such provider"),
        ("/w/default/nothing", "No such provider"),
        ("/w/", "No such provider"),
        ("/_flowproofhealth", "No such provider"),
    ],
)
def test_unknown_place_is_a_problem_document(server: Server, path: str, title: str) -> None:
    """
    What belongs to no workspace or provider is answered with problem details, in no provider's words.
    """
    answer = ask(server, path)

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["title"] == title


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["write", "reset", "clock", "fault"])), max_size=8))
def test_interleaved_workspaces_do_not_see_each_other(server: Server, actions: list[tuple[bool, str]]) -> None:
    """
    Whatever is done in two workspaces in turn, each has what was done in it alone.
    """
    desks = (make_desk(server), make_desk(server))
    expected: list[list[str]] = [[], []]
    for number, (second, action) in enumerate(actions):
        desk = desks[second]
        if action == "write":
            if desk.write(f"note {number}").ok:
                expected[second].insert(0, f"note {number}")
        elif action == "reset":
            desk.control("POST", "/reset")
            expected[second].clear()
        elif action == "clock":
            desk.control("PUT", "/clock", {"mode": "frozen", "now": f"20{number + 10}-01-01"})
        else:
            desk.break_by({"fault": "status", "status": 503, "first": 1})

    assert [desk.texts() for desk in desks] == expected
    for desk in desks:
        assert {entry["workspace"] for entry in desk.journal()} <= {desk.id}


def test_same_seed_and_requests_give_the_same_ids(server: Server) -> None:
    """
    A workspace of the same id and seed answers the same requests with the same ids, another of that seed with others.
    """
    ids = []
    for workspace in ("first", "second", "first"):
        desk = make_desk(server, seed="same", id=workspace)
        ids.append([desk.write().json()["id"] for _ in range(3)])
        desk.control("DELETE", "")

    assert ids[0] == ids[2]
    assert not set(ids[0]) & set(ids[1])
    assert len(set(ids[0])) == 3


def test_deleted_workspace_is_gone_with_its_credentials(server: Server, desk: Desk) -> None:
    """
    After its deletion neither the prefix nor the credential leads to a workspace.
    """
    desk.write()
    desk.control("DELETE", "")

    assert desk.write().json()["title"] == "No such workspace"
    assert workspace_of(ask(server, "/notes/notes", desk.key)) == "default"


def test_default_workspace_can_be_reset_but_not_deleted(server: Server) -> None:
    """
    Requests without credentials always have somewhere to go.
    """
    answer = requests.delete(f"{server.url}/_flowproof/workspaces/default", timeout=10)

    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "The default workspace cannot be deleted. Reset it instead.",
    )


def test_server_starts_again_on_its_file(tmp_path: Path) -> None:
    """
    With the same entropy a server that starts again on its file keeps its workspaces and still makes new ones.
    """
    file = str(tmp_path / "state.db")
    ids: list[str] = []
    keys: list[str] = []
    found = None
    for _ in range(2):
        mock = build_gateway([provider], ServerSettings(entropy=7, state=file)).mock
        made = mock.workspaces.create()
        ids.append(made.id)
        keys += [credential.key for credential in mock.workspaces.credentials(made, "notes")]
        found = mock.workspaces.claim_by_key("notes", keys[0])
        mock.store.close()

    assert (found and found.id, len(set(ids)), len(set(keys))) == (ids[0], 2, 2)


def test_creating_many_workspaces_leaves_each_findable(gateway: Gateway) -> None:
    """
    Among a thousand workspaces each credential leads to its own.
    """
    mock = build_gateway([provider], ServerSettings(entropy=3)).mock
    with mock.store.transaction():
        made = [mock.workspaces.create() for _ in range(1000)]
    for workspace in made[::97]:
        (credential,) = mock.workspaces.credentials(workspace, "notes")
        wire = WireRequest("GET", "/notes/notes", "", (("x-key", credential.key),), b"")
        answer = mock.handle(wire)
        assert isinstance(answer, WireResponse)
        assert (answer.status, json.loads(answer.body)["notes"]) == (200, [])
        assert dict(answer.headers)["Flowproof-Exchange"] == f"{workspace.id}-1"
    mock.store.close()
