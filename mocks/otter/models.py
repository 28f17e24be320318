"""The provider's records: applications, users, organizations, permissions, tokens."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

__all__ = [
    "CLIENT_SCOPES",
    "READ",
    "SERVICE_INTEGRATION",
    "USER_SCOPES",
    "AccessToken",
    "Client",
    "Code",
    "Principal",
    "SeedData",
    "SeedSettings",
    "Ticket",
    "User",
]

Json = Mapping[str, Any]

READ = "organization.read"
SERVICE_INTEGRATION = "organization.service_integration"
USER_SCOPES = frozenset({READ, SERVICE_INTEGRATION})
CLIENT_SCOPES = frozenset(
    {
        "callback.error.write",
        "catalog",
        "delivery.provider",
        "direct.orders",
        "finance",
        "manager.loyalty",
        "manager.menus",
        "manager.orders",
        "manager.storefront",
        "menus.async_job.read",
        "menus.entity_suspension",
        "menus.get_current",
        "menus.publish",
        "menus.read",
        "menus.upsert",
        "menus.upsert_hours",
        "orders.create",
        "orders.read",
        "orders.update",
        "ping",
        "reports.generate_report",
        "reviews.reply",
        "store.read",
        "storefront.store_availability",
        "storefront.store_hours_configuration",
        "storefront.store_pause_unpause",
        "stores.manage",
    }
)


@dataclass(frozen=True, slots=True)
class Client:
    """
    A partner's application.

    Args:
        id: The client id, a UUID.
        role: Which application of the seed data it is.
        name: For people.
        redirect_uris: Where a browser may be sent.
        scopes: What is enabled for it, of both flows.
    """

    id: str
    role: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who can give an application permission; member of one organization."""

    id: str
    name: str
    email: str
    organization: str


@dataclass(frozen=True, slots=True)
class SeedSettings:
    """Consent, lifetimes and limits; documented in the seed data's schema."""

    consent: str
    consent_user: str | None
    consent_lifetime_s: float
    code_lifetime_s: float
    token_lifetime_s: int
    refuse_otter_store_id: bool
    rate_limits: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class SeedData:
    """The seed data of a workspace, each part parsed when it is read."""

    raw: Json

    def client(self, client_id: str, role: str) -> Client | None:
        """The application to which a credential's role belongs."""
        found = next((each for each in self.raw["clients"] if each["role"] == role), None)
        if found is None:
            return None
        return Client(client_id, role, found["name"], tuple(found["redirect_uris"]), frozenset(found["scopes"]))

    @property
    def users(self) -> Iterable[User]:
        return (User(**each) for each in self.raw["users"])

    def user(self, user_id: str | None) -> User | None:
        return next((each for each in self.users if each.id == user_id), None)

    def organization(self, organization_id: str) -> Json | None:
        return next((each for each in self.raw["organizations"] if each["id"] == organization_id), None)

    @property
    def settings(self) -> SeedSettings:
        return SeedSettings(**self.raw["settings"])


@dataclass(frozen=True, slots=True)
class Ticket:
    """
    A pending consent request: what the authorization page asks.

    Args:
        client_id: The application that requests permission.
        redirect_uri: Where the browser is redirected with the answer.
        scopes: The requested scopes, in their order.
        state: The application's own value, returned unmodified.
        challenge: Of PKCE, or None.
        expires_us: End of validity, in microseconds since 1970.
        browser: Digest of the cookie of the browser that may answer.
    """

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    challenge: str | None
    expires_us: int = 0
    browser: str = ""

    @classmethod
    def from_json(cls, value: Json) -> Self:
        return cls(**{**value, "scopes": tuple(value["scopes"])})


@dataclass(frozen=True, slots=True)
class Code:
    """
    An authorization code: a user's permission, exchanged for a token once.

    Args:
        client_id: The application that it was issued to.
        redirect_uri: The redirect URI of the request.
        scopes: The granted scopes.
        user: The user who granted them.
        challenge: Of PKCE, or None.
        expires_us: End of validity, in microseconds since 1970.
        token: Digest of the token that it was exchanged for, or None while it was not.
    """

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    user: str
    challenge: str | None
    expires_us: int
    token: str | None = None

    @classmethod
    def from_json(cls, value: Json) -> Self:
        return cls(**{**value, "scopes": tuple(value["scopes"])})

    def exchanged(self, token: str) -> Self:
        """The code, marked as exchanged for a token."""
        return replace(self, token=token)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """
    A token's client, user, scopes and lifetime.

    Args:
        client_id: The application that it was issued to.
        user: The user it acts for, or None for a token of client credentials.
        scopes: Its scopes, in the requested order.
        expires_us: End of validity, in microseconds since 1970.
        is_revoked: Whether it was revoked before.
    """

    client_id: str
    user: str | None
    scopes: tuple[str, ...]
    expires_us: int
    is_revoked: bool = False

    @classmethod
    def from_json(cls, value: Json) -> Self:
        return cls(**{**value, "scopes": tuple(value["scopes"])})

    def revoked(self) -> Self:
        return replace(self, is_revoked=True)


@dataclass(frozen=True, slots=True)
class Principal:
    """The user that a request acts for, and the application."""

    client_id: str
    user: User
