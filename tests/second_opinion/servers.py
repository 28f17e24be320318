"""The five second hands, each as a base URL with the credentials that a user of its suite would have."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urljoin

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

from tests.second_opinion import dots_eco, flow1st, integrations, oneflow, otter

__all__ = ["SERVERS", "Keys", "integrations_of", "otter_of"]

Keys = Mapping[str, Mapping[str, str]]
"""Parts of the credentials by role, such as `token`."""

SCOPE = "organization.read organization.service_integration"
TIMEOUT_S = 120.0


@contextmanager
def dots_eco_server() -> Iterator[tuple[str, Keys]]:
    """Dots.eco, with a token for each role."""
    with dots_eco.serving() as (url, tokens):
        yield url, {role: {"token": each} for role, each in tokens.items()}


@contextmanager
def integrations_of(provider: integrations.Provider) -> Iterator[tuple[str, Keys]]:
    """An account of Integrations, with both of its tokens."""
    with integrations.serving(provider) as url:
        yield url, {role: {"token": provider.tokens[role]} for role in ("default", "user")}


@contextmanager
def otter_of(provider: otter.Provider) -> Iterator[tuple[str, Keys]]:
    """An account of Otter, with every application's credentials, and a token that the first user has allowed."""
    with otter.serving(provider) as url:
        keys = {
            role: {"token": client.id, "secret": client.secret, "redirect_uri": client.redirect_uris[0]}
            for role, client in provider.clients.items()
        }
        yield url, {**keys, "access": {"token": access_token(url, provider)}}


SERVERS: Mapping[str, Callable[[], AbstractContextManager[tuple[str, Keys]]]] = {
    "dots_eco": dots_eco_server,
    "flow1st": flow1st.serving,
    "integrations": lambda: integrations_of(integrations.account_of_fixtures()),
    "oneflow": oneflow.serving,
    "otter": lambda: otter_of(otter.account_of_fixtures()),
}
"""Each with the account set-up of the provider's fixtures."""


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
