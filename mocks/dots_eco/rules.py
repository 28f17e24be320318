"""
What makes a request for a card acceptable, who may ask for what, and what a card is. Pure functions.

Each rule yields the first fault of a parameter; ``judge`` tells those of all parameters in the order of the page.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flowproof.conformance import Finding

from .emails import is_email
from .errors import NO_PURCHASE, NOT_ACTIVATED, AccessDenied, Fault
from .models import TEXTS, Application, Card, Company, Manager, Sku, Window

__all__ = ["Case", "bought", "check_activated", "check_manager", "check_purchase", "expiration", "judge", "window"]

Json = Mapping[str, Any]

YEARS = 5
FORMAT = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Case:
    """
    A request for a card, to be judged.

    Args:
        parameters: Those of the body that are provided: not null.
        application: That of the ``app_token``, if there is one.
        skus: Codes of the flow cards that are available for it.
        taken: Whether the ``sku`` is one of another application.
        days: When a card may expire.
    """

    parameters: Json
    application: Application | None
    skus: Collection[str]
    taken: bool
    days: Window


def provided(body: Any) -> dict[str, Any]:
    """The parameters that a body provides: null is none, and what is no object provides nothing (both inferred)."""
    return {name: value for name, value in body.items() if value is not None} if isinstance(body, dict) else {}


def today(now: datetime, zone: ZoneInfo) -> date:
    """The day in a time zone; at the very ends of the calendar, where no zone can be told, that of UTC."""
    try:
        return now.astimezone(zone).date()
    except OverflowError:
        return now.date()


def window(day: date) -> Window:
    """
    When a card may expire that is asked for on a day: from tomorrow to five years on.

    Source:
        Seed 003, Parameters. That five years from 29 February are 1 March is inferred: so PHP adds years. The calendar
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


def judge(case: Case) -> tuple[Fault, ...]:
    """Everything that keeps a card from being made, one fault a parameter."""
    rules = (app_token_known, sku_available, expiration_in_window, email_valid, texts_are_texts)
    return tuple(fault for rule in rules for fault in rule(case))


def app_token_known(case: Case) -> Iterator[Fault]:
    """The application is named, and exists."""
    if case.parameters.get("app_token", "") == "":
        yield _required("app_token", case)
    elif case.application is None:
        yield _invalid("app_token", "the token of an application", case, "invalid")


def sku_available(case: Case) -> Iterator[Fault]:
    """The flow card is named, exists, and can be bought for the application."""
    sku = case.parameters.get("sku", "")
    if sku == "":
        yield _required("sku", case)
    elif case.application is None:
        if not case.taken:
            yield _invalid("sku", "the sku of a flow card", case, "invalid")
    elif not isinstance(sku, str) or sku not in case.skus:
        yield _invalid("sku", "a sku of the application", case, "available" if case.taken else "invalid")


def expiration_in_window(case: Case) -> Iterator[Fault]:
    """
    The day of expiry is written as asked, in the calendar, and in the window: in this order (inferred).

    Source:
        Seed 003, Parameters and Possible error responses.
    """
    if "expiration_date" not in case.parameters:
        return
    given, days = case.parameters["expiration_date"], case.days
    if not isinstance(given, str) or not FORMAT.fullmatch(given):
        message = "The expiration_date format should be YYYY-mm-dd."
        yield _expiration("format", message, "text in the form YYYY-mm-dd", given)
    elif (day := _in_calendar(given)) is None:
        yield _expiration("invalid", "The expiration_date is invalid.", "a date of the calendar", given)
    elif day < days.first:
        message = f"The minimum expiration_date should be {days.first.isoformat()}."
        yield _expiration("minimum", message, f"{days.first.isoformat()} or later", given)
    elif day > days.last:
        message = f"The maximum expiration_date should be {days.last.isoformat()}."
        yield _expiration("maximum", message, f"{days.last.isoformat()} or earlier", given)


def _in_calendar(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def email_valid(case: Case) -> Iterator[Fault]:
    """The recipient's address is one, where it is given."""
    given = case.parameters.get("recipient_email")
    if given is not None and not (isinstance(given, str) and is_email(given)):
        yield _invalid("recipient_email", "an e-mail address", case, "invalid")


def texts_are_texts(case: Case) -> Iterator[Fault]:
    """The other parameters are texts, where they are given: any text. The message for others is inferred."""
    for name in ("recipient_name", "from", "message"):
        if not isinstance(case.parameters.get(name, ""), str):
            yield _invalid(name, "text", case, "invalid")


def check_manager(manager: Manager, application: Application, requirement: str) -> None:
    """
    Only a manager of the application's company may ask.

    Raises:
        AccessDenied: It is somebody else.
    """
    if application.company not in manager.companies:
        raise AccessDenied([_denied("a manager of the application", "a manager of others", requirement)])


def check_purchase(company: Company | None, requirement: str) -> None:
    """
    The company's checkbox "Allow Flow gift card purchase" must be on.

    Raises:
        AccessDenied: It is off.
    """
    if company is None or not company.flow_card_purchase:
        finding = _denied("a company that may purchase flow gift cards", "one that may not", requirement)
        raise AccessDenied([finding], message=NO_PURCHASE)


def check_activated(company: Company | None, requirement: str) -> None:
    """
    The company must be activated for production.

    Raises:
        AccessDenied: It is not.
    """
    if company is None or not company.activated:
        finding = _denied("a company that is activated", "one that is not", requirement)
        raise AccessDenied([finding], message=NOT_ACTIVATED)


def expiration(parameters: Json, days: Window) -> date:
    """The day on which a card expires: the one asked for, or the last that could be."""
    given = parameters.get("expiration_date")
    return days.last if given is None else date.fromisoformat(given)


def bought(case: Case, application: Application, sku: Sku, *, card_id: str, suffix: str) -> Card:
    """
    The card that an acceptable request buys.

    Args:
        case: The request, without fault.
        application: For which it is bought.
        sku: What is bought.
        card_id: Digits.
        suffix: Eight hexadecimal digits, the end of its code.
    """
    return Card(
        id=card_id,
        code=f"{application.number}-{sku.code}-{sku.short_amount}-{suffix}",
        sku=sku,
        expires_on=expiration(case.parameters, case.days),
        texts={name: case.parameters.get(name) for name in TEXTS},
    )


def _required(name: str, case: Case) -> Fault:
    got = "an empty text" if name in case.parameters else "nothing"
    return Fault(name, f"The {name} is required.", "a value", got, f"dots_eco.flow_card.{name}.required")


def _invalid(name: str, expected: str, case: Case, requirement: str) -> Fault:
    got = _shown(case.parameters[name])
    return Fault(name, f"The {name} is invalid.", expected, got, f"dots_eco.flow_card.{name}.{requirement}")


def _expiration(requirement: str, message: str, expected: str, given: Any) -> Fault:
    return Fault("expiration_date", message, expected, _shown(given), f"dots_eco.flow_card.expiration.{requirement}")


def _denied(expected: str, got: str, requirement: str) -> Finding:
    return Finding("request", "", expected, got, requirement)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
