"""Partners of Otter: one that makes no mistake with the reference client, and others that each make one."""

import base64
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from flowproof.clients import ClientError, NotFound, Refused, Unauthorized
from flowproof.clients.otter import (
    AlreadyConnected,
    Authorization,
    AuthorizationDenied,
    Brand,
    CallbackRefused,
    Organization,
    Otter,
    OtterUser,
    Store,
    challenge_of,
)
from flowproof.suites.otter.operations import CONNECTION, ORGANIZATION
from flowproof.suites.otter.raw_client import TIMEOUT_S, VERIFIER, RawClient, returned
from flowproof.suites.otter.setup import BRAND, STORES

__all__ = [
    "ADDRESSED_WRONGLY",
    "ASKED_WRONGLY",
    "EXCHANGED_WRONGLY",
    "SENT_WRONGLY",
    "AmnesticPartner",
    "BluntPartner",
    "ConfusedPartner",
    "CredulousPartner",
    "EncodingPartner",
    "ForgetfulPartner",
    "HammeringPartner",
    "OnePagePartner",
    "Partner",
    "RefreshingPartner",
    "TalkativePartner",
    "TimidPartner",
]

PAGE = 2


class Partner:
    """
    An application that onboards stores and makes no mistake.

    Args:
        otter: The client.
    """

    def __init__(self, otter: Otter) -> None:
        self.otter = otter
        self._answered: set[str] = set()

    def browse(self, authorization: Authorization) -> str:
        """Send the user to the provider; returns the address at which they come back."""
        answer = self.otter.session.get(authorization.url, allow_redirects=False, timeout=TIMEOUT_S)
        return str(answer.headers["location"])

    def come_back(self, authorization: Authorization, callback: str) -> OtterUser | None:
        """Handle a request to the redirect URI: of the user, a second time, or of somebody else."""
        if authorization.state in self._answered:
            return None
        with suppress(CallbackRefused, AuthorizationDenied):
            user = self.otter.as_user(self.otter.exchange(authorization, callback))
            self._answered.add(authorization.state)
            return user
        return None

    def ask_user(self) -> OtterUser:
        """Let a user allow everything that onboarding needs."""
        authorization = self.otter.authorization()
        user = self.come_back(authorization, self.browse(authorization))
        assert user is not None
        return user

    def connect(self, user: OtterUser, our_store_id: str) -> None:
        """Connect the first store, whatever it was connected as before."""
        user.onboard(first_store, our_store_id=our_store_id, replace=True)

    def stores(self, user: OtterUser) -> list[str]:
        """The ids of all stores of all brands."""
        return [store.id for brand in user.brands(PAGE) for store in user.stores(brand.id, PAGE)]

    def look(self, user: OtterUser) -> OtterUser:
        """Read the organization with a token that works; returns the user that holds it."""
        try:
            user.organization()
        except Unauthorized:
            user = self.ask_user()
            user.organization()
        return user


def first_store(_: Organization, pairs: Iterable[tuple[Brand, Store]]) -> tuple[Brand, Store]:
    """Choose the first store."""
    return next(iter(pairs))


class AmnesticPartner(Partner):
    """Exchanges a code again when the user loads the page again."""

    def come_back(self, authorization: Authorization, callback: str) -> OtterUser | None:
        self._answered.clear()
        try:
            return super().come_back(authorization, callback)
        except Refused:
            return None


class CredulousPartner(Partner):
    """Exchanges any code, whatever the state."""

    def come_back(self, authorization: Authorization, callback: str) -> OtterUser | None:
        (state,) = parse_qs(urlsplit(callback).query)["state"]
        try:
            return super().come_back(replace(authorization, state=state), callback)
        except Refused:
            return None


class TimidPartner(Partner):
    """Gives up when its token has ended."""

    def look(self, user: OtterUser) -> OtterUser:
        with suppress(Unauthorized):
            user.organization()
        return user


class HammeringPartner(Partner):
    """Takes every 401 for an occasional one."""

    def look(self, user: OtterUser) -> OtterUser:
        for _ in range(3):
            with suppress(Unauthorized):
                user.organization()
        return user


class RefreshingPartner(Partner):
    """Asks for a new token with a refresh token, which Otter does not issue."""

    def look(self, user: OtterUser) -> OtterUser:
        try:
            user.organization()
        except Unauthorized:
            url, basic = f"{self.otter.base_url}/v1/auth/token", (self.otter.client_id, "not looked at")
            form = {"grant_type": "refresh_token", "refresh_token": "none", "scope": "organization.read"}
            self.otter.session.post(url, data=form, auth=basic, timeout=TIMEOUT_S)
        return user


class ForgetfulPartner(Partner):
    """Does not repeat a request that failed at the provider."""

    def connect(self, user: OtterUser, our_store_id: str) -> None:
        with suppress(ClientError):
            super().connect(user, our_store_id)


class TalkativePartner(Partner):
    """Sends another request in place of the one that failed."""

    def connect(self, user: OtterUser, our_store_id: str) -> None:
        """Connect a store, under another id if the first attempt failed."""
        for each in (our_store_id, f"{our_store_id}-again"):
            with suppress(ClientError):
                return user.connect(BRAND, STORES[0], our_store_id=each)
        return None


class OnePagePartner(Partner):
    """Reads only the first page of a list."""

    def stores(self, user: OtterUser) -> list[str]:
        brands = user.brands_page(PAGE).items
        return [store.id for brand in brands for store in user.stores_page(brand.id, PAGE).items]


class EncodingPartner(Partner):
    """Writes the token of the next page into the URL without encoding it."""

    def stores(self, user: OtterUser) -> list[str]:
        url = f"{self.otter.base_url}{ORGANIZATION}/brands/{next(user.brands()).id}/stores?limit={PAGE}"
        headers, found, more = {"Authorization": f"Bearer {user.token.access_token}"}, [], ""
        while True:
            answer = self.otter.session.get(f"{url}{more}", headers=headers, timeout=TIMEOUT_S).json()
            found += [each["id"] for each in answer.get("items", [])]
            if "offsetToken" not in answer:
                return found
            more = f"&token={answer['offsetToken']}"


class BluntPartner(Partner):
    """Connects a store first, and looks only after a refusal."""

    def connect(self, user: OtterUser, our_store_id: str) -> None:
        try:
            user.connect(BRAND, STORES[0], our_store_id=our_store_id)
        except AlreadyConnected:
            user.disconnect(BRAND, STORES[0])
            user.connect(BRAND, STORES[0], our_store_id=our_store_id)


class ConfusedPartner(Partner):
    """Uses its own id of a store as Otter's."""

    def connect(self, user: OtterUser, our_store_id: str) -> None:
        super().connect(user, our_store_id)
        with suppress(NotFound):
            user.store(BRAND, our_store_id)


# ---- Requests by hand, each wrong in one thing ----


def own_challenge(**changes: Any) -> dict[str, Any]:
    """Parameters for a challenge, with changes."""
    return {"code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256", **changes}


ASKED_WRONGLY: Mapping[str, tuple[str, Callable[[RawClient], requests.Response]]] = {
    "no client_id": ("authorize.client_id", lambda wire: wire.authorize(client_id=None)),
    "no redirect_uri": ("authorize.redirect_uri", lambda wire: wire.authorize(redirect_uri=None)),
    "no scope": ("authorize.scope", lambda wire: wire.authorize(scope=None)),
    "no state": ("authorize.state", lambda wire: wire.authorize(state=None)),
    "the implicit flow": ("authorize.response_type", lambda wire: wire.authorize(response_type="token")),
    "a slash at the end": (
        "authorize.redirect_uri_registered",
        lambda wire: wire.authorize(redirect_uri=f"{wire.redirect_uri}/"),
    ),
    "a scope of the other flow": ("authorize.scope_allowed", lambda wire: wire.authorize(scope="stores.manage")),
    "scopes with commas": (
        "authorize.scope_allowed",
        lambda wire: wire.authorize(scope="organization.read,organization.service_integration"),
    ),
    "a challenge with padding": (
        "authorize.challenge",
        lambda wire: wire.authorize(**own_challenge(code_challenge=f"{challenge_of(VERIFIER)}=")),
    ),
    "a plain challenge": (
        "authorize.challenge_method",
        lambda wire: wire.authorize(**own_challenge(code_challenge_method="plain")),
    ),
    "a challenge without a method": (
        "authorize.challenge_pair",
        lambda wire: wire.authorize(**own_challenge(code_challenge_method=None)),
    ),
    "state twice": ("authorize.once_each", lambda wire: wire.authorize(extra="&state=another")),
}
"""What a client asks a user's browser to ask for, each with the requirement that it breaks."""


def exchange(wire: RawClient, *, challenge: Mapping[str, Any] | None = None, **form: Any) -> requests.Response:
    """Exchange a new code with a changed form."""
    code = returned(wire.authorize(**(challenge or {})))["code"]
    return wire.token(**{"code": code, **form})


EXCHANGED_WRONGLY: Mapping[str, tuple[str, Callable[[RawClient], requests.Response]]] = {
    "no grant_type": ("token.grant_type", lambda wire: exchange(wire, grant_type=None)),
    "no scope": ("token.scope", lambda wire: exchange(wire, scope=None)),
    "no code": ("token.code", lambda wire: exchange(wire, code=None)),
    "a code with a line feed": ("token.code", lambda wire: exchange(wire, code="unknown\n")),
    "no redirect_uri": ("token.redirect_uri", lambda wire: exchange(wire, redirect_uri=None)),
    "another redirect_uri": (
        "token.redirect_uri",
        lambda wire: exchange(wire, redirect_uri=f"{wire.redirect_uri}?from=otter"),
    ),
    "no verifier": ("token.verifier", lambda wire: exchange(wire, challenge=own_challenge())),
    "the challenge for a verifier": (
        "token.verifier",
        lambda wire: exchange(wire, challenge=own_challenge(), code_verifier=challenge_of(VERIFIER)),
    ),
    "a short verifier": (
        "token.verifier_form",
        lambda wire: exchange(wire, challenge=own_challenge(code_challenge=challenge_of("a")), code_verifier="a"),
    ),
    "a verifier without a challenge": (
        "token.verifier_unasked",
        lambda wire: exchange(wire, code_verifier=VERIFIER),
    ),
    "Basic and the secret in the body": (
        "token.client_one_way",
        lambda wire: exchange(wire, basic=(wire.client_id, wire.secret), client_secret=wire.secret),
    ),
    "JSON": ("token.form", lambda wire: wire.post_token(b"{}", content_type="application/json")),
    "the secret in the URL": (
        "access.secret_in_url",
        lambda wire: wire.otter.session.post(
            f"{wire.otter.base_url}/v1/auth/token?{urlencode({'client_secret': wire.secret})}",
            data={"grant_type": "client_credentials", "scope": "ping"},
            auth=(wire.client_id, wire.secret),
            timeout=TIMEOUT_S,
        ),
    ),
}
"""How a client asks for a token, each with the requirement that it breaks."""

BASIC = f"Basic {base64.b64encode(b'user:password').decode()}"

SENT_WRONGLY: Mapping[str, tuple[str, Callable[[RawClient, str], requests.Response]]] = {
    "no token": ("access.bearer", lambda wire, _: wire.ask("GET", ORGANIZATION, None)),
    "Basic": (
        "access.bearer",
        lambda wire, _: wire.ask("GET", ORGANIZATION, None, headers={"Authorization": BASIC}),
    ),
    "no limit": ("paging.limit", lambda wire, token: wire.ask("GET", f"{ORGANIZATION}/brands", token)),
    "a limit of 0": ("paging.limit", lambda wire, token: wire.ask("GET", f"{ORGANIZATION}/brands?limit=0", token)),
    "a number for a token": (
        "paging.token",
        lambda wire, token: wire.ask("GET", f"{ORGANIZATION}/brands?limit=100&token=2", token),
    ),
    "no storeId": ("connection.store_id", lambda wire, token: wire.ask("POST", CONNECTION, token, json={})),
    "a number for a storeId": (
        "connection.store_id",
        lambda wire, token: wire.ask("POST", CONNECTION, token, json={"storeId": 42}),
    ),
    "a list for an object": (
        "connection.request_body",
        lambda wire, token: wire.ask("POST", CONNECTION, token, json=["kitchen"]),
    ),
    "Otter's id for one's own": (
        "connection.ids_apart",
        lambda wire, token: wire.ask("POST", CONNECTION, token, json={"storeId": STORES[0]}),
    ),
    "half a body": (
        "request.json",
        lambda wire, token: wire.ask(
            "POST", CONNECTION, token, data=b'{"storeId":', headers={"Content-Type": "application/json"}
        ),
    ),
    "a form": ("request.content_type", lambda wire, token: wire.ask("POST", CONNECTION, token, data={"storeId": "a"})),
    "one's own id in the path": (
        "store.otters_id",
        lambda wire, token: wire.ask("GET", f"{ORGANIZATION}/brands/{BRAND}/stores/kitchen-42", token),
    ),
}
"""What a client sends with a good token, each with the requirement that it breaks."""

ADDRESSED_WRONGLY: Mapping[str, tuple[list[str], tuple[str, str], str]] = {
    "no organization.read": (["organization.service_integration"], ("GET", ORGANIZATION), "access.read"),
    "no organization.service_integration": (["organization.read"], ("GET", CONNECTION), "access.service_integration"),
}
"""The scopes that a client asked for, the request that they do not allow, the requirement that it breaks."""
