"""
Validates requests for a card, checks access, and builds the card. Pure functions.

Each rule yields the first error of its parameter; ``validate`` lists the errors of all, in the order of the page.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flowproof.conformance import Finding

from .emails import is_email
from .errors import NO_PURCHASE, NOT_ACTIVATED, AccessDenied, ParameterError
from .models import TEXTS, Application, Card, Company, Manager, Sku, Window

__all__ = [
    "CardRequest",
    "buy",
    "check_activated",
    "check_manager",
    "check_purchase",
    "expiration",
    "validate",
    "window",
]

Json = Mapping[str, Any]

YEARS = 5
FORMAT = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CardRequest:
    """
    A request for a card.

    Args:
        parameters: Those of the body that are not null.
        application: The application of the ``app_token``, or None.
        skus: Codes of the flow cards that the application can buy.
        sku_exists: Whether any application can buy the ``sku``.
        days: The days on which a card may expire.
    """

    parameters: Json
    application: Application | None
    skus: Collection[str]
    sku_exists: bool
    days: Window


def parameters_of(body: Any) -> dict[str, Any]:
    """The body's parameters that are not null; none where the body is not an object (both inferred)."""
    return {name: value for name, value in body.items() if value is not None} if isinstance(body, dict) else {}


def today(now: datetime, zone: ZoneInfo) -> date:
    """The day in a time zone; in UTC where the zone would leave the calendar of `datetime`."""
    try:
        return now.astimezone(zone).date()
    except OverflowError:
        return now.date()


def window(day: date) -> Window:
    """
    The days on which a card may expire: tomorrow to five years after today.

    Source:
        Seed 003, Parameters. Inferred: five years after 29 February is 1 March, as PHP adds years, and the calendar
        ends with the year 9999.
    """
    tomorrow = day + timedelta(days=1) if day < date.max else date.max
    return Window(tomorrow, _five_years_on(day))


def _five_years_on(day: date) -> date:
    if day.year + YEARS > date.max.year:
        return date.max
    try:
        return day.replace(year=day.year + YEARS)
    except ValueError:  # 29 February; five years on is never a leap year
        return date(day.year + YEARS, 3, 1)


def validate(request: CardRequest) -> tuple[ParameterError, ...]:
    """All errors of a request, at most one for each parameter."""
    rules = (app_token_known, sku_available, expiration_in_window, email_valid, texts_are_texts)
    return tuple(error for rule in rules for error in rule(request))


def app_token_known(request: CardRequest) -> Iterator[ParameterError]:
    """The application is named, and exists."""
    if request.parameters.get("app_token", "") == "":
        yield _required("app_token", request)
    elif request.application is None:
        yield _invalid("app_token", "the token of an application", request, "invalid")


def sku_available(request: CardRequest) -> Iterator[ParameterError]:
    """The flow card is named, exists, and can be bought for the application."""
    sku = request.parameters.get("sku", "")
    if sku == "":
        yield _required("sku", request)
    elif request.application is None:
        if not request.sku_exists:
            yield _invalid("sku", "the sku of a flow card", request, "invalid")
    elif not isinstance(sku, str) or sku not in request.skus:
        yield _invalid("sku", "a sku of the application", request, "available" if request.sku_exists else "invalid")


def expiration_in_window(request: CardRequest) -> Iterator[ParameterError]:
    """
    The day of expiry has the right form, exists, and is in the window: checked in this order (inferred).

    Source:
        Seed 003, Parameters and Possible error responses.
    """
    if "expiration_date" not in request.parameters:
        return
    value, days = request.parameters["expiration_date"], request.days
    if not isinstance(value, str) or not FORMAT.fullmatch(value):
        message = "The expiration_date format should be YYYY-mm-dd."
        yield _expiration("format", message, "text in the form YYYY-mm-dd", value)
    elif (day := _in_calendar(value)) is None:
        yield _expiration("invalid", "The expiration_date is invalid.", "a date of the calendar", value)
    elif day < days.first:
        message = f"The minimum expiration_date should be {days.first.isoformat()}."
        yield _expiration("minimum", message, f"{days.first.isoformat()} or later", value)
    elif day > days.last:
        message = f"The maximum expiration_date should be {days.last.isoformat()}."
        yield _expiration("maximum", message, f"{days.last.isoformat()} or earlier", value)


def _in_calendar(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def email_valid(request: CardRequest) -> Iterator[ParameterError]:
    """``recipient_email``, where it is sent, is an e-mail address."""
    value = request.parameters.get("recipient_email")
    if value is not None and not (isinstance(value, str) and is_email(value)):
        yield _invalid("recipient_email", "an e-mail address", request, "invalid")


def texts_are_texts(request: CardRequest) -> Iterator[ParameterError]:
    """The other parameters, where they are sent, are texts of any content. The error message is inferred."""
    for name in ("recipient_name", "from", "message"):
        if not isinstance(request.parameters.get(name, ""), str):
            yield _invalid(name, "text", request, "invalid")


def check_manager(manager: Manager, application: Application, requirement: str) -> None:
    """
    The token's manager manages the application's company.

    Raises:
        AccessDenied: The manager does not.
    """
    if application.company not in manager.companies:
        raise AccessDenied([_denied("a manager of the application", "a manager of others", requirement)])


def check_purchase(company: Company | None, requirement: str) -> None:
    """
    The company's checkbox "Allow Flow gift card purchase" is on.

    Raises:
        AccessDenied: The checkbox is off.
    """
    if company is None or not company.flow_card_purchase:
        finding = _denied("a company that may purchase flow gift cards", "one that may not", requirement)
        raise AccessDenied([finding], message=NO_PURCHASE)


def check_activated(company: Company | None, requirement: str) -> None:
    """
    The company is activated for production.

    Raises:
        AccessDenied: The company is not.
    """
    if company is None or not company.activated:
        finding = _denied("a company that is activated", "one that is not", requirement)
        raise AccessDenied([finding], message=NOT_ACTIVATED)


def expiration(parameters: Json, days: Window) -> date:
    """The day on which a card expires: the requested one, or by default the last day of the window."""
    requested = parameters.get("expiration_date")
    return days.last if requested is None else date.fromisoformat(requested)


def buy(request: CardRequest, application: Application, sku: Sku, *, card_id: str, suffix: str) -> Card:
    """
    The card that a valid request buys.

    Args:
        request: Without errors.
        application: The buyer.
        sku: The flow card that is bought.
        card_id: Digits.
        suffix: Eight hexadecimal digits that end the card's code.
    """
    return Card(
        id=card_id,
        code=f"{application.number}-{sku.code}-{sku.short_amount}-{suffix}",
        sku=sku,
        expires_on=expiration(request.parameters, request.days),
        texts={name: request.parameters.get(name) for name in TEXTS},
    )


def _required(name: str, request: CardRequest) -> ParameterError:
    got = "an empty text" if name in request.parameters else "nothing"
    return ParameterError(name, f"The {name} is required.", "a value", got, f"dots_eco.flow_card.{name}.required")


def _invalid(name: str, expected: str, request: CardRequest, requirement: str) -> ParameterError:
    got = _shown(request.parameters[name])
    return ParameterError(name, f"The {name} is invalid.", expected, got, f"dots_eco.flow_card.{name}.{requirement}")


def _expiration(requirement: str, message: str, expected: str, value: Any) -> ParameterError:
    return ParameterError(
        "expiration_date", message, expected, _shown(value), f"dots_eco.flow_card.expiration.{requirement}"
    )


def _denied(expected: str, got: str, requirement: str) -> Finding:
    return Finding("request", "", expected, got, requirement)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
