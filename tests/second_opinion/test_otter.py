"""The suite of Otter finds no fault with a server that is right in another way, and does with one that is wrong."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

from tests.fork_server import ForkServer
from tests.second_opinion import otter
from tests.second_opinion.suite_run import SuiteRun, run_suite

SCOPE = "organization.read organization.service_integration"
TIMEOUT_S = 30


def run(fork_server: ForkServer, url: str, provider: otter.Provider, *options: str) -> SuiteRun:
    """The suite with every application's credentials, and a token that the first user has allowed."""
    keys = {
        role: {"token": client.id, "secret": client.secret, "redirect_uri": client.redirect_uris[0]}
        for role, client in provider.clients.items()
    }
    keys["access"] = {"token": access_token(url, provider)}
    return run_suite(fork_server, "otter", url, keys, *options)


def access_token(url: str, provider: otter.Provider) -> str:
    """The token of the first user's permission, got by Authlib's client and a person who says yes."""
    client, verifier = provider.clients["default"], generate_token(48)
    with OAuth2Session(
        client.id, client.secret, scope=SCOPE, redirect_uri=client.redirect_uris[0], code_challenge_method="S256"
    ) as session:
        session.trust_env = False
        asked, state = session.create_authorization_url(f"{url}/v1/auth/oauth2/authorize", code_verifier=verifier)
        token = session.fetch_token(
            f"{url}/v1/auth/token",
            authorization_response=allow(asked).replace("http://", "https://"),
            state=state,
            code_verifier=verifier,
            scope=SCOPE,
        )
    return str(token["access_token"])


def allow(asked: str) -> str:
    """Press Yes on the page as the first person it offers; where the browser goes then."""
    with requests.Session() as browser:
        page = browser.get(asked, timeout=TIMEOUT_S)
        action, question, person = (
            found[1]
            for pattern in (r'action="([^"]*)', r'name="question" value="([^"]*)', r'<option value="([^"]*)')
            if (found := re.search(pattern, page.text))
        )
        form = {"question": question, "person": person, "answer": "allow"}
        answer = browser.post(urljoin(page.url, action), data=form, allow_redirects=False, timeout=TIMEOUT_S)
    return str(answer.headers["location"])


@pytest.mark.parametrize(
    ("account", "at_least"),
    [(otter.account_of_fixtures, 85), (otter.account_of_a_stranger, 60)],
    ids=["fixtures", "stranger"],
)
def test_suite_finds_no_fault_with_another_right_server(
    fork_server: ForkServer, account: Callable[[], otter.Provider], at_least: int
) -> None:
    """Other words, order, members, pages, ids and brands are no fault, nor what an earlier run has left."""
    provider = account()
    with otter.serving(provider) as url:
        runs = [run(fork_server, url, provider) for _ in range(2)]

    assert [each.code for each in runs] == [0, 0], next(each.text for each in runs if each.code)
    assert min(each.passed for each in runs) > at_least


right_connect = otter.Provider.connect


def replace_connection(provider: otter.Provider, request: otter.Request, place: tuple[str, str]) -> otter.Response:
    """Connect a store that is connected already."""
    provider.connections.pop(place, None)
    return right_connect(provider, request, place)


def name_in_lower_case(provider: otter.Provider, _: otter.Request, place: tuple[str, str]) -> otter.Response:
    """Answer a connection with another spelling of the partner's id."""
    if place not in provider.connections:
        raise otter.Refusal(404)
    return otter.Response(200, {"storeId": provider.connections[place].lower()})


@pytest.mark.parametrize(
    ("rule", "broken", "test"),
    [
        ("connect", replace_connection, "test_conflict_leaves_the_connection_as_it_is"),
        ("connection", name_in_lower_case, "test_connection_keeps_the_store_id_as_it_is"),
    ],
    ids=["connected twice", "letter case lost"],
)
def test_suite_finds_the_fault_of_another_server(
    fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch, rule: str, broken: Any, test: str
) -> None:
    """The same server with one rule left out is told from a right one."""
    found = []
    for breaks in ({}, {rule: broken}):
        for name, value in breaks.items():
            monkeypatch.setattr(otter.Provider, name, value)
        provider = otter.account_of_fixtures()
        with otter.serving(provider) as url:
            found.append(run(fork_server, url, provider, "-x", "-k", test))

    assert [each.code for each in found] == [0, 1], found[0].text
    assert f"::{test}" in found[1].text
