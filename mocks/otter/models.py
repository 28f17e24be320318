"""What the provider keeps: applications, users, organizations, permissions, tokens. Knows no time, chance or HTTP."""

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
    """Somebody who can let an application act for them; part of one organization."""

    id: str
    name: str
    email: str
    organization: str


@dataclass(frozen=True, slots=True)
class SeedSettings:
    """How the authorization page, lifetimes and limits behave; documented in the seed data's schema."""

    consent: str
    consent_user: str | None
    consent_lifetime_s: float
    code_lifetime_s: float
    token_lifetime_s: int
    refuse_otter_store_id: bool
    rate_limits: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class SeedData:
    """The seed data of a workspace. It reads each part only when it is asked for."""

    raw: Json

    def client(self, client_id: str, role: str) -> Client | None:
        """The application to which a credential's role belongs."""
        found = next((each for each in self.raw["clients"] if each["role"] == role), None)
        if found is None:
            return None
        return Client(client_id, role, found["name"], tuple(found["redirect_uris"]), frozenset(found["scopes"]))

    @property
    def users(self) -> Iterable[User]:
        """Everybody who can give a permission."""
        return (User(**each) for each in self.raw["users"])

    def user(self, user_id: str | None) -> User | None:
        """The user of that id."""
        return next((each for each in self.users if each.id == user_id), None)

    def organization(self, organization_id: str) -> Json | None:
        """The organization of that id, as the seed data has it."""
        return next((each for each in self.raw["organizations"] if each["id"] == organization_id), None)

    @property
    def settings(self) -> SeedSettings:
        """How things behave."""
        return SeedSettings(**self.raw["settings"])


@dataclass(frozen=True, slots=True)
class Ticket:
    """
    A question that the authorization page asks.

    Args:
        client_id: Who wants to act for the user.
        redirect_uri: Where the browser goes with the answer.
        scopes: What is asked for, in the order asked.
        state: The application's own word, returned unmodified.
        challenge: Of PKCE, or None.
        expires_us: When it can no longer be answered, in microseconds since 1970.
        browser: Digest of the cookie of the browser that was asked.
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
        """A ticket as the store keeps it."""
        return cls(**{**value, "scopes": tuple(value["scopes"])})


@dataclass(frozen=True, slots=True)
class Code:
    """
    A user's permission, to be exchanged once.

    Args:
        client_id: Whom it was issued to.
        redirect_uri: Where it was sent.
        scopes: What the user granted.
        user: Whose permission it is.
        challenge: Of PKCE, or None.
        expires_us: When it can no longer be exchanged, in microseconds since 1970.
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
        """A code as the store keeps it."""
        return cls(**{**value, "scopes": tuple(value["scopes"])})

    def exchanged(self, token: str) -> Self:
        """The same code, used up."""
        return replace(self, token=token)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """
    What a bearer may do.

    Args:
        client_id: Whom it was issued to.
        user: For whom it acts, or None for a token of client credentials.
        scopes: What it may do, in the order asked.
        expires_us: When it ends, in microseconds since 1970.
        is_revoked: Whether it was revoked before.
    """

    client_id: str
    user: str | None
    scopes: tuple[str, ...]
    expires_us: int
    is_revoked: bool = False

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """A token as the store keeps it."""
        return cls(**{**value, "scopes": tuple(value["scopes"])})

    def revoked(self) -> Self:
        """The same token, of no use any more."""
        return replace(self, is_revoked=True)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a request to an organization endpoint acts for, and through which application."""

    client_id: str
    user: User
