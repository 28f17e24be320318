"""The doctor's checks of Otter: whether an application's secret and redirect URI are accepted."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

import requests

from flowproof.clients.errors import ClientError, Refused
from flowproof.clients.otter import Otter
from flowproof.doctor import Check
from flowproof.doctor.address import TIMEOUT_S
from flowproof.doctor.check import not_checked, ok, warning, wrong
from flowproof.doctor.credentials import check_call
from flowproof.doctor.holdings import check_holdings
from flowproof.target import Credentials, Site

from .access import token_of
from .holdings import missing
from .setup import CLIENT_SCOPES

__all__ = ["checks"]

FIX = "Copy client id and client secret again from the application's page."
REGISTER = "Register exactly this address for the application, character for character."
PING = "ping"
GIVE = 'Let a user give the permission, and add credentials.access = { key = "$VARIABLE" } with the token.'
ENABLE = "Enable the scope ping for the application."
NAME = 'Add redirect_uri = "https://…" to the role, as the application has it registered.'


def checks(site: Site) -> Iterator[Check]:
    """A token by client credentials, then the redirect URI, for each role's application."""
    applications = {role: keys for role, keys in site.keys.items() if role != "access"}  # (which is a user's token)
    for role, keys in applications.items():
        yield check_call(f"credentials {role}", partial(_token, site.url, keys), fix=FIX)
        if role == "default":
            yield _scope(f"scope {PING}", site.url, keys)
        yield _redirect(f"redirect URI {role}", site.url, keys)
    if "access" in site.keys:
        yield check_holdings(partial(_missing, site.url, site.keys["default"], site.keys["access"].key))
    else:
        yield warning("user token", "the profile has none, and what acts for a user will not be judged", GIVE)


def _token(url: str, keys: Credentials) -> None:
    with _client(url, keys) as client, suppress(Refused):  # (400: known, though not enabled for that scope)
        client.application_token(sorted(CLIENT_SCOPES)[:1])


def _missing(url: str, keys: Credentials, access_token: str) -> list[str]:
    with _client(url, keys) as client:
        return list(missing(client.as_user(token_of(access_token))))


def _scope(name: str, url: str, keys: Credentials) -> Check:
    """The suite asks for this scope wherever any will do."""
    try:
        with _client(url, keys) as client:
            client.application_token([PING])
    except Refused:
        return wrong(name, "it is not enabled for the application, and tests would fail for want of it", ENABLE)
    except ClientError as error:
        return not_checked(name, f"no token: {type(error).__name__}")
    return ok(name, "enabled")


def _client(url: str, keys: Credentials) -> Otter:
    redirect_uri = str(keys.values.get("redirect_uri", ""))
    return Otter(url, keys.key, str(keys.values.get("secret", "")), redirect_uri=redirect_uri)


def _redirect(name: str, url: str, keys: Credentials) -> Check:
    """Ask for authorization as a browser would; a redirect URI that is not registered is never redirected to."""
    address = str(keys.values.get("redirect_uri", ""))
    parts = urlsplit(address)
    if not parts.hostname:
        return wrong(name, "the profile has none", NAME)
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1"}:
        return wrong(name, "it is no https address: a code would travel in the clear", "Register an https address.")
    with _client(url, keys) as client:
        page = client.authorization().url
    try:
        answer = requests.get(page, timeout=TIMEOUT_S, allow_redirects=False)
    except requests.RequestException as error:
        return wrong(name, f"no answer: {type(error).__name__}", "Try again.")
    if answer.status_code not in {200, 302, 303}:
        return wrong(name, f"the authorization server answered {answer.status_code}", REGISTER)
    return ok(name, "registered: the user would be asked")
