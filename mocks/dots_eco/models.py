"""The provider's records: managers with their tokens, companies, applications, flow cards on offer, cards bought."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Self
from zoneinfo import ZoneInfo

__all__ = ["Application", "Card", "Company", "Manager", "SeedData", "Sku", "Token", "Window"]

Json = Mapping[str, Any]

TEXTS = ("recipient_email", "recipient_name", "from", "message")


@dataclass(frozen=True, slots=True)
class Token:
    """A credential of a manager; ``access`` has ``read``, ``write`` or both."""

    role: str
    access: frozenset[str]


@dataclass(frozen=True, slots=True)
class Manager:
    """Somebody who manages every application of some companies."""

    name: str
    companies: frozenset[str]
    tokens: tuple[Token, ...]

    @classmethod
    def from_json(cls, value: Json) -> Self:
        tokens = tuple(Token(each["role"], frozenset(each["access"])) for each in value["tokens"])
        return cls(value["name"], frozenset(value["companies"]), tokens)


@dataclass(frozen=True, slots=True)
class Company:
    """
    An account with the provider.

    Args:
        name: As applications and managers refer to it.
        flow_card_purchase: The checkbox "Allow Flow gift card purchase".
        activated: Activated for production requests.
    """

    name: str
    flow_card_purchase: bool
    activated: bool


@dataclass(frozen=True, slots=True)
class Application:
    """An application of a company; cards are bought on its account."""

    app_token: str
    company: str
    balance: float

    @property
    def number(self) -> str:
        """The part of its token before the hyphen."""
        return self.app_token.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Sku:
    """
    A flow card that can be bought.

    Args:
        code: The ``sku``.
        title: Its name.
        amount: Text with two decimals, such as ``10.30``.
        redeem_url: Where it is redeemed.
        card_image: Its picture's URL.
        redeem_instructions: How it is redeemed.
        applications: Tokens of the applications that can buy it.
    """

    code: str
    title: str
    amount: str
    redeem_url: str
    card_image: str
    redeem_instructions: str
    applications: frozenset[str]

    @classmethod
    def from_json(cls, value: Json) -> Self:
        rest = {name: value[name] for name in ("title", "amount", "redeem_url", "card_image", "redeem_instructions")}
        return cls(value["sku"], **rest, applications=frozenset(value["applications"]))

    @property
    def short_amount(self) -> str:
        """The amount without trailing zeros, as a card's code has it: ``10.3``."""
        return f"{Decimal(self.amount).normalize():f}"

    def listed(self) -> dict[str, str]:
        """The flow card as the list shows it, in the documented order."""
        return {
            "title": self.title,
            "sku": self.code,
            "redeem_url": self.redeem_url,
            "card_image": self.card_image,
            "redeem_instructions": self.redeem_instructions,
        }


@dataclass(frozen=True, slots=True)
class Window:
    """The days on which a card may expire, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Card:
    """
    A card that was bought.

    Args:
        id: Digits.
        code: What its recipient redeems.
        sku: What was bought.
        expires_on: Its last day.
        texts: ``recipient_email``, ``recipient_name``, ``from`` and ``message`` as sent, None where they were not.
    """

    id: str
    code: str
    sku: Sku
    expires_on: date
    texts: Mapping[str, str | None]

    def to_json(self) -> dict[str, str | None]:
        """
        The card as its answer shows it, in the documented order.

        Source:
            Seed 003, Example response.
        """
        return {
            "sku": self.sku.code,
            "title": self.sku.title,
            "redeem_url": self.sku.redeem_url,
            "card_image": self.sku.card_image,
            "redeem_instructions": self.sku.redeem_instructions,
            "code": self.code,
            "card_id": self.id,
            "amount": self.sku.amount,
            "expiration_date": f"{self.expires_on.isoformat()} 00:00:00",
            **{name: self.texts[name] for name in TEXTS},
        }


@dataclass(frozen=True, slots=True)
class SeedData:
    """The seed data of a workspace, each part parsed when it is read."""

    raw: Json

    @property
    def managers(self) -> Iterator[Manager]:
        return (Manager.from_json(each) for each in self.raw["managers"])

    @property
    def tokens(self) -> Iterator[Token]:
        """The tokens of all managers."""
        return (token for manager in self.managers for token in manager.tokens)

    def holder(self, role: str) -> tuple[Manager, Token] | None:
        """The manager who has the token of a credential's role, with that token."""
        holders = ((manager, token) for manager in self.managers for token in manager.tokens)
        return next((each for each in holders if each[1].role == role), None)

    def application(self, app_token: object) -> Application | None:
        """The application of a token, which may be any JSON value."""
        found = next((each for each in self.raw["applications"] if each["app_token"] == app_token), None)
        return Application(**found) if found else None

    def company(self, name: str) -> Company | None:
        found = next((each for each in self.raw["companies"] if each["name"] == name), None)
        return Company(**found) if found else None

    def skus_of(self, application: Application) -> tuple[Sku, ...]:
        """The flow cards that an application can buy."""
        found = (Sku.from_json(each) for each in self.raw["skus"])
        return tuple(sku for sku in found if application.app_token in sku.applications)

    def has_sku(self, code: object) -> bool:
        """Whether any application can buy a flow card of that code, which may be any JSON value."""
        return any(each["sku"] == code for each in self.raw["skus"])

    @property
    def time_zone(self) -> ZoneInfo:
        """The time zone of the provider's days."""
        return ZoneInfo(self.raw["settings"]["time_zone"])
